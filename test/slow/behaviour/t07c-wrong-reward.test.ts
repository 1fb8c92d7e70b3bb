/**
 * T7c: what the KL term is for. The reward is not what was meant: beside the 1 for touching the goal, 0.3 is paid for every step
 * spent within 10 cm of touching it. That ring lies on the way of every demonstration, so PPO finds that waiting there pays more than
 * arriving. True success is touching the goal. The bound of 0.9 is on the average: imitation itself starts at 0.90 in some seeds. So is
 * what PPO alone loses: among ten seeds between 0.05 and 0.56.
 */
import { behaviour } from './behaviour.ts';
import { imitateReach, reachScore, reinforceReach } from './reach-policy.ts';

behaviour({
  id: 'T7c',
  claim: 'with a wrong reward, a KL term to the imitated policy keeps what was meant',
  seeds: 10,
  expectations: [
    { measure: 'imitated', label: 'imitation: true success', role: 'seen' },
    { measure: 'free', label: 'PPO: true success', role: 'seen' },
    { measure: 'loss', label: 'true success lost by PPO alone', role: 'control', atLeast: 0.2, of: 'mean' },
    { measure: 'held', label: 'PPO + 1.0 KL on both states: true success', role: 'claim', atLeast: 0.9, of: 'mean' },
    { measure: 'heldLoss', label: 'true success lost by PPO + KL', role: 'claim', atMost: 0.05 },
  ],
  measure: async (rng) => {
    const base = await imitateReach(24, 'all', 0.3, 1500, rng.split('imitation'));
    const imitated = await reachScore(base.weights, 'all', rng);
    const run = async (beta: number) => {
      const weights = await reinforceReach({
        ...{ rng, base, iterations: 15 },
        task: { arc: 'all', bonus: { perStep: 0.3, fromM: 0.1, toM: 0.2 } },
        config: { reference: { beta, onDemonstrations: true, targetKl: 0 } },
      });
      return reachScore(weights, 'all', rng);
    };
    const [free, held] = [await run(0), await run(1)];
    return { imitated, free, loss: imitated - free, held, heldLoss: imitated - held };
  },
});
