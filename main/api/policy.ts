/** The manifest that travels with a policy or an encoder: everything a runtime needs besides the ONNX file beside it. */
import { z } from 'zod';
import { ACTION_SIZE, actionMaskSchema } from './action.ts';
import { observationKindSchema } from './observation.ts';
import { recipeSchema } from './run.ts';
import { taskIdSchema } from './task.ts';

/** Maps of a convolutional trunk, of every camera as many. */
export const mapShapeSchema = z
  .object({
    cameras: z.int().positive(),
    height: z.int().positive(),
    width: z.int().positive(),
    channels: z.int().positive(),
  })
  .readonly();
export type MapShape = z.infer<typeof mapShapeSchema>;

export const encoderManifestSchema = z
  .object({
    kind: z.literal('encoder'),
    name: z.string(),
    /** File name of the model, beside this manifest. */
    model: z.string(),
    /** SHA-256 of the model file, hex; a policy names the encoder it was trained on by it. */
    sha256: z.string().length(64),
    /** One uint8 NHWC input per camera. */
    cameras: z.array(z.object({ name: z.string(), input: z.string(), widthPx: z.int(), heightPx: z.int() })).readonly(),
    embeddingSize: z.int().positive(),
    /** The embedding holds maps, one camera after the other, each [channels, height · width] row-major; absent = it is a vector. */
    maps: mapShapeSchema.optional(),
    output: z.string(),
    trainedOn: z.object({ labels: z.string(), frames: z.int(), seedRange: z.string() }).readonly(),
    holdOut: z.record(z.string(), z.number()).readonly(),
  })
  .refine(
    ({ maps, embeddingSize }) => !maps || maps.cameras * maps.height * maps.width * maps.channels === embeddingSize,
    { path: ['maps'], error: 'expected as many numbers as `embeddingSize` says' },
  )
  .readonly();
export type EncoderManifest = z.infer<typeof encoderManifestSchema>;

export const headSchema = z.enum([
  'consistency',
  'mse',
  'gaussian',
  'gmm',
  'categorical',
  'categorical-autoregressive',
  'diffusion',
  'flow',
  'tanh-gaussian',
]);
export type HeadName = z.infer<typeof headSchema>;

/** A policy that predicts K actions at a time, and how its chunks are executed (`main/policy/chunk-executor.ts`). */
export const chunkSchema = z
  .object({
    /** K */
    size: z.int().positive(),
    /** M ≤ K: actions executed before the policy is asked again. */
    execute: z.int().positive(),
    /** First actions of a newer chunk to drop, because they were meant for ticks that have passed. */
    latencySteps: z.int().min(0),
    /** Temporal ensembling of overlapping chunks: weights exp(−rate·i), i = 0 the oldest; absent = none. */
    ensembleRate: z.number().min(0).optional(),
  })
  .readonly();
export type ChunkExecution = z.infer<typeof chunkSchema>;

export const policyManifestSchema = z
  .object({
    kind: z.literal('policy'),
    /** Unique within a project folder, e.g. `starter` or `run-3/1200`. */
    name: z.string(),
    head: headSchema,
    /** Numbers of standard normal noise that one evaluation takes; 0 = the graph has no input `noise`. */
    noiseSize: z.int().min(0).default(ACTION_SIZE),
    /** Absent: one action at a time, output `action` [1, A]; else output `actions` [1, K, A]. */
    chunk: chunkSchema.optional(),
    task: taskIdSchema,
    observation: observationKindSchema,
    /** ONNX graph that takes its weights as inputs, beside this manifest. */
    graph: z.string(),
    /** Flat float32 file of all weights, in the order of `parameters`. */
    weights: z.string(),
    parameters: z.array(z.object({ name: z.string(), shape: z.array(z.int()).readonly() })).readonly(),
    embeddingSize: z.int(),
    proprioceptionSize: z.int(),
    actionMask: actionMaskSchema,
    /** The gripper's command is a choice of −1, 0 and 1, where the task uses it. */
    discreteGripper: z.boolean().optional(),
    encoderSha256: z.string().optional(),
    /** Standard deviation of gaussian noise added to the action when acting; 0 = none. */
    actingNoiseStd: z.number().min(0),
    trainedSteps: z.int(),
    /** The recipe that its run followed: it says what the policy is judged by. */
    recipe: recipeSchema.optional(),
    /** SHA-256 of the two files and of this manifest without its last field, hex; absent in policies of older versions. */
    graphSha256: z.string().length(64).optional(),
    weightsSha256: z.string().length(64).optional(),
    manifestSha256: z.string().length(64).optional(),
  })
  .readonly();
export type PolicyManifest = z.infer<typeof policyManifestSchema>;

/** The name of a policy that a run has published: `run-<id>/<step>`. `parsePolicyName` is its inverse. */
export const policyNameOf = (runId: number, step: number): string => `run-${runId}/${step}`;

/** Returns `undefined` for a policy that no run of this project has published, such as the starter. */
export function parsePolicyName(name: string): { readonly runId: number; readonly step: number } | undefined {
  const [, runId, step] = /^run-(\d+)\/(\d+)$/.exec(name) ?? [];
  return runId === undefined || step === undefined ? undefined : { runId: Number(runId), step: Number(step) };
}
