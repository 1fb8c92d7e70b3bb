/** Settings of PPO as a run: those of `ppo-config.ts` that it shares, and what a run's trainer asks of every algorithm. */
import { z } from 'zod';
import { PPO, ppoConfigSchema } from '../../../../test/learn/ppo-rollouts-config.ts';
import { settingsObject } from '../../policies/settings-object.ts';

/** Those of `ppo-config.ts` that a run has too. */
const shared = ppoConfigSchema.unwrap().pick({
  hidden: true,
  layerNorm: true,
  discount: true,
  gaeLambda: true,
  clipRatio: true,
  valueCoefficient: true,
  entropyCoefficient: true,
  maxGradientNorm: true,
  initialStd: true,
  penalty: true,
});

export const ppoRunConfigSchema = settingsObject({
  ...shared.shape,
  /** Of behaviour cloning, in the offline stage. */
  offlineLearningRate: z.number().positive(),
  /** Of the policy, online. */
  policyLearningRate: z.number().positive(),
  criticLearningRate: z.number().positive(),
  /** The policy waits for newer episodes while the ratios of so large a share of its own steps have left 1 ± ε; 1 = it never waits. */
  maxClipFraction: z.number().min(0).max(1),
  /** Rewards are multiplied by it, so that returns are of the size of 1 whatever a task pays. */
  rewardScale: z.number().positive(),
  /** Taken from the reward of a step after which a person took over, before the scale. */
  takeoverCost: z.number().min(0),
  /** β · KL(π‖π_ref) on the policy's own states and on those of the demo buffer. */
  reference: settingsObject({
    /** Where it begins. */
    beta: z.number().min(0),
    /** β grows while the KL (nat) is above this and shrinks while it is below; 0 = β stays. */
    targetKl: z.number().min(0),
  }).readonly(),
  /** M: its own newest episodes, from which an update learns. */
  episodes: z.int().positive(),
  /** So many online updates teach the critic alone. */
  criticWarmupUpdates: z.int().min(0),
  batchSize: z.int().min(2),
  /** What is drawn from the buffers are demonstrations' states, for the KL; the rest are the newest episodes. */
  demoShare: z.literal(1),
  offlineSteps: z.int().positive(),
  actorUpdatesPerStep: z.number().positive(),
  trainingStarts: z.int().min(0),
  /** The policy's graph draws its actions itself; noise on top of it would make its probabilities untrue. */
  actingNoiseStd: z.literal(0),
}).readonly();
export type PpoRunConfig = z.infer<typeof ppoRunConfigSchema>;

export const PPO_RUN: PpoRunConfig = {
  hidden: [128, 128], // as the other policies of the cell
  layerNorm: true,
  discount: 0.98, // as the other algorithms in the cell
  gaeLambda: PPO.gaeLambda,
  clipRatio: PPO.clipRatio,
  valueCoefficient: PPO.valueCoefficient,
  entropyCoefficient: PPO.entropyCoefficient,
  policyLearningRate: 2e-5, // at CleanRL's 3e-4 a few updates take most ratios out of the clipped range: the nets are wide and σ is small
  criticLearningRate: PPO.learningRate,
  maxClipFraction: 0.3,
  maxGradientNorm: PPO.maxGradientNorm,
  initialStd: 0.15,
  penalty: 0,
  offlineLearningRate: 1e-3,
  rewardScale: 0.1, // a success pays 10
  takeoverCost: 5, // half of a success
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
