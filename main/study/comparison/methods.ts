/**
 * The sessions of a comparison in the cell, as data. All get the same demonstrations, the same number of corrected episodes and of offline
 * updates; what differs is named in the title.
 */
import type { HilPlan } from '../hil/hil-state.ts';

/** Encoders that are compared with the one that ships; made for the session where they are asked for. */
export const ENCODER_KINDS = ['random', 'raw-pixels', 'own-episodes'] as const;
export type EncoderKind = (typeof ENCODER_KINDS)[number];

export interface Method {
  readonly title: string;
  readonly plan: Partial<Pick<HilPlan, 'algorithm' | 'preset' | 'scratch' | 'settings' | 'observation' | 'encoder'>>;
  /** Times the common number of demonstrations. */
  readonly demonstrations?: number;
  /** Only the offline stage. */
  readonly offlineOnly?: boolean;
  readonly encoder?: EncoderKind;
}

/** Critic updates (of imitation: updates) of every offline stage on the common demonstrations. */
export const OFFLINE_UPDATES = 1000;
const MORE_DEMONSTRATIONS = 5;
const offline = { offlineSteps: OFFLINE_UPDATES };
/** As many critic updates, where two of them go with one of the actor. */
const offlineInPairs = { offlineSteps: OFFLINE_UPDATES / 2 };

/** What floors, the Cal-QL term and averaging are compared with: α stays, and η is less. */
const constant = { ...offline, alphaDecayUpdates: 0, online: { eta: 0.3 } };

export const METHODS = {
  'hg-dagger': { title: 'Imitation (SFT → HG-DAgger)', plan: { algorithm: 'imitation', settings: offline } },
  'sft-5x': {
    title: 'Imitation on five times the demonstrations',
    plan: { algorithm: 'imitation', settings: { offlineSteps: MORE_DEMONSTRATIONS * OFFLINE_UPDATES } },
    demonstrations: MORE_DEMONSTRATIONS,
    offlineOnly: true,
  },
  'cal-ql': { title: 'Cal-QL alone', plan: { algorithm: 'cal-ql', settings: offline }, offlineOnly: true },
  'hil-serl': {
    title: 'HIL-SERL from scratch, preset released-code',
    plan: { algorithm: 'hil-serl', preset: 'released-code', scratch: true },
  },
  'hil-serl-floor': {
    title: 'HIL-SERL from scratch, preset cell (floor cut at takeovers)',
    plan: { algorithm: 'hil-serl', scratch: true },
  },
  rlpd: {
    title: 'RLPD from scratch, preset cell (floor cut at takeovers)',
    plan: { algorithm: 'rlpd', scratch: true },
  },
  'conrft-cell': { title: 'ConRFT, preset cell (floor uncut)', plan: { settings: offline } },
  'conrft-paper': { title: 'ConRFT, preset paper', plan: { preset: 'paper', settings: offlineInPairs } },
  'conrft-code': { title: 'ConRFT, preset released-code', plan: { preset: 'released-code', settings: offlineInPairs } },
  'floor-uncut': { title: 'ConRFT cell, α and η constant', plan: { settings: constant } },
  'floor-cut': {
    title: 'the same, floor cut at takeovers',
    plan: { settings: { ...constant, mcFloor: 'cut' } },
  },
  'floor-off': { title: 'the same, no floor', plan: { settings: { ...constant, mcFloor: 'off' } } },
  'n-step-5': {
    title: 'the same, 5-step returns instead of the floor',
    plan: { settings: { ...constant, mcFloor: 'off', nStep: 5 } },
  },
  'cal-ql-off': {
    title: 'the same, no Cal-QL term',
    plan: { settings: { ...constant, offline: { alpha: 0 }, online: { eta: 0.3, alpha: 0 } } },
  },
  'average-off': {
    title: 'the same, the newest weights act',
    plan: { settings: { ...constant, averageTau: 1 } },
  },
  'encoder-random': { title: 'ConRFT cell, frozen random features', plan: { settings: offline }, encoder: 'random' },
  'encoder-raw': {
    title: 'ConRFT cell, 16-pixel pictures as they are',
    plan: { settings: offline },
    encoder: 'raw-pixels',
  },
  'hil-serl-raw': {
    title: 'HIL-SERL from scratch, released-code, 16-pixel pictures as they are',
    plan: { algorithm: 'hil-serl', preset: 'released-code', scratch: true },
    encoder: 'raw-pixels',
  },
  'hil-serl-trunk': {
    title: 'HIL-SERL from scratch, released-code, spatial embeddings on the trunk that ships',
    plan: { algorithm: 'hil-serl', preset: 'released-code', scratch: true, encoder: 'trunk' },
  },
  'encoder-own': {
    title: 'ConRFT cell, encoder trained on the demonstrations at hand',
    plan: { settings: offline },
    encoder: 'own-episodes',
  },
} as const satisfies Record<string, Method>;
export type MethodName = keyof typeof METHODS;
export const methodNames = Object.keys(METHODS) as MethodName[]; // the keys of the literal
