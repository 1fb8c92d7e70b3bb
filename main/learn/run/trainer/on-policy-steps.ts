/**
 * What a learner of its own doing is given: the steps of the newest episodes that policies of its kind drove, with the weights that
 * drove them. A person's steps and mixed ticks are not among them, nor are episodes in which noise was added to the policy's actions:
 * how probable those were, its weights do not say. Letters as in `algorithms/algorithm.ts`.
 */
import type { TransitionPool } from '../../../../data/learning/transition-pool.ts';
import type { OwnSteps } from '../../algorithms/algorithm.ts';

/** `weightsOf`: undefined for a policy that is gone or of another kind. */
export function ownSteps(
  pool: TransitionPool,
  episodes: number,
  weightsOf: (policy: string) => Float32Array | undefined,
): OwnSteps {
  const known = new Map<string, Float32Array | undefined>();
  const weights = (policy: string) => {
    if (!known.has(policy)) known.set(policy, weightsOf(policy));
    return known.get(policy);
  };
  const driven = pool.newestDriven(
    episodes,
    ({ policy, actingNoiseStd }) => actingNoiseStd === 0 && weights(policy) !== undefined,
  );
  const rows = driven.flatMap((episode) => episode.rows);
  const steps = pool.createBatch(rows.length);
  for (const [at, row] of rows.entries()) pool.readTransition(row, steps, at);
  let end = 0;
  return {
    steps,
    ended: Uint8Array.from(rows, (row, at) => (pool.isLast(row) || rows[at + 1] !== row + 1 ? 1 : 0)),
    takenOver: Uint8Array.from(rows, (row, at) => (!pool.isLast(row) && rows[at + 1] !== row + 1 ? 1 : 0)),
    drivers: driven.flatMap((episode) => {
      const acted = weights(episode.driver.policy);
      const first = end;
      end += episode.rows.length;
      return acted ? [{ first, end, weights: acted }] : [];
    }),
  };
}
