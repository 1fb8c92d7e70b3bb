/** Settings of PPO, named as in the paper (Schulman et al. 2017, arXiv 1707.06347) and in CleanRL. */
import { z } from 'zod';
import { settingsObject } from '../../main/learn/policies/settings-object.ts';

export const ppoConfigSchema = settingsObject({
  hidden: z.array(z.int().positive()).min(1).readonly(),
  /** LayerNorm after each Dense; without it the layers are Dense → tanh. */
  layerNorm: z.boolean(),
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
  learningRate: z.number().positive(),
  maxGradientNorm: z.number().positive(),
  /** Passes over a rollout, each in so many minibatches. */
  epochs: z.int().positive(),
  minibatches: z.int().positive(),
  /** The remaining passes over a rollout are left out once the new policy is so far (KL, nat) from the one that acted; 0 = never. */
  targetKl: z.number().min(0),
  /** So many rollouts teach the critic alone. */
  criticWarmup: z.int().min(0),
  /** Standard deviation of a fresh policy's actions: a base policy has to survive its own exploration. */
  initialStd: z.number().positive(),
  /** β · KL(π‖π_ref) on the states of the rollout, and on those of demonstrations. */
  reference: settingsObject({
    beta: z.number().min(0),
    onDemonstrations: z.boolean(),
    /** β is doubled or halved after a rollout to keep the KL near this; 0 = β stays. */
    targetKl: z.number().min(0),
  }).readonly(),
  /** λ of the hinge² penalty. */
  penalty: z.number().min(0),
}).readonly();
export type PpoConfig = z.infer<typeof ppoConfigSchema>;

export const PPO: PpoConfig = {
  hidden: [64, 64], // CleanRL
  layerNorm: false, // CleanRL; before the first tanh it hides how large a small observation is
  discount: 0.99, // CleanRL
  gaeLambda: 0.95, // CleanRL
  clipRatio: 0.2, // CleanRL
  valueCoefficient: 0.5, // CleanRL
  entropyCoefficient: 0, // CleanRL
  learningRate: 3e-4, // CleanRL
  maxGradientNorm: 0.5, // CleanRL
  epochs: 5, // few passes: the policy comes from imitation and must not run away from its rollout
  minibatches: 4,
  targetKl: 0.03, // CleanRL's scripts suggest 0.01–0.03
  criticWarmup: 1, // a fresh critic's advantages are noise
  initialStd: 0.2, // CleanRL has 1, which drowns an imitated policy
  reference: { beta: 0, onDemonstrations: false, targetKl: 0 },
  penalty: 0,
};
