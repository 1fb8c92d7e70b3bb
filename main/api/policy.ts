/** The manifests of policies and encoders: everything that a runtime needs besides the ONNX file beside them. */
import { z } from 'zod';
import { ACTION_SIZE, actionMaskSchema } from './action.ts';
import { observationKindSchema } from './observation.ts';
import { recipeSchema } from './run.ts';
import { taskIdSchema } from './task.ts';

/** Shape of the maps of a convolutional trunk. Every camera has the same number of channels. */
const mapShapeSchema = z
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
    /** SHA-256 of the model file, hex. A policy names its encoder by this hash. */
    sha256: z.string().length(64),
    /** One uint8 NHWC input per camera. */
    cameras: z.array(z.object({ name: z.string(), input: z.string(), widthPx: z.int(), heightPx: z.int() })).readonly(),
    embeddingSize: z.int().positive(),
    /** Present when the embedding holds maps: one camera after the other, each [channels, height · width] row-major. */
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

/**
 * The manifest of a backbone: a network that turns any picture into maps, from which an encoder is made for the cameras at
 * hand (`main/models/backbone.ts`).
 */
export const backboneManifestSchema = z
  .object({
    kind: z.literal('backbone'),
    name: z.string().regex(/^[\w-]+$/, 'expected letters, digits, _ and -'),
    /** File name of the model, beside this manifest. */
    model: z.string(),
    /** SHA-256 of the model file, hex. */
    sha256: z.string().length(64),
    /** Name of the input: float32 [N, 3, side, side], red, green, blue in levels 0 … 255; N is 1 as written. */
    input: z.string(),
    sidePx: z.int().positive(),
    /** Name of the output: float32 [N, channels, height, width]. */
    output: z.string(),
    map: z.object({ channels: z.int().positive(), height: z.int().positive(), width: z.int().positive() }).readonly(),
    /** `source`: where the weights come from, and their licence. */
    trainedOn: z.object({ labels: z.string(), frames: z.int(), source: z.string() }).readonly(),
  })
  .readonly();
export type BackboneManifest = z.infer<typeof backboneManifestSchema>;

const headSchema = z.enum([
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
    /** K: actions in one chunk. */
    size: z.int().positive(),
    /** M ≤ K: actions that are executed before the next chunk is computed. */
    execute: z.int().positive(),
    /** Number of first actions that are dropped from a newer chunk, because their ticks have passed. */
    latencySteps: z.int().min(0),
    /** Temporal ensembling of overlapping chunks with weights exp(−rate·i), i = 0 the oldest. Absent: none. */
    ensembleRate: z.number().min(0).optional(),
  })
  .readonly();
export type ChunkExecution = z.infer<typeof chunkSchema>;

/** How a policy that ships was made, and how well it does alone on selection seeds. */
export const madeFromSchema = z
  .object({
    demonstrations: z.int().positive(),
    updates: z.int().positive(),
    measured: z
      .object({
        successes: z.int().min(0),
        episodes: z.int().positive(),
        /** 95 % interval of the success rate. */
        range: z.tuple([z.number().min(0).max(1), z.number().min(0).max(1)]).readonly(),
        actingNoiseStd: z.number().min(0),
      })
      .readonly()
      .optional(),
  })
  .readonly();
export type MadeFrom = z.infer<typeof madeFromSchema>;

/** Returns a sentence without its end, for example: "learned from 20 demonstrations, succeeds alone in 14 of 50 …". */
export function madeFromInWords({ demonstrations, measured }: MadeFrom): string {
  const learned = `learned from ${demonstrations} demonstrations`;
  if (!measured) return `${learned}, not measured yet`;
  const { successes, episodes } = measured;
  return `${learned}, succeeds alone in about ${successes} of ${episodes} (selection seeds)`;
}

export const policyManifestSchema = z
  .object({
    kind: z.literal('policy'),
    /** Unique within a project folder, e.g. `starter-lift` or `run-3/1200`. */
    name: z.string(),
    head: headSchema,
    /** Number of standard normal values that one evaluation takes; 0 when the graph has no input `noise`. */
    noiseSize: z.int().min(0).default(ACTION_SIZE),
    /** Present when the output is `actions` [1, K, A]. Absent when it is one `action` [1, A]. */
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
    /** True when the gripper's command is a choice of −1, 0 and 1. */
    discreteGripper: z.boolean().optional(),
    encoderSha256: z.string().optional(),
    /** Standard deviation of the Gaussian noise that is added to an action when acting. */
    actingNoiseStd: z.number().min(0),
    trainedSteps: z.int(),
    /** The recipe of the policy's run. It tells by which measure the policy is judged. */
    recipe: recipeSchema.optional(),
    /** Present in a policy that ships. */
    madeFrom: madeFromSchema.optional(),
    /**
     * SHA-256 of the two files and of this manifest without its last field, hex. Policies of older versions have none.
     */
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
