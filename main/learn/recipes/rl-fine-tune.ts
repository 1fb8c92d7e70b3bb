/**
 * R6: reinforcement on top of imitation, as settings of PPO: what acts begins as the imitated policy, a KL term to it holds the policy on
 * the rollout's states and on the demonstrations', β follows the KL, and leaving a limit has a price.
 * It is not among the recipes that a run may name: PPO learns from the rollouts of the very policy that it changes, and a run's
 * trainer draws from everything that was ever stored. It needs tasks that come as `algorithms/environment.ts`.
 */
import { PPO, type PpoConfig } from '../algorithms/ppo-config.ts';

export const RL_FINE_TUNE: PpoConfig = {
  ...PPO,
  learningRate: 1e-3,
  epochs: 10,
  minibatches: 16,
  targetKl: 0,
  initialStd: 0.3,
  discount: 0.95, // time-outs bootstrap: at 0.99 success after the time limit is worth nearly as much as within it
  reference: { beta: 0.03, onDemonstrations: true, targetKl: 0.3 },
  penalty: 10, // λ
};
