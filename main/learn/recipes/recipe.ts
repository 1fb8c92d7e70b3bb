/**
 * A recipe is data: an algorithm, settings over its preset's, and the measures that judge its result.
 */
import type { AlgorithmName, PresetName, RecipeName } from '../../api/run.ts';

/**
 * Measures that `takeover evaluate` reports:
 * - `success`: share of episodes solved without help, with the 95 % interval; `steps`: length of the solved ones.
 * - `jerk`: root mean square of the second difference of the executed actions, which are velocities, per dimension in use.
 * - `planning`: duration of one evaluation of the policy on this machine, median and 99th percentile, in milliseconds.
 */
export type Measure = 'success' | 'steps' | 'jerk' | 'planning';

export interface Recipe {
  readonly name: RecipeName;
  /** Name shown to people. */
  readonly title: string;
  readonly algorithm: AlgorithmName;
  readonly preset: PresetName;
  /** Settings merged over the preset's, group by group. */
  readonly settings: object;
  readonly metric: {
    readonly measures: readonly Measure[];
    /** Says how to read the measures, and what to compare them with. */
    readonly words: string;
  };
  /** Says when to use the recipe, and when not. */
  readonly why: string;
}
