/**
 * The comparison of methods in the cell, as data: which sessions there are, what each is begun with, and the table of their results.
 * All get the same demonstrations, the same number of corrected episodes and of offline updates; what differs is named in the row.
 * The table has the shape of ConRFT's (Chen et al. 2025, table I): success, episode length, minutes, interventions.
 */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { HilResult } from './hil.ts';
import type { HilPlan, HilRound } from './hil-state.ts';
import { wilson95 } from './wilson.ts';

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
    title: 'HIL-SERL from scratch, preset cell (with the floor)',
    plan: { algorithm: 'hil-serl', scratch: true },
  },
  rlpd: { title: 'RLPD from scratch', plan: { algorithm: 'rlpd', scratch: true } },
  'conrft-cell': { title: 'ConRFT, preset cell', plan: { settings: offline } },
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

const measuredSchema = z.object({
  successRate: z.number(),
  ci95: z.tuple([z.number(), z.number()]),
  meanSteps: z.number(),
});
const resultSchema = z.object({
  method: z.string(),
  seed: z.int(),
  demos: z.int(),
  episodes: z.int(),
  /** On the report seeds. */
  offline: measuredSchema.optional(),
  final: measuredSchema.optional(),
  /** Of the training episodes, by round. */
  interventionRates: z.array(z.number()),
  /** On the selection seeds, by round. */
  curve: z.array(z.object({ episodes: z.int(), successRate: z.number(), meanSteps: z.number() })),
  minutes: z.number(),
  evaluationNoiseStd: z.number(),
});
export type MethodResult = z.infer<typeof resultSchema>;

export function resultOfMethod(
  key: Pick<MethodResult, 'method' | 'seed' | 'demos' | 'episodes' | 'evaluationNoiseStd'>,
  { rounds, wallSec }: HilResult,
): MethodResult {
  const measured = ({ successRate, ci95: [low, high], meanSteps }: HilRound): z.infer<typeof measuredSchema> => ({
    successRate,
    ci95: [low, high],
    meanSteps,
  });
  const report = rounds.find(({ name }) => name === 'report');
  const offlineReport = rounds.find(({ name }) => name.startsWith('report of'));
  const online = rounds.filter(({ name }) => name.startsWith('online'));
  const chosen = rounds.filter(({ name }) => !name.startsWith('report'));
  return {
    ...key,
    ...(offlineReport && { offline: measured(offlineReport) }),
    ...(report && online.length > 0 && { final: measured(report) }),
    interventionRates: online.map(({ interventionRate }) => interventionRate),
    curve: chosen.map(({ episodes, successRate, meanSteps }) => ({ episodes, successRate, meanSteps })),
    minutes: wallSec / 60,
  };
}

/** What a results file holds, one line per finished session. Throws where a line is not one of ours. */
export function readResults(path: string): MethodResult[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      const parsed = resultSchema.safeParse(JSON.parse(line));
      if (!parsed.success)
        throw new Error(
          `${path}, line ${index + 1} is not a result of a comparison: ${parsed.error.issues[0]?.message}`,
        );
      return parsed.data;
    });
}

const percent = (share: number) => `${Math.round(100 * share)} %`;
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Success over all seeds with the interval of the pooled episodes, and the seeds' own rates. */
function success(results: readonly z.infer<typeof measuredSchema>[], episodes: number): string {
  if (results.length === 0) return '–';
  const rates = results.map(({ successRate }) => successRate);
  const total = episodes * results.length;
  const [low, high] = wilson95(Math.round(mean(rates) * total), total);
  const seeds = rates.map((rate) => Math.round(100 * rate)).join(', ');
  return `${percent(mean(rates))} (${Math.round(100 * low)}–${Math.round(100 * high)}; ${seeds})`;
}

function steps(results: readonly z.infer<typeof measuredSchema>[]): string {
  const solved = results.filter(({ successRate }) => successRate > 0);
  return solved.length === 0 ? '–' : mean(solved.map(({ meanSteps }) => meanSteps)).toFixed(1);
}

/** Success on the selection seeds after so many corrected episodes, the mean over the seeds that got there: `20: 85 %, 40: 97 %`. */
function onTheWay(results: readonly MethodResult[]): string {
  const points = results.flatMap(({ curve }) => curve).filter(({ episodes }) => episodes > 0);
  const counts = [...new Set(points.map(({ episodes }) => episodes))].sort((a, b) => a - b);
  const rateAt = (count: number) =>
    mean(points.filter(({ episodes }) => episodes === count).map(({ successRate }) => successRate));
  return counts.length === 0 ? '–' : counts.map((count) => `${count}: ${percent(rateAt(count))}`).join(', ');
}

export const TABLE_HEADER = [
  'method',
  'offline: alone',
  'steps',
  'on the way, by corrected episodes',
  'after the corrected episodes: alone',
  'steps',
  'by hand, first → last round (all)',
  'minutes',
] as const;

/** One row per method that has a result, in the order of `METHODS`. */
export function comparisonRows(results: readonly MethodResult[], reportEpisodes: number): string[][] {
  return methodNames.flatMap((name) => {
    const own = results.filter(({ method }) => method === name).sort((a, b) => a.seed - b.seed);
    if (own.length === 0) return [];
    const [before, after] = [own.flatMap((one) => one.offline ?? []), own.flatMap((one) => one.final ?? [])];
    const online = own.filter(({ interventionRates }) => interventionRates.length > 0);
    const ofAll = mean(online.map(({ interventionRates }) => mean(interventionRates)));
    const rate = (at: number) => percent(mean(online.map(({ interventionRates }) => interventionRates.at(at) ?? 0)));
    return [
      [
        METHODS[name].title,
        success(before, reportEpisodes),
        steps(before),
        onTheWay(own),
        success(after, reportEpisodes),
        steps(after),
        online.length === 0 ? '–' : `${rate(0)} → ${rate(-1)} (${percent(ofAll)})`,
        mean(own.map(({ minutes }) => minutes)).toFixed(1),
      ],
    ];
  });
}
