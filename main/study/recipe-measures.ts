/**
 * Measures that a recipe judges beyond success and steps: the roughness of the motion, and the time that planning
 * takes.
 */
import { systemClock } from '../api/clock.ts';
import { PROPRIOCEPTION_SIZE } from '../api/observation.ts';
import { createRng } from '../api/rng.ts';
import type { Measure, Recipe } from '../learn/recipes/recipe.ts';
import { createPolicyRuntime } from '../policy/policy-runtime.ts';
import type { RegisteredPolicy } from '../runs/policies/policy-registry.ts';

export type RecipeMeasures = Awaited<ReturnType<typeof recipeMeasures>>;

/** The executed actions of one episode, [step][dimension]. */
type EpisodeActions = readonly (readonly number[])[];

export async function recipeMeasures(
  { name, metric }: Recipe,
  episodes: readonly EpisodeActions[],
  { manifest, manifestPath }: RegisteredPolicy,
) {
  const wants = (measure: Measure) => metric.measures.includes(measure);
  return {
    recipe: name,
    ...(wants('jerk') && { rmsJerk: rmsJerk(episodes, manifest.actionMask) }),
    ...(wants('planning') && { planning: await planningTime(manifestPath) }),
  };
}

/**
 * Root mean square of the second difference of executed actions. Actions are velocities, so that is jerk, in units of
 * action per tick². Counts only dimensions that the task uses. An episode of fewer than three steps adds nothing.
 */
export function rmsJerk(episodes: readonly EpisodeActions[], mask: readonly boolean[]): number {
  let [total, count] = [0, 0];
  for (const actions of episodes)
    for (let step = 2; step < actions.length; step++)
      mask.forEach((used, dimension) => {
        if (!used) return;
        const at = (back: number) => actions[step - back]![dimension]!;
        total += (at(0) - 2 * at(1) + at(2)) ** 2;
        count++;
      });
  return count > 0 ? Math.sqrt(total / count) : 0;
}

const EVALUATIONS = 200;
const WARM_UP = 20;

/** Measures how long one evaluation of a policy takes on one thread, when it is asked for nothing else. */
async function planningTime(manifestPath: string) {
  const rng = createRng(0);
  const runtime = createPolicyRuntime();
  try {
    const manifest = await runtime.load(manifestPath, undefined);
    runtime.startEpisode(0, 0);
    const tookMs: number[] = [];
    for (let index = 0; index < WARM_UP + EVALUATIONS; index++) {
      runtime.observe(Float32Array.from({ length: PROPRIOCEPTION_SIZE }, () => rng.normal()));
      // Drops the rest of the action chunk, so that every evaluation plans anew.
      runtime.interrupt();
      const embedding = Float32Array.from({ length: manifest.embeddingSize }, () => rng.normal());
      const startMs = systemClock.nowMs();
      await runtime.act(embedding);
      if (index >= WARM_UP) tookMs.push(systemClock.nowMs() - startMs);
    }
    tookMs.sort((a, b) => a - b);
    const at = (share: number) => tookMs[Math.ceil(share * tookMs.length) - 1] ?? 0;
    return { medianMs: at(0.5), p99Ms: at(0.99), evaluations: tookMs.length };
  } finally {
    await runtime.dispose();
  }
}
