/**
 * When a reward classifier may end an episode as a success: its probability was at or above the threshold at several ticks in a row
 * and the robot's own state kept the guard at each of them. An answer that came late, or not at all, breaks the row: late is no
 * verdict. The opinion on an observation comes after the step that led to it was judged, so it ends the episode one tick later,
 * as a key press does. A person's verdict is not its business: the episode's rules put that first.
 */
import type { ObservationRecord } from '../../../data/records.ts';
import type { SuccessBy, SuccessGuard, SuccessSettings } from '../../api/classifier.ts';

export type GuardedState = Pick<ObservationRecord, 'baseFromTool' | 'gripperOpeningM'>;

export interface SuccessDetector {
  /** A new episode: whoever is to judge it now judges it to its end. */
  begin(): void;
  /** Who judges this episode. */
  by(): SuccessBy;
  /** What is known of observation `index`; `probability` is undefined when the classifier did not answer in time. */
  see(index: number, probability: number | undefined, state: GuardedState): void;
  /** The step that is being completed ends the episode as a success. */
  detected(): boolean;
  probability(): number | undefined;
  guardMet(): boolean;
  streak(): number;
}

export function keepsGuard(guard: SuccessGuard, { baseFromTool, gripperOpeningM }: GuardedState): boolean {
  const within = (value: number, low: number | undefined, high: number | undefined) =>
    value >= (low ?? Number.NEGATIVE_INFINITY) && value <= (high ?? Number.POSITIVE_INFINITY);
  return (
    within(baseFromTool.positionM[2], guard.toolHeightLowM, guard.toolHeightHighM) &&
    within(gripperOpeningM, guard.gripperLowM, guard.gripperHighM)
  );
}

export function createSuccessDetector(options: {
  readonly settings: () => SuccessSettings;
  /** Of the classifier in use; undefined while there is none. */
  readonly threshold: () => number | undefined;
}): SuccessDetector {
  let by: SuccessBy = options.settings().by;
  let streak = 0;
  let newestIndex = -1;
  let probability: number | undefined;
  let guardMet = false;
  return {
    begin: () => {
      ({ by } = options.settings());
      streak = 0;
      newestIndex = -1;
      probability = undefined;
      guardMet = false;
    },
    by: () => by,
    see: (index, seen, state) => {
      const inRow = index === newestIndex + 1;
      newestIndex = index;
      probability = seen;
      guardMet = keepsGuard(options.settings().guard, state);
      const threshold = options.threshold();
      // NaN is not at or above anything.
      const success = threshold !== undefined && seen !== undefined && seen >= threshold && guardMet;
      streak = success ? (inRow ? streak : 0) + 1 : 0;
    },
    detected: () => by === 'classifier' && streak >= options.settings().ticks,
    probability: () => probability,
    guardMet: () => guardMet,
    streak: () => streak,
  };
}
