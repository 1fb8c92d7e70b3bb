/** Settings of PPO as a run, named as in the paper (Schulman et al. 2017, arXiv 1707.06347) and in CleanRL. */
import { z } from 'zod';
import { settingsObject } from '../../policies/settings-object.ts';
import { spatialSchema } from '../spatial-settings.ts';

export const ppoConfigSchema = settingsObject({
  hidden: z.array(z.int().positive()).min(1).readonly(),
  /** LayerNorm after each Dense; without it the layers are Dense → tanh. */
  layerNorm: z.boolean(),
  /** The embedding holds maps of a frozen trunk; absent = it is a vector. */
  spatial: spatialSchema.optional(),
  /** γ */
  discount: z.number().min(0).max(1),
  /** λ of the generalised advantage estimate. */
  gaeLambda: z.number().min(0).max(1),
  /** ε */
  clipRatio: z.number().positive(),
  /** c_v */
  valueCoefficient: z.number().min(0),
  /** c_e */
  entropyCoefficient: z.number().min(0),
  maxGradientNorm: z.number().positive(),
  /** Standard deviation of a fresh policy's actions. It must be small enough for an imitated policy to survive its exploration. */
  initialStd: z.number().positive(),
  /** λ of the hinge² penalty. */
  penalty: z.number().min(0),
  /** Learning rate of behaviour cloning, in the offline stage. */
  offlineLearningRate: z.number().positive(),
  /** Learning rates of the online stage. */
  policyLearningRate: z.number().positive(),
  criticLearningRate: z.number().positive(),
  /** The policy waits for newer episodes while more than this share of its ratios have left 1 ± ε; 1 = it never waits. */
  maxClipFraction: z.number().min(0).max(1),
  /** Factor on the rewards, so that returns are about 1 whatever a task pays. */
  rewardScale: z.number().positive(),
  /** Subtracted from the reward of a step after which a person took over, before the scale. */
  takeoverCost: z.number().min(0),
  /** β · KL(π‖π_ref) on the policy's own states and on those of the demo buffer. */
  reference: settingsObject({
    /** Initial β. */
    beta: z.number().min(0),
    /** β grows while the KL (nat) is above this and shrinks while it is below; 0 = β is constant. */
    targetKl: z.number().min(0),
  }).readonly(),
  /** M: an update learns from the policy's own M newest episodes. */
  episodes: z.int().positive(),
  /** Number of online updates that train the critic alone. */
  criticWarmupUpdates: z.int().min(0),
  batchSize: z.int().min(2),
  /** The batch from the buffers holds demonstrations' states for the KL; everything else comes from the newest episodes. */
  demoShare: z.literal(1),
  offlineSteps: z.int().positive(),
  actorUpdatesPerStep: z.number().positive(),
  trainingStarts: z.int().min(0),
  /** The policy's graph samples its actions; further noise would falsify their probabilities. */
  actingNoiseStd: z.literal(0),
}).readonly();
export type PpoConfig = z.infer<typeof ppoConfigSchema>;

/** The preset `cell`. */
export const PPO_CELL: PpoConfig = {
  hidden: [128, 128], // As the other policies of the cell
  layerNorm: true,
  discount: 0.98, // As the other algorithms in the cell
  gaeLambda: 0.95, // CleanRL
  clipRatio: 0.2, // CleanRL
  valueCoefficient: 0.5, // CleanRL
  entropyCoefficient: 0, // CleanRL
  policyLearningRate: 2e-5, // At CleanRL's 3e-4 a few updates clip most ratios, because the nets are wide and σ is small
  criticLearningRate: 3e-4, // CleanRL
  maxClipFraction: 0.3,
  maxGradientNorm: 0.5, // CleanRL
  initialStd: 0.15, // CleanRL has 1, which drowns an imitated policy
  penalty: 0,
  offlineLearningRate: 1e-3,
  rewardScale: 0.1, // A success pays 10
  takeoverCost: 5, // Half of a success
  reference: { beta: 0, targetKl: 0 },
  episodes: 8,
  criticWarmupUpdates: 100,
  batchSize: 256,
  demoShare: 1,
  offlineSteps: 1000,
  actorUpdatesPerStep: 0.25,
  trainingStarts: 200,
  actingNoiseStd: 0,
};
