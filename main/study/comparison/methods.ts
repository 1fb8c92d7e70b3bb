/**
 * The methods of the comparison in the cell, as data. All get the same demonstrations and the same numbers of corrected
 * episodes and offline updates, except where the title says otherwise.
 */
import type { HilPlan } from '../hil/hil-state.ts';

/** Encoders that are compared with the one that ships. Each is made for its session. */
export const ENCODER_KINDS = ['random', 'raw-pixels', 'own-episodes', 'general-random'] as const;
export type EncoderKind = (typeof ENCODER_KINDS)[number];

export interface Method {
  readonly title: string;
  readonly plan: Partial<Pick<HilPlan, 'algorithm' | 'preset' | 'scratch' | 'settings' | 'observation' | 'encoder'>>;
  /** Factor on the common number of demonstrations. */
  readonly demonstrations?: number;
  /** Without an online stage. */
  readonly offlineOnly?: boolean;
  readonly encoder?: EncoderKind;
}

/** Critic updates of every offline stage on the common demonstrations; imitation makes as many updates. */
export const OFFLINE_UPDATES = 1000;
const MORE_DEMONSTRATIONS = 5;
const offline = { offlineSteps: OFFLINE_UPDATES };
/** The same number of critic updates, for presets that make two with each update of the actor. */
const offlineInPairs = { offlineSteps: OFFLINE_UPDATES / 2 };

/** The reference for floors, the Cal-QL term and averaging: α does not decay, and η is lower. */
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
  'conrft-state': {
    title: 'ConRFT cell, control: sees the simulator’s state',
    plan: { observation: 'state', settings: offline },
  },
  'conrft-blind': {
    title: 'ConRFT cell, control: sees neither pictures nor state',
    plan: { observation: 'blind', settings: offline },
  },
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
  'conrft-trunk': {
    title: 'ConRFT cell, spatial embeddings on the trunk that ships',
    plan: { settings: offline, encoder: 'trunk' },
  },
  general: {
    title: 'ConRFT cell, spatial embeddings on the general encoder',
    plan: { settings: offline, encoder: 'general' },
  },
  'general-random': {
    title: 'the same, its network with random weights',
    plan: { settings: offline },
    encoder: 'general-random',
  },
  'encoder-own': {
    title: 'ConRFT cell, encoder trained on the demonstrations at hand',
    plan: { settings: offline },
    encoder: 'own-episodes',
  },
} as const satisfies Record<string, Method>;
export type MethodName = keyof typeof METHODS;
// Object.keys loses the type of the literal's keys.
export const methodNames = Object.keys(METHODS) as MethodName[];
