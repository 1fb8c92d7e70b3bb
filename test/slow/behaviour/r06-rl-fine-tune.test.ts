/**
 * R6: the recipe of reinforcement on top of imitation, whole: KL to the imitated policy on rollout and demonstration states with β that
 * follows it, and a price on mean actions that the arm cannot make. Beside it PPO with neither, which wins more and takes liberties.
 * Success is bounded on average: one seed of ten came to 0.93.
 */
import { RL_FINE_TUNE } from '../../learn/ppo-rollouts.ts';
import { behaviour } from './behaviour.ts';
import { distanceTo, imitateReach, reachScore, reachViolations, reinforceReach } from './reach-policy.ts';

behaviour({
  id: 'R6',
  claim: 'recipe R6 on sparse reach, 20 rollouts',
  seeds: 10,
  expectations: [
    { measure: 'imitated', label: 'imitation: success', role: 'seen' },
    { measure: 'held', label: 'R6: success', role: 'claim', atLeast: 0.95, of: 'mean' },
    { measure: 'heldBeyond', label: 'R6: steps with a mean action beyond the limit', role: 'claim', atMost: 0.1 },
    { measure: 'heldDistance', label: 'R6: KL to the imitated policy on its demonstrations (nat)', role: 'seen' },
    { measure: 'free', label: 'β = 0, no penalty: success', role: 'seen' },
    { measure: 'freeBeyond', label: 'β = 0, no penalty: steps beyond the limit', role: 'control', atLeast: 0.1 },
    { measure: 'freeDistance', label: 'β = 0, no penalty: KL on demonstrations (nat)', role: 'seen' },
    { measure: 'nearer', label: 'the KL without over that with', role: 'claim', atLeast: 2 },
  ],
  measure: async (rng) => {
    const base = await imitateReach(16, 'all', 0.5, 250, rng.split('imitation'));
    const run = async (config: Partial<typeof RL_FINE_TUNE>) => {
      const weights = await reinforceReach({ rng, base, iterations: 20, task: { arc: 'all' }, config });
      return {
        success: await reachScore(weights, 'all', rng),
        beyond: await reachViolations(weights, 'all', rng),
        distance: await distanceTo(base.weights, weights, base.states),
      };
    };
    const [held, free] = [await run(RL_FINE_TUNE), await run({})];
    return {
      imitated: await reachScore(base.weights, 'all', rng),
      ...{ held: held.success, heldBeyond: held.beyond, heldDistance: held.distance },
      ...{ free: free.success, freeBeyond: free.beyond, freeDistance: free.distance },
      nearer: free.distance / held.distance,
    };
  },
});
