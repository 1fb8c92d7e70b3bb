/** Fine-tuning runs: what is asked for, how they are going, what they cost. */
import { z } from 'zod';
import { observationKindSchema } from './observation.ts';
import { taskIdSchema } from './task.ts';

/**
 * `conrft` and `cal-ql` (its critic alone improves the policy, no imitation), `rlpd` and `hil-serl` learn from reward; `imitation` is behaviour cloning
 * with any policy head: offline it is SFT on the demonstrations, online it goes on as the corrections come in (HG-DAgger);
 * `ppo` clones the demonstrations offline and learns online from the reward of its own newest episodes alone.
 */
export const algorithmSchema = z.enum(['conrft', 'cal-ql', 'rlpd', 'hil-serl', 'imitation', 'ppo']);
export type AlgorithmName = z.infer<typeof algorithmSchema>;
/** `paper` and `released-code` are what they say; `cell` is what was found to work in the simulated cell. Not every algorithm has all. */
export const presetSchema = z.enum(['cell', 'paper', 'released-code']);
export type PresetName = z.infer<typeof presetSchema>;
export const stageSchema = z.enum(['offline', 'online']);
export type Stage = z.infer<typeof stageSchema>;

export const backendSchema = z.enum(['onnxruntime-cpu', 'onnxruntime-webgpu', 'onnxruntime-cuda', 'tensorflow']);
export type BackendName = z.infer<typeof backendSchema>;
export const DEFAULT_BACKEND: BackendName = 'onnxruntime-cpu';

export interface BackendFacts {
  /** Where there is room for a word or two. */
  readonly short: string;
  /** For people. */
  readonly title: string;
  /** What to do where it does not work. */
  readonly remedy: string;
}

export const BACKENDS: Readonly<Record<BackendName, BackendFacts>> = {
  'onnxruntime-cpu': {
    short: 'Processor',
    title: 'ONNX Runtime on the processor',
    remedy: 'It comes with the program: install the dependencies again with npm ci.',
  },
  'onnxruntime-webgpu': {
    short: 'Graphics card, WebGPU',
    title: 'ONNX Runtime on a graphics card, by WebGPU',
    remedy:
      "It comes with the program and needs a graphics driver: on Linux Vulkan (libvulkan1 and the card's own driver, such as mesa-vulkan-drivers), on macOS Metal, on Windows D3D12.",
  },
  'onnxruntime-cuda': {
    short: 'NVIDIA card, CUDA',
    title: 'ONNX Runtime on an NVIDIA card, by CUDA',
    remedy:
      'Linux x64 with an NVIDIA driver, CUDA 12 and cuDNN 9. Add the provider with: ONNXRUNTIME_NODE_INSTALL=true node node_modules/onnxruntime-node/script/install.js (fetches some hundred MB from nuget.org).',
  },
  tensorflow: {
    short: 'NVIDIA card, TensorFlow',
    title: 'TensorFlow on an NVIDIA card, by tfjs-node-gpu',
    remedy:
      'npm install --no-save @tensorflow/tfjs-node-gpu@4 downloads some 400 MB; it needs an NVIDIA driver, CUDA 11 and cuDNN 8.',
  },
};

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
  /** Settings of the algorithm that differ from the preset's, by name; groups may be given in part. */
  settings: z.record(z.string(), z.json()).readonly().optional(),
  stage: stageSchema,
  task: taskIdSchema,
  observation: observationKindSchema,
  /** Actor updates to make; an online run without it goes on for as long as it is fed. */
  steps: z.int().positive().optional(),
  seed: z.int(),
  /** What computes it; the default where absent. */
  backend: backendSchema.optional(),
  /** Name of the policy to start from; undefined = fresh weights. */
  startFrom: z.string().optional(),
});
export const runSpecSchema = runSpecFields.readonly();
/** In a request, as the policy to start from: none, though a policy is in use. */
export const FRESH_WEIGHTS = 'fresh';
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
    /** Online: actor updates that recorded steps have earned and that are still to be made; 0 = it has caught up. */
    owed: z.int().optional(),
    /** Newest value of each metric of the algorithm, by name: the newest point of each curve. */
    metrics: z.record(z.string(), z.number()).readonly(),
    /** The step of that point. */
    metricsStep: z.int().optional(),
    /** Newest published policy. */
    policy: z.string().optional(),
    message: z.string().optional(),
    remedy: z.string().optional(),
  })
  .readonly();
export type RunStatus = z.infer<typeof runStatusSchema>;

/** What can be asked for: algorithms, each with its presets. */
export const runOptionsSchema = z
  .object({
    algorithms: z.array(z.object({ name: algorithmSchema, presets: z.array(presetSchema).readonly() })).readonly(),
    recipes: z
      .array(z.object({ name: recipeSchema, title: z.string(), algorithm: algorithmSchema, preset: presetSchema }))
      .readonly(),
  })
  .readonly();
export type RunOptions = z.infer<typeof runOptionsSchema>;

/** What Fine-tune needs before it can start, each line true or false with the reason in words. */
export const readinessSchema = z
  .object({
    ready: z.boolean(),
    needs: z.array(z.object({ label: z.string(), have: z.number(), need: z.number() })).readonly(),
  })
  .readonly();
export type Readiness = z.infer<typeof readinessSchema>;

/** What a run would be if it were started now: nothing is done yet. */
export const runPlanSchema = z
  .object({
    spec: runSpecSchema,
    needs: readinessSchema.unwrap().shape.needs,
    /** Why it cannot be started as it was asked for. */
    problem: z.object({ message: z.string(), remedy: z.string() }).optional(),
    /** Why it begins with fresh weights, where a policy is in use. */
    freshBecause: z.string().optional(),
    /** Actor updates it will make; absent = it goes on until it is cancelled. */
    steps: z.int().optional(),
    /** Online: updates that what is recorded has earned already; they come first. */
    owed: z.int(),
    /** Online: actor updates per environment step. */
    updatesPerStep: z.number(),
    /** Share of its batches that comes from the demo buffer. */
    demoShare: z.number(),
    /** Online: it learns from so many of its own newest episodes alone, and reads the demo buffer for its states; absent = from both buffers. */
    ownEpisodes: z.int().optional(),
    /** How fast the newest run of this kind was on this machine; absent = there was none. */
    speed: z.object({ runId: z.int(), updatesPerSec: z.number() }).optional(),
  })
  .readonly();
export type RunPlan = z.infer<typeof runPlanSchema>;
