/** Settings of the soft actor-critics. `rlpd.ts` and `hil-serl.ts` hold the presets that make them RLPD and HIL-SERL. */
import { z } from 'zod';
import { settingsObject } from '../../policies/settings-object.ts';
import { spatialSchema } from '../spatial-settings.ts';

const count = z.int().positive();

export const configSchema = settingsObject({
  hidden: z.array(count).min(1).readonly(),
  activation: z.enum(['relu', 'tanh']),
  criticLayerNorm: z.boolean(),
  actorLayerNorm: z.boolean(),
  /** E */
  critics: count,
  /** Z: size of the random subset whose minimum makes a target. It is drawn for every critic update, without replacement. */
  targetCritics: count,
  /** Width of Dense → LayerNorm → tanh over the proprioception, shared by critics and actor, trained by the critics; 0 = none. */
  proprioceptionFeatures: z.int().min(0),
  /** The embedding holds maps of a frozen trunk; absent = it is a vector. */
  spatial: spatialSchema.optional(),
  /** `q`: share of the spatial embeddings' weighted sums that is hidden from the actor in training; absent = 0. */
  spatialDropout: z.number().min(0).lt(1).optional(),
  /** `k`: embeddings kept of every observation, the recorded one and k − 1 of its pictures shifted at random; absent = 1. */
  views: count.optional(),
  /** Range of the policy's ln σ. */
  logStdRange: z.tuple([z.number(), z.number()]).readonly(),
  /** `discrete`: a DQN chooses to close, to stay or to open, when the task uses the gripper. */
  gripper: z.enum(['continuous', 'discrete']),
  /** Subtracted from the discrete gripper's reward when it closes an open gripper or opens a closed one. */
  gripperPenalty: z.number().min(0),
  /** γ */
  discount: z.number().min(0).max(1),
  /** τ */
  tau: z.number().min(0).max(1),
  learningRate: z.number().positive(),
  batchSize: count,
  /** Share of an online batch that comes from the demo buffer. */
  demoShare: z.number().min(0).max(1),
  /** C: critic updates, each on its own batch, per update of actor and temperature. */
  criticUpdates: count,
  /**
   * `sequential`: actor and temperature follow the last critic update and see its result. `simultaneous`: they see the
   * critics before it, and the temperature follows the entropy at s′.
   */
  order: z.enum(['sequential', 'simultaneous']),
  /** True when the target counts the entropy of the next action. */
  backupEntropy: z.boolean(),
  temperature: settingsObject({ form: z.enum(['exp', 'softplus']), initial: z.number().positive() }).readonly(),
  /** H* per dimension of the action that the task uses, the gripper's included. */
  targetEntropyPerDimension: z.number(),
  /** `cut`: the target is at least the return that followed, except before a takeover; `uncut`: there too. */
  mcFloor: z.enum(['off', 'uncut', 'cut']),
  /** Actor updates of an offline run whose spec names no number. */
  offlineSteps: count,
  /** Online: actor updates per environment step, once the RL buffer holds `trainingStarts` transitions. */
  actorUpdatesPerStep: z.number().positive(),
  trainingStarts: z.int().min(0),
  /** Standard deviation of the noise added to the policy's sample when it acts. */
  actingNoiseStd: z.number().min(0),
  /** `n`: steps summed into one reward before the target bootstraps. */
  nStep: count,
})
  .refine(({ critics, targetCritics }) => targetCritics <= critics, {
    path: ['targetCritics'],
    error: 'expected no more than `critics`: the subset is drawn without replacement',
  })
  .refine(({ logStdRange: [low, high] }) => low <= high, {
    path: ['logStdRange'],
    error: 'expected the lower bound first',
  })
  .readonly();
export type SoftActorCriticConfig = z.infer<typeof configSchema>;
