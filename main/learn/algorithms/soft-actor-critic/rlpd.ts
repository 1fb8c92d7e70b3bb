/**
 * RLPD: soft actor-critic from scratch with prior data (Ball et al. 2023, arXiv 2302.02948; released code
 * ikostrikov/rlpd). Four ingredients make it learn fast from demonstrations without imitating them:
 * 1. Symmetric sampling: half of every batch comes from the RL buffer, half from the demo buffer (`run/trainer/updates.ts`).
 * 2. LayerNorm in the critics, which bounds their values far from the data; none in the actor.
 * 3. A large ensemble, E = 10: the minimum of a random subset of Z = 2 makes the target, the mean of all leads the actor.
 * 4. A high update-to-data ratio: 20 critic updates per environment step, each on its own batch and with its own target update.
 *    One update of actor and temperature follows on the last batch.
 *
 * The target counts entropy: y = r + γ · bootstrap · (min Q̄ − α log π).
 *
 * Differs from the paper, in every preset: interventions are in the demo buffer too; a masked action dimension is absent from
 * inputs, outputs and losses; the target entropy is −A/2 over the dimensions in use. The first actions are the fresh policy's;
 * in the released code the first 5,000 are uniform. LayerNorm adds 1e-5 to the variance, theirs 1e-6. Returns over n > 1 steps
 * run across takeovers, so the policy gets credit for a rescue; only the Monte-Carlo floor can be cut.
 * `soft-actor-critic.ts` holds the step.
 *
 * `cell` suits two CPU cores and a few thousand steps: smaller nets, fewer critics and updates, and no entropy in the
 * target, as in the released code for sparse rewards. A Monte-Carlo floor, cut at takeovers, spreads a success in one
 * update.
 */
import type { Algorithm } from '../algorithm.ts';
import type { SoftActorCriticConfig } from './soft-actor-critic-config.ts';
import { softActorCritic } from './soft-actor-critic-learner.ts';

const paper: SoftActorCriticConfig = {
  hidden: [256, 256], // Released code; three layers for its AntMaze and Adroit
  activation: 'relu', // Released code
  criticLayerNorm: true, // Paper
  actorLayerNorm: false, // Released code
  critics: 10, // Paper
  targetCritics: 2, // Paper; 1 for its AntMaze and pixels
  proprioceptionFeatures: 0, // States go into the nets as they are
  logStdRange: [-20, 2], // Released code
  gripper: 'continuous',
  gripperPenalty: 0,
  discount: 0.99, // Paper
  tau: 0.005, // Paper
  learningRate: 3e-4, // Paper
  batchSize: 256, // Paper
  demoShare: 0.5, // Paper
  criticUpdates: 20, // Paper, states
  order: 'sequential', // Released code
  backupEntropy: true, // Paper's default; false for its AntMaze, Adroit and pixels
  temperature: { form: 'exp', initial: 1 }, // Released code; 0.1 for its pixels
  targetEntropyPerDimension: -0.5, // Released code
  mcFloor: 'off',
  offlineSteps: 1000, // The paper has no offline stage
  actorUpdatesPerStep: 1, // Paper
  trainingStarts: 5000, // Released code
  actingNoiseStd: 0, // The policy is stochastic
  nStep: 1,
};

export const RLPD_PRESETS = {
  paper,
  cell: {
    ...paper,
    hidden: [128, 128], // Cost, and as for ConRFT
    critics: 4, // Cost
    discount: 0.98, // As ConRFT in the cell
    criticUpdates: 4, // Cost
    backupEntropy: false, // Released code, for sparse rewards
    temperature: { form: 'exp', initial: 0.1 }, // Released code, for pixels
    mcFloor: 'cut', // The policy did not earn a return that a person's rescue brought
    trainingStarts: 100, // A session of a person is short
  },
} as const satisfies Record<string, SoftActorCriticConfig>;

export const rlpd: Algorithm<SoftActorCriticConfig> = softActorCritic('rlpd', RLPD_PRESETS);
