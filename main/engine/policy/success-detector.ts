/**
 * Decides when a reward classifier ends an episode as a success. Its probability must reach the threshold at several
 * ticks in a row, and the robot's state must keep the guard at each of them. A late or missing answer breaks the row.
 * The opinion on an observation comes after its step was judged, so it ends the episode one tick later, as a key press
 * does. A person's verdict comes first; the rules of the episode see to that.
 */
import type { ObservationRecord } from '../../../data/records.ts';
import type { SuccessBy, SuccessGuard, SuccessSettings } from '../../api/classifier.ts';

export type GuardedState = Pick<ObservationRecord, 'baseFromTool' | 'gripperOpeningM'>;

export function keepsGuard(guard: SuccessGuard, { baseFromTool, gripperOpeningM }: GuardedState): boolean {
  const within = (value: number, low: number | undefined, high: number | undefined) =>
    value >= (low ?? Number.NEGATIVE_INFINITY) && value <= (high ?? Number.POSITIVE_INFINITY);
  return (
    within(baseFromTool.positionM[2], guard.toolHeightLowM, guard.toolHeightHighM) &&
    within(gripperOpeningM, guard.gripperLowM, guard.gripperHighM)
  );
}

export type SuccessDetector = ReturnType<typeof createSuccessDetector>;

export function createSuccessDetector(options: {
  readonly settings: () => SuccessSettings;
  /** Returns the threshold of the classifier in use; `undefined` while there is none. */
  readonly threshold: () => number | undefined;
}) {
  let by: SuccessBy = options.settings().by;
  let streak = 0;
  let newestIndex = -1;
  let probability: number | undefined;
  let guardMet = false;
  return {
    /** Begins an episode. The judge that the settings name now judges it to its end. */
    begin: () => {
      ({ by } = options.settings());
      streak = 0;
      newestIndex = -1;
      probability = undefined;
      guardMet = false;
    },
    /** Returns the judge of this episode. */
    by: () => by,
    /** Takes in observation `index`. `probability` is `undefined` when the classifier did not answer in time. */
    see: (index: number, seen: number | undefined, state: GuardedState) => {
      const inRow = index === newestIndex + 1;
      newestIndex = index;
      probability = seen;
      guardMet = keepsGuard(options.settings().guard, state);
      const threshold = options.threshold();
      // NaN compares as false, so it is no success.
      const success = threshold !== undefined && seen !== undefined && seen >= threshold && guardMet;
      streak = success ? (inRow ? streak : 0) + 1 : 0;
    },
    /** Returns true when the step that is being completed ends the episode as a success. */
    detected: () => by === 'classifier' && streak >= options.settings().ticks,
    probability: () => probability,
    guardMet: () => guardMet,
    streak: () => streak,
  };
}
