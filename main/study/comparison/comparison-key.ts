/**
 * The key of a session of a comparison: method, task, budget, and the settings that the method has today. Sessions with
 * equal keys measure the same. A session with another budget, or from before a preset was changed, is not pooled with the
 * others.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { taskIdSchema } from '../../api/task.ts';
import { configureAlgorithm } from '../../learn/algorithms/algorithm-registry.ts';
import { mapsOf, modelHashOf } from '../../runs/encoder-choice.ts';
import { type HilPlan, hilPlanSchema } from '../hil/hil-state.ts';
import { METHODS, type Method, type MethodName } from './methods.ts';

export const comparisonKeySchema = z.object({
  method: z.string(),
  /** Sessions from before there was a choice are of `insert`. */
  task: taskIdSchema.default('insert'),
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
/** The budget that all methods share. */
export type ComparisonBudget = Omit<ComparisonKey, 'method' | 'settings'>;

/** Returns the key of a method's sessions with this budget. */
export function keyOf(name: MethodName, { demos, episodes, ...rest }: ComparisonBudget): ComparisonKey {
  const { demonstrations = 1, offlineOnly }: Method = METHODS[name];
  const own = { demos: demos * demonstrations, episodes: offlineOnly ? 0 : episodes };
  return { method: name, ...own, ...rest, settings: settingsHash(name) };
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
  const { task, demos, selectionEpisodes, episodesPerRound: round, evaluationNoiseStd: noise } = budget;
  const shared = { task, seed, demos, round, selectionEpisodes, noise, trainingNoise: 0 };
  return hilPlanSchema.parse({ ...CELL, ...shared, ...METHODS[name].plan, ...(encoder !== undefined && { encoder }) });
}

const CELL = { observation: 'pixels', preset: 'cell' };

const HASH_CHARACTERS = 12;

/**
 * Hash of everything that decides a method's results except task, budget and seed: algorithm, preset, full settings,
 * observation, encoder.
 */
export function settingsHash(name: MethodName): string {
  const { plan, encoder: made }: Method = METHODS[name];
  const full = hilPlanSchema.parse({ ...CELL, seed: 0, demos: 1, ...plan });
  const { algorithm, preset, scratch, settings, observation, encoder } = full;
  const maps = mapsOf(observation, made === 'general-random' ? 'general' : encoder);
  const resolved = configureAlgorithm({ algorithm, preset }, settings, maps).settings;
  const eyes = observation === 'pixels' ? { encoder: made ?? modelHashOf(encoder) } : { observation };
  const all = { algorithm, preset, scratch, settings: resolved, ...eyes };
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
