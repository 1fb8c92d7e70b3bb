/**
 * Says in words what safety did to the newest steps, for a person who looks at the arm. Events that only smooth a
 * motion (the set-point's lead, a gripper command that comes too soon) have no words. The engine limits; this file only
 * tells.
 */
import type { SafetyEvent, StepSummary } from '../../main/api/index.ts';

/** The words of each event, gravest first; `undefined` for an event that is not told. */
const WORDS = {
  'not-finite': 'held: a command or a measurement was no number',
  'stale-state': 'held: the robot’s state is too old',
  'stop-force': 'held: stop force exceeded',
  'soft-force': 'pushes no further: soft force limit',
  workspace: 'at the workspace wall',
  tilt: 'at the tilt limit',
  'linear-speed': 'at the speed limit',
  'angular-speed': 'at the turning speed limit',
  lead: undefined,
  'gripper-refractory': undefined,
} as const satisfies Readonly<Record<SafetyEvent, string | undefined>>;
// The keys are those of the table above.
const GRAVEST_FIRST = Object.keys(WORDS) as readonly SafetyEvent[];

/** Time that the words stay after a limited step, so that a person can read them. */
const SAID_FOR_MS = 1000;
/** Number of events that one line has room for. */
const MOST_WORDS = 2;

type Limited = Pick<StepSummary, 'safety'>;

export function isLimited(step: Limited): boolean {
  return step.safety.some((event) => WORDS[event] !== undefined);
}

/** Says what limited the last second of `steps`, which are oldest first. Empty when nothing did. */
export function newestLimitsInWords(steps: readonly Limited[], periodMs: number): string {
  const newest = steps.slice(-Math.ceil(SAID_FOR_MS / periodMs));
  const happened = new Set(newest.flatMap(({ safety }) => safety));
  return GRAVEST_FIRST.filter((event) => happened.has(event))
    .flatMap((event) => WORDS[event] ?? [])
    .slice(0, MOST_WORDS)
    .join(' · ');
}
