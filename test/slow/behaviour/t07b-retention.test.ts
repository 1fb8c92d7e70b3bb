/**
 * T7b, the negative control of T7c: when the reward is right, a KL term to the imitated policy costs success on the
 * practised goals. Imitation has seen the goals on the right; PPO practises those on the left. PPO alone forgets none of
 * the right ones in three seeds of five and a few in a hundred in two; the KL term keeps these.
 */
import { behaviour } from './behaviour.ts';
import { imitateReach, reachScore, reinforceReach } from './reach-policy.ts';

behaviour({
  id: 'T7b',
  claim: 'with a right reward, a KL term to the imitated policy costs success on what is practised',
  expectations: [
    { measure: 'imitatedOld', label: 'imitation: success on demonstrated goals', role: 'seen' },
    { measure: 'imitatedNew', label: 'imitation: success on the other goals', role: 'control', atMost: 0.8 },
    { measure: 'freeNew', label: 'PPO: success on the other goals', role: 'claim', atLeast: 0.9 },
    { measure: 'freeOld', label: 'PPO: success on demonstrated goals', role: 'seen' },
    { measure: 'heldNew', label: 'PPO + 0.3 KL on both states: success on the other goals', role: 'seen' },
    { measure: 'heldOld', label: 'PPO + 0.3 KL on both states: success on demonstrated goals', role: 'seen' },
    { measure: 'gainNew', label: 'what KL gains on the other goals', role: 'claim', atMost: 0 },
    { measure: 'gainOld', label: 'what KL gains on demonstrated goals', role: 'seen' },
  ],
  measure: async (rng) => {
    const base = await imitateReach(12, 'right half', 0.5, 150, rng.split('imitation'));
    const score = async (weights: Float32Array) => ({
      old: await reachScore(weights, 'right half', rng),
      fresh: await reachScore(weights, 'left half', rng),
    });
    const run = async (beta: number) =>
      score(
        await reinforceReach({
          ...{ rng, base, iterations: 20, task: { arc: 'left half' } },
          config: { reference: { beta, onDemonstrations: true, targetKl: 0 } },
        }),
      );
    const [before, free, held] = [await score(base.weights), await run(0), await run(0.3)];
    return {
      ...{ imitatedOld: before.old, imitatedNew: before.fresh, freeOld: free.old, freeNew: free.fresh },
      ...{ heldOld: held.old, heldNew: held.fresh },
      ...{ gainOld: held.old - free.old, gainNew: held.fresh - free.fresh },
    };
  },
});
