/** Fine-tuning runs: what is asked for, how they are going, what they cost. */
import { z } from 'zod';
import { observationKindSchema } from './observation.ts';
import { taskIdSchema } from './task.ts';

/**
 * `conrft` and `cal-ql` (its critic alone improves the policy, no imitation), `rlpd` and `hil-serl` learn from reward; `imitation` is behaviour cloning
 * with any policy head: offline it is SFT on the demonstrations, online it goes on as the corrections come in (HG-DAgger).
 */
export const algorithmSchema = z.enum(['conrft', 'cal-ql', 'rlpd', 'hil-serl', 'imitation']);
export type AlgorithmName = z.infer<typeof algorithmSchema>;
/** `paper` and `released-code` are what they say; `cell` is what was found to work in the simulated cell. Not every algorithm has all. */
export const presetSchema = z.enum(['cell', 'paper', 'released-code']);
export type PresetName = z.infer<typeof presetSchema>;
export const stageSchema = z.enum(['offline', 'online']);
export type Stage = z.infer<typeof stageSchema>;

/** The handbook's recipes (`main/learn/recipes/`): settings of an algorithm and how their result is judged, as data. */
export const recipeSchema = z.enum([
  'bc-baseline',
  'multi-modal',
  'precise-trajectories',
  'high-rate',
  'add-tactile',
  'rl-fine-tune',
]);
export type RecipeName = z.infer<typeof recipeSchema>;

const runSpecFields = z.object({
  algorithm: algorithmSchema,
  preset: presetSchema,
  /** Settings of this recipe instead of the preset's. */
  recipe: recipeSchema.optional(),
  stage: stageSchema,
  task: taskIdSchema,
  observation: observationKindSchema,
  /** Actor updates to make; an online run without it goes on for as long as it is fed. */
  steps: z.int().positive().optional(),
  seed: z.int(),
  /** Name of the policy to start from; undefined = fresh weights. */
  startFrom: z.string().optional(),
});
export const runSpecSchema = runSpecFields.readonly();
/** What a person may choose; the rest follows from the project and its state. */
export const runRequestSchema = runSpecFields.partial().readonly();
export type RunSpec = z.infer<typeof runSpecSchema>;

export const runStateSchema = z.enum(['waiting', 'running', 'finished', 'cancelled', 'failed']);
export type RunState = z.infer<typeof runStateSchema>;

export const runStatusSchema = z
  .object({
    id: z.int(),
    spec: runSpecSchema,
    state: runStateSchema,
    startedAtMs: z.number(),
    /** Actor updates made, and how many were asked for. */
    step: z.int(),
    steps: z.int().optional(),
    updatesPerSec: z.number(),
    secondsLeft: z.number().optional(),
    /** Newest value of each metric of the algorithm, by name. */
    metrics: z.record(z.string(), z.number()).readonly(),
    /** Newest published policy. */
    policy: z.string().optional(),
    message: z.string().optional(),
    remedy: z.string().optional(),
  })
  .readonly();
export type RunStatus = z.infer<typeof runStatusSchema>;

/** What Fine-tune needs before it can start, each line true or false with the reason in words. */
export const readinessSchema = z
  .object({
    ready: z.boolean(),
    needs: z.array(z.object({ label: z.string(), have: z.number(), need: z.number() })).readonly(),
  })
  .readonly();
export type Readiness = z.infer<typeof readinessSchema>;
