/**
 * RLPD: soft actor-critic from scratch with prior data (Ball et al. 2023, arXiv 2302.02948; released code ikostrikov/rlpd). Four
 * things make it learn fast from demonstrations without imitating them:
 * 1. symmetric sampling: half of every batch from the RL buffer, half from the demo buffer (`main/learn/run/trainer/updates.ts`);
 * 2. LayerNorm in the critics, which bounds their values far from the data; none in the actor;
 * 3. a large ensemble, E = 10: the minimum of Z = 2 drawn anew for every update makes the target, the mean of all leads the actor;
 * 4. a high update-to-data ratio: 20 critic updates per environment step, each on a batch of its own and followed by its own
 *    target update, then one of actor and temperature on the last batch.
 * The target counts entropy: y = r + γ · bootstrap · (min Q̄ − α log π), subtracted, and nothing after the end.
 *
 * Deviations, in every preset: interventions are in the demo buffer too; a masked action dimension is absent from nets' inputs,
 * outputs and losses; the target entropy is −A/2 over the dimensions that are used. The step is `soft-actor-critic.ts`.
 *
 * `cell` is made for two CPU cores and a few thousand steps: smaller nets, fewer critics and updates; no entropy in the target, as the
 * released code has it for sparse rewards; and a Monte-Carlo floor under the target, cut at takeovers, which says in one update what TD
 * needs thousands for.
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

const paper: SoftActorCriticConfig = {
  hidden: [256, 256], // released code; three layers for its AntMaze and Adroit
  activation: 'relu', // released code
  criticLayerNorm: true, // paper
  actorLayerNorm: false, // released code
  critics: 10, // paper
  targetCritics: 2, // paper; 1 for its AntMaze and pixels
  proprioceptionFeatures: 0, // states go into the nets as they are
  logStdRange: [-20, 2], // released code
  gripper: 'continuous',
  gripperPenalty: 0,
  discount: 0.99, // paper
  tau: 0.005, // paper
  learningRate: 3e-4, // paper
  batchSize: 256, // paper
  demoShare: 0.5, // paper
  criticUpdates: 20, // paper, states
  order: 'sequential', // released code
  backupEntropy: true, // paper's default; false for its AntMaze, Adroit and pixels
  temperature: { form: 'exp', initial: 1 }, // released code; 0.1 for its pixels
  targetEntropyPerDimension: -0.5, // released code
  mcFloor: 'off',
  offlineSteps: 1000, // the paper has no offline stage
  actorUpdatesPerStep: 1, // paper
  trainingStarts: 5000, // released code
  actingNoiseStd: 0, // the policy is stochastic
  nStep: 1,
};

export const RLPD_PRESETS = {
  paper,
  cell: {
    ...paper,
    hidden: [128, 128], // cost, and as for ConRFT
    critics: 4, // cost
    discount: 0.98, // as ConRFT in the cell
    criticUpdates: 4, // cost
    backupEntropy: false, // released code, for sparse rewards
    temperature: { form: 'exp', initial: 0.1 }, // released code, for pixels
    mcFloor: 'cut', // a return that a person's rescue has earned is not the policy's
    trainingStarts: 100, // a session of a person is short
  },
} as const satisfies Record<string, SoftActorCriticConfig>;

export const rlpd: Algorithm<SoftActorCriticConfig> = {
  name: 'rlpd',
  presets: RLPD_PRESETS,
  settingsForMaps,
  parseConfig: (value) => configSchema.parse(value),
  createLearner: (options) => createSoftActorCriticLearner('rlpd', options),
  policyStep: softActorCriticPolicy,
  policyParameters: (config, sizes) => policyParametersOf(softActorCriticNets(config, sizes)),
  policyHead: softActorCriticHead,
  criticStep: softActorCriticValues,
};
