/**
 * A recipe is data: an algorithm, settings of it, and what its result is judged by. Where a run names one, its settings stand in
 * place of the preset's.
 */
import type { AlgorithmName, PresetName, RecipeName } from '../../api/run.ts';

/**
 * What `takeover evaluate` reports of a policy:
 * - `success`: solved episodes without help, with the 95 % interval; `steps`: of those it solved
 * - `jerk`: root mean square of the second difference of the executed actions, which are velocities, per dimension in use
 * - `planning`: milliseconds that one evaluation of the policy takes on this machine, median and 99th percentile
 */
export type Measure = 'success' | 'steps' | 'jerk' | 'planning';

export interface Recipe {
  readonly name: RecipeName;
  /** For people. */
  readonly title: string;
  readonly algorithm: AlgorithmName;
  readonly preset: PresetName;
  /** On top of the preset, group by group. */
  readonly settings: object;
  readonly metric: {
    readonly measures: readonly Measure[];
    /** How to read them, and what to compare with. */
    readonly words: string;
  };
  /** When to use it, and when not. */
  readonly why: string;
}
