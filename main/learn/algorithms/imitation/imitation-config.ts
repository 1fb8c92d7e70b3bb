/**
 * Settings of imitation. `cell` does what ConRFT's offline stage does in the simulated cell with β = 1, η = 0 and no
 * critics, so that SFT and HG-DAgger can be compared with ConRFT. `paper` is Diffusion Policy (Chi et al. 2023) on a
 * frozen encoder's features.
 */
import { z } from 'zod';
import { ACTION_SIZE } from '../../../api/action.ts';
import { chunkSchema } from '../../../api/policy.ts';
import type { PresetName } from '../../../api/run.ts';
import { LOSS_NAMES } from '../../losses/loss-registry.ts';
import { headOptionsSchema } from '../../policies/heads.ts';
import { normaliserSchema } from '../../policies/normaliser.ts';
import { settingsObject } from '../../policies/settings-object.ts';
import { spatialSchema } from '../spatial-settings.ts';
import { teacherSchema, touchSchema } from './imitation-touch.ts';

const lossTermSchema = settingsObject({
  name: z.enum(LOSS_NAMES),
  weight: z.number(),
  /** The head's actions that the loss applies to; by default the first that suits the loss. */
  on: z.enum(['prediction', 'mean', 'denoised', 'components']).optional(),
  options: z.record(z.string(), z.union([z.number(), z.boolean(), z.string(), z.array(z.number())])).optional(),
}).readonly();

const imitationConfigSchema = settingsObject({
  head: headOptionsSchema,
  chunk: settingsObject(chunkSchema.unwrap().shape).readonly(),
  hidden: z.array(z.int().positive()).min(1).readonly(),
  /** Width of Dense → LayerNorm → tanh over the proprioception; 0 = none. */
  proprioceptionFeatures: z.int().min(0),
  /** The embedding holds maps of a frozen trunk; absent = it is a vector. */
  spatial: spatialSchema.optional(),
  normaliser: normaliserSchema,
  /** The policy's use of touch; see `imitation-touch.ts`. */
  touch: touchSchema.default('seen'),
  /** When present, the policy that the run starts from stays as a teacher. */
  teacher: teacherSchema.optional(),
  /** Learning rate of the base relative to that of a new sense's branch; 0 = frozen. */
  baseRate: z.number().min(0).max(1).default(1),
  /** `open-or-close`: a head of its own chooses, by cross-entropy, when the task uses the gripper. */
  gripper: z.enum(['continuous', 'open-or-close']).default('continuous'),
  /** L = Σ weight · loss, from `losses/loss-registry.ts`. */
  losses: z.array(lossTermSchema).min(1).readonly(),
  optimiser: settingsObject({
    learningRate: z.number().positive(),
    betas: z.tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)]).readonly(),
    weightDecay: z.number().min(0),
    /** Updates over which the learning rate rises. */
    warmupUpdates: z.int().min(0),
    /** Cosine decay needs a known number of updates: offline, or online with `steps`. */
    decay: z.enum(['constant', 'cosine']),
  }).readonly(),
  /** When present, a running average of the weights acts (`averageDecay` in `tensor/optimiser.ts`). */
  average: settingsObject({ power: z.number().positive(), max: z.number().min(0).lt(1) })
    .readonly()
    .optional(),
  batchSize: z.int().positive(),
  discount: z.number().min(0).max(1),
  demoShare: z.literal(1),
  offlineSteps: z.int().positive(),
  /** True: those are for `insert`; a task with longer demonstrations gets as many more. */
  scheduleByLength: z.boolean().default(false),
  actorUpdatesPerStep: z.number().positive(),
  trainingStarts: z.int().min(0),
  actingNoiseStd: z.number().min(0),
}).readonly();
export type ImitationConfig = z.infer<typeof imitationConfigSchema>;

const cell: ImitationConfig = {
  head: { name: 'consistency' },
  chunk: { size: 1, execute: 1, latencySteps: 0 },
  hidden: [128, 128],
  proprioceptionFeatures: 0,
  normaliser: 'none', // Actions are within [−1, 1], as for ConRFT
  touch: 'seen',
  baseRate: 1,
  gripper: 'open-or-close', // As ConRFT in the cell
  losses: [{ name: 'consistency', weight: 1 }],
  optimiser: { learningRate: 3e-4, betas: [0.9, 0.999], weightDecay: 0, warmupUpdates: 0, decay: 'constant' },
  average: { power: 0.75, max: 0.99 }, // As ConRFT in the cell
  batchSize: 256,
  discount: 0.98,
  demoShare: 1,
  offlineSteps: 1000,
  scheduleByLength: true, // As ConRFT in the cell
  actorUpdatesPerStep: 1,
  trainingStarts: 100,
  actingNoiseStd: 0.1,
};

const paper: ImitationConfig = {
  ...cell,
  head: { name: 'diffusion', target: 'epsilon', trainingSteps: 100, samplingSteps: 8 }, // Released code; DDIM 8 as on its robot
  chunk: { size: 16, execute: 8, latencySteps: 0 }, // Paper
  hidden: [256, 256],
  proprioceptionFeatures: 64,
  normaliser: 'min-max', // Paper
  gripper: 'continuous',
  losses: [{ name: 'diffusion', weight: 1 }],
  optimiser: { learningRate: 1e-4, betas: [0.95, 0.999], weightDecay: 1e-6, warmupUpdates: 500, decay: 'cosine' }, // Released code
  average: { power: 0.75, max: 0.9999 }, // Released code
  offlineSteps: 50_000,
  scheduleByLength: false,
  actingNoiseStd: 0,
};

export const IMITATION_PRESETS = { cell, paper } satisfies Partial<Record<PresetName, ImitationConfig>>;

/** Also refuses settings that are valid on their own but not together. */
export function parseImitationConfig(value: unknown): ImitationConfig {
  const config = imitationConfigSchema.parse(value);
  const { size: K, execute: M, latencySteps: L } = config.chunk;
  if (M + L > K)
    throw new RangeError(
      `chunk: ${M} executed actions after a latency of ${L} need a size of ${M + L} or more, not ${K}. Lower \`execute\` or raise \`size\`.`,
    );
  if (config.teacher && config.head.name !== 'mse' && config.head.name !== 'gaussian')
    throw new RangeError(`a teacher needs a head that predicts one action, mse or gaussian, not ${config.head.name}`);
  const dimensioned = config.losses.find(({ options }) => {
    const weights = options?.['dimensionWeights'];
    return Array.isArray(weights) && weights.length > ACTION_SIZE;
  });
  if (dimensioned)
    throw new RangeError(`loss ${dimensioned.name}: more weights than the ${ACTION_SIZE} dimensions of an action`);
  return config;
}
