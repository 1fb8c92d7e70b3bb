/**
 * HIL-SERL: reinforcement learning on the robot with a person who corrects (Luo et al. 2024, arXiv 2410.21845; released
 * code rail-berkeley/hil-serl). It is RLPD with two critics and no subset, on a frozen trunk, without entropy in the
 * target, and with a DQN for the gripper. Every step goes to the RL buffer, a person's steps to the demo buffer too,
 * and half of every batch comes from each. It has no offline stage: the first policy is a random one.
 *
 * Differs from the released code, in every preset:
 * - Each critic has its own last layer (theirs share one by mistake).
 * - An environment step pays for two critic updates (theirs runs free of the robot). Nets that an update leaves out stand still
 *   (theirs drift on their momentum).
 * - A time-out bootstraps (theirs ends the episode). A masked action dimension is absent from inputs, outputs and losses.
 * - No gradient of the actor reaches the encoder (theirs trains the proprioception's part with it too).
 * - Random crops are a few shifts of every picture made once (`views`), because embeddings of a frozen trunk are stored.
 * - One Adam follows the sum of the critics' and the gripper's loss. Theirs adds the steps of two, so its encoder moves 1.1 to
 *   1.6 times as far per update.
 * - LayerNorm adds 1e-5 to the variance (theirs 1e-6).
 * - Returns over n > 1 steps run across takeovers, so the policy gets credit for a rescue; only the Monte-Carlo floor can be cut.
 * - The gripper's net has one linear layer less (`grasp-critic.ts`).
 *
 * As in the released code, the target entropy counts all dimensions in use, the discrete gripper's too. On a frozen
 * trunk's maps (`spatial`) the encoder is theirs: spatial learned embeddings per camera, trained by the critics, with
 * dropout for the actor in training.
 *
 * The preset `cell` also has smaller nets, ConRFT's discount, and a Monte-Carlo floor under the target, cut at takeovers.
 * `soft-actor-critic.ts` holds the step.
 */
import type { Algorithm } from '../algorithm.ts';
import type { SoftActorCriticConfig } from './soft-actor-critic-config.ts';
import { softActorCritic } from './soft-actor-critic-learner.ts';

const releasedCode: SoftActorCriticConfig = {
  hidden: [256, 256],
  activation: 'tanh',
  criticLayerNorm: true,
  actorLayerNorm: true,
  critics: 2,
  targetCritics: 2,
  proprioceptionFeatures: 64,
  spatialDropout: 0.1, // In the actor's own encoding alone
  logStdRange: [Math.log(1e-5), Math.log(5)],
  gripper: 'discrete',
  gripperPenalty: 0.02, // Its USB and handover tasks
  discount: 0.97,
  tau: 0.005,
  learningRate: 3e-4,
  batchSize: 256,
  demoShare: 0.5,
  criticUpdates: 2,
  order: 'simultaneous',
  backupEntropy: false,
  temperature: { form: 'softplus', initial: 1e-2 },
  targetEntropyPerDimension: -0.5,
  mcFloor: 'off',
  offlineSteps: 1000, // It has no offline stage
  actorUpdatesPerStep: 1, // Theirs runs free of the robot
  trainingStarts: 100,
  actingNoiseStd: 0, // The policy is stochastic
  nStep: 1,
};

export const HIL_SERL_PRESETS = {
  'released-code': releasedCode,
  cell: {
    ...releasedCode,
    hidden: [128, 128], // As ConRFT in the cell
    proprioceptionFeatures: 0, // As ConRFT in the cell
    discount: 0.98, // As ConRFT in the cell
    mcFloor: 'cut', // The policy did not earn a return that a person's rescue brought
  },
} as const satisfies Record<string, SoftActorCriticConfig>;

export const hilSerl: Algorithm<SoftActorCriticConfig> = softActorCritic('hil-serl', HIL_SERL_PRESETS);
