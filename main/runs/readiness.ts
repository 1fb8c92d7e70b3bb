/** What Fine-tune needs before it may start: pure, so that the button, the command line and the tests agree. */
import type { BufferCounts } from '../api/episode.ts';
import type { Readiness, Stage } from '../api/run.ts';

/** ConRFT's papers use 20–30 demonstrations; fewer than this and behaviour cloning has nothing to hold on to. */
export const DEMONSTRATIONS_NEEDED = 20;
/** HIL-SERL's `training_starts`. */
export const RL_TRANSITIONS_NEEDED = 100;

export function readinessFor(stage: Stage, counts: BufferCounts): Readiness {
  const demonstrations = {
    label: 'demonstrations or corrections (episodes\u2019 worth)',
    have: demonstrationEquivalent(counts),
    need: DEMONSTRATIONS_NEEDED,
  };
  const transitions = {
    label: 'transitions in the RL buffer',
    have: counts.rlTransitions,
    need: RL_TRANSITIONS_NEEDED,
  };
  const needs = stage === 'offline' ? [demonstrations] : [demonstrations, transitions];
  return { ready: needs.every(({ have, need }) => have >= need), needs };
}

/** Steps a person drove, in units of a demonstration: 35 steps is what a scripted operator's insertion takes. */
const STEPS_PER_DEMONSTRATION = 35;

function demonstrationEquivalent(counts: BufferCounts): number {
  return counts.demonstrations + Math.floor(counts.interventionSteps / STEPS_PER_DEMONSTRATION);
}
