/**
 * Decides whether a run has enough data to start. It is pure, so that the button, the command line and the tests agree.
 */
import type { BufferCounts, EpisodeSummary } from '../api/episode.ts';
import type { Readiness, RunSpec, Stage } from '../api/run.ts';
import { isUsable } from '../learn/run/run-observation.ts';

/** ConRFT's papers use 20–30 demonstrations. With fewer, behaviour cloning has too little data. */
export const DEMONSTRATIONS_NEEDED = 20;
/** The default of HIL-SERL's `training_starts`. */
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

/** Number of steps of a scripted operator's insertion. Steps of a person count in this unit. */
const STEPS_PER_DEMONSTRATION = 35;

function demonstrationEquivalent(counts: BufferCounts): number {
  return counts.demonstrations + Math.floor(counts.interventionSteps / STEPS_PER_DEMONSTRATION);
}

type Learnable = Pick<
  EpisodeSummary,
  'task' | 'observation' | 'mode' | 'steps' | 'humanSteps' | 'discarded' | 'outcome'
>;

/** Returns why a run would have nothing to draw a batch from, and what to record; `undefined` when there is data. */
export function nothingToLearn(
  spec: Pick<RunSpec, 'algorithm' | 'stage' | 'task' | 'observation'>,
  episodes: readonly Learnable[],
): { readonly message: string; readonly remedy: string } | undefined {
  const usable = episodes.filter(
    (episode) => episode.outcome !== undefined && !episode.discarded && isUsable(spec, episode),
  );
  const stepsOf = (steps: (episode: Learnable) => number) => usable.reduce((sum, episode) => sum + steps(episode), 0);
  const byPeople = stepsOf(({ humanSteps }) => humanSteps);
  const byPolicies = stepsOf(({ mode, steps, humanSteps }) => (mode === 'run' ? steps - humanSteps : 0));
  const imitates = spec.stage === 'offline' || spec.algorithm === 'imitation';
  if (byPeople > 0 || (!imitates && byPolicies > 0)) return undefined;
  const demo = `\`npx takeover demo --task ${spec.task} --observation ${spec.observation}\``;
  const lacks = imitates ? 'demonstrations or corrections' : 'steps';
  return {
    message: `There is nothing to learn from: ${usable.length} of ${episodes.length} episodes are finished, kept, and of the task ${spec.task} with the observation ${spec.observation}, and they hold no ${lacks}.`,
    remedy: `Record demonstrations: ${demo}.`,
  };
}
