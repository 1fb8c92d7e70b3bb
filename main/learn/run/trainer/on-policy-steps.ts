/**
 * Reads the on-policy steps of the newest episodes, with the weights of the policies that drove them. A person's steps
 * and mixed ticks are left out. Episodes with noise on the policy's actions are left out too, because the weights do
 * not tell how probable those actions were.
 */
import type { TransitionPool } from '../../../../data/learning/transition-pool.ts';
import type { OnPolicySteps } from '../../algorithms/algorithm.ts';

/** `weightsOf` returns `undefined` for a policy that is gone or of another kind. */
export function onPolicySteps(
  pool: TransitionPool,
  episodes: number,
  weightsOf: (policy: string) => Float32Array | undefined,
): OnPolicySteps {
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
