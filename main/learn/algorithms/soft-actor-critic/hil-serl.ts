/**
 * HIL-SERL: reinforcement learning on the robot with a person who corrects (Luo et al. 2024, arXiv 2410.21845; released code
 * rail-berkeley/hil-serl). It is RLPD cut down to two critics without a subset, on a frozen trunk, without entropy in the target,
 * with a DQN for the gripper; every step goes to the RL buffer, what the person drove to the demo buffer too, and half of
 * every batch comes from each. It has no offline stage: the first policy is a random one.
 *
 * Deviations, in every preset:
 * - each critic has its own last layer (theirs share one by mistake, issue 33);
 * - two critic updates per environment step (theirs runs free of the robot); the nets that an update leaves out keep still
 *   (theirs drift on their momentum);
 * - a time-out bootstraps (theirs ends the episode); a masked action dimension is absent from nets' inputs, outputs and losses;
 * - no gradient of the actor reaches the encoder at all (theirs trains the proprioception's part with it too); random crops only as
 *   a few shifts of every picture made once (`views`), since embeddings of a frozen trunk are stored;
 * - the gripper's net has one linear layer less (`grasp-critic.ts`).
 * Kept: the target entropy counts all dimensions that are used, the discrete gripper's too.
 * On a frozen trunk's maps (`spatial`) the encoder is theirs: spatial learned embeddings per camera, trained by the critics, with
 * dropout where the actor looks through them in training.
 *
 * In the preset `cell` also: smaller nets, ConRFT's discount, and a Monte-Carlo floor under the target, cut at takeovers. The step is
 * `soft-actor-critic.ts`.
 */
import type { Algorithm } from '../algorithm.ts';
import { softActorCriticValues } from './soft-actor-critic.ts';
import { configSchema, type SoftActorCriticConfig, settingsForMaps } from './soft-actor-critic-config.ts';
import { createSoftActorCriticLearner } from './soft-actor-critic-learner.ts';
import {
  policyParametersOf,
  softActorCriticHead,
  softActorCriticNets,
  softActorCriticPolicy,
} from './soft-actor-critic-nets.ts';

const releasedCode: SoftActorCriticConfig = {
  hidden: [256, 256],
  activation: 'tanh',
  criticLayerNorm: true,
  actorLayerNorm: true,
  critics: 2,
  targetCritics: 2,
  proprioceptionFeatures: 64,
  spatialDropout: 0.1, // in the actor's own encoding alone
  logStdRange: [Math.log(1e-5), Math.log(5)],
  gripper: 'discrete',
  gripperPenalty: 0.02, // its USB and handover tasks
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
  offlineSteps: 1000, // it has no offline stage
  actorUpdatesPerStep: 1, // theirs runs free of the robot
  trainingStarts: 100,
  actingNoiseStd: 0, // the policy is stochastic
  nStep: 1,
};

export const HIL_SERL_PRESETS = {
  'released-code': releasedCode,
  cell: {
    ...releasedCode,
    hidden: [128, 128], // as ConRFT in the cell
    proprioceptionFeatures: 0, // as ConRFT in the cell
    discount: 0.98, // as ConRFT in the cell
    mcFloor: 'cut', // a return that a person's rescue has earned is not the policy's
  },
} as const satisfies Record<string, SoftActorCriticConfig>;

export const hilSerl: Algorithm<SoftActorCriticConfig> = {
  name: 'hil-serl',
  presets: HIL_SERL_PRESETS,
  settingsForMaps,
  parseConfig: (value) => configSchema.parse(value),
  createLearner: (options) => createSoftActorCriticLearner('hil-serl', options),
  policyStep: softActorCriticPolicy,
  policyParameters: (config, sizes) => policyParametersOf(softActorCriticNets(config, sizes)),
  policyHead: softActorCriticHead,
  criticStep: softActorCriticValues,
};
