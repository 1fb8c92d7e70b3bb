/**
 * Is it safe, in words for who looks at the arm: what safety did to the newest steps. What only smooths a motion (the set-point's
 * lead, a gripper asked too soon) is not said. The engine decides; nothing here limits anything.
 */
import type { SafetyEvent, StepSummary } from '../../main/api/index.ts';

/** The gravest first; undefined: not worth a word to an operator. */
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
const GRAVEST_FIRST = Object.keys(WORDS) as readonly SafetyEvent[]; // the keys of the table above

/** So long after a limited step it is still said: it must be possible to read it. */
const SAID_FOR_MS = 1000;
/** One line has room for these. */
const MOST_WORDS = 2;

type Limited = Pick<StepSummary, 'safety'>;

export function isLimited(step: Limited): boolean {
  return step.safety.some((event) => WORDS[event] !== undefined);
}

/** What limited the last second of these steps, oldest first; empty when nothing did that is worth saying. */
export function newestLimitsInWords(steps: readonly Limited[], periodMs: number): string {
  const newest = steps.slice(-Math.ceil(SAID_FOR_MS / periodMs));
  const happened = new Set(newest.flatMap(({ safety }) => safety));
  return GRAVEST_FIRST.filter((event) => happened.has(event))
    .flatMap((event) => WORDS[event] ?? [])
    .slice(0, MOST_WORDS)
    .join(' · ');
}
