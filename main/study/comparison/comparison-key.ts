/**
 * The key of a session of a comparison: method, budget, and the settings that the method has today. Sessions with equal
 * keys measure the same. A session with another budget, or from before a preset was changed, is not pooled with the
 * others.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { configureAlgorithm } from '../../learn/algorithms/algorithm-registry.ts';
import { ENCODERS } from '../../models/assets.ts';
import { readEncoderManifest } from '../../models/encoder-manifest.ts';
import { type HilPlan, hilPlanSchema } from '../hil/hil-state.ts';
import { METHODS, type Method, type MethodName } from './methods.ts';

/** The budget that all methods share. */
export interface ComparisonBudget {
  readonly demos: number;
  readonly episodes: number;
  readonly episodesPerRound: number;
  readonly selectionEpisodes: number;
  readonly reportEpisodes: number;
  readonly evaluationNoiseStd: number;
}

export const comparisonKeySchema = z.object({
  method: z.string(),
  demos: z.int(),
  /** Corrected episodes; 0 when only the offline stage is compared. */
  episodes: z.int(),
  episodesPerRound: z.int(),
  selectionEpisodes: z.int(),
  reportEpisodes: z.int(),
  evaluationNoiseStd: z.number(),
  /** `settingsHash` of the method. */
  settings: z.string(),
});
export type ComparisonKey = Readonly<z.infer<typeof comparisonKeySchema>>;

/** Returns the key of a method's sessions with this budget. */
export function keyOf(name: MethodName, { demos, episodes, ...rest }: ComparisonBudget): ComparisonKey {
  const { demonstrations = 1, offlineOnly }: Method = METHODS[name];
  return {
    method: name,
    demos: demos * demonstrations,
    episodes: offlineOnly ? 0 : episodes,
    ...rest,
    settings: settingsHash(name),
  };
}

/** Returns the names of the values in which a session differs from `key`. */
export function differences(session: ComparisonKey, key: ComparisonKey): (keyof ComparisonKey)[] {
  return comparisonKeySchema.keyof().options.filter((name) => session[name] !== key[name]);
}

/** `encoder`: path of the manifest of an encoder that was made for the session. */
export function planOf(
  name: MethodName,
  seed: number,
  budget: Omit<ComparisonBudget, 'episodes' | 'reportEpisodes'>,
  encoder?: string,
): HilPlan {
  const { plan }: Method = METHODS[name];
  return hilPlanSchema.parse({
    seed,
    demos: budget.demos,
    observation: 'pixels',
    preset: 'cell',
    round: budget.episodesPerRound,
    selectionEpisodes: budget.selectionEpisodes,
    noise: budget.evaluationNoiseStd,
    trainingNoise: 0,
    ...plan,
    ...(encoder !== undefined && { encoder }),
  });
}

const HASH_CHARACTERS = 12;

/**
 * Hash of everything that decides a method's results except budget and seed: algorithm, preset, full settings, encoder.
 */
export function settingsHash(name: MethodName): string {
  const { plan, encoder: made }: Method = METHODS[name];
  const { algorithm, preset, scratch, settings, encoder } = hilPlanSchema.parse({
    seed: 0,
    demos: 1,
    observation: 'pixels',
    preset: 'cell',
    ...plan,
  });
  const manifest = encoder === undefined ? undefined : ENCODERS.get(encoder);
  const maps = manifest === undefined ? undefined : readEncoderManifest(manifest).maps;
  const resolved = configureAlgorithm({ algorithm, preset }, settings, maps).settings;
  const all = { algorithm, preset, scratch, settings: resolved, encoder: made ?? encoder ?? 'cell' };
  return createHash('sha256').update(canonical(all)).digest('hex').slice(0, HASH_CHARACTERS);
}

/** Returns JSON with sorted names, so that their order does not matter. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
