/** Fine-tuning runs: request, plan, state and metrics, and the libraries that can compute them. */
import { z } from 'zod';
import { observationKindSchema } from './observation.ts';
import { taskIdSchema } from './task.ts';

/**
 * `conrft`, `rlpd` and `hil-serl` learn from reward; so does `cal-ql`, which is ConRFT without imitation. `imitation`
 * is behaviour cloning with any policy head: offline it is SFT on the demonstrations, online it is HG-DAgger. `ppo`
 * clones the demonstrations offline and learns online from the reward of its own newest episodes.
 */
export const algorithmSchema = z.enum(['conrft', 'cal-ql', 'rlpd', 'hil-serl', 'imitation', 'ppo']);
export type AlgorithmName = z.infer<typeof algorithmSchema>;
/** `cell` holds the settings that work in the simulated cell. Some algorithms lack some presets. */
export const presetSchema = z.enum(['cell', 'paper', 'released-code']);
export type PresetName = z.infer<typeof presetSchema>;
export const stageSchema = z.enum(['offline', 'online']);
export type Stage = z.infer<typeof stageSchema>;

/**
 * The library and the processor that compute a training run. The person who starts the run chooses; nothing is
 * substituted.
 */
export const backendSchema = z.enum(['onnxruntime-cpu', 'onnxruntime-webgpu', 'onnxruntime-cuda', 'tensorflow']);
export type BackendName = z.infer<typeof backendSchema>;
export const DEFAULT_BACKEND: BackendName = 'onnxruntime-cpu';

interface BackendFacts {
  /** A name of a word or two, for narrow places. */
  readonly short: string;
  /** The whole name. */
  readonly title: string;
  /** Tells a person what to do when this backend does not work. */
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

/** The recipes of `main/learn/recipes/`: settings of an algorithm and the measure of their result, as data. */
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
  /** The settings of this recipe replace the preset's. */
  recipe: recipeSchema.optional(),
  /** Settings of the algorithm that differ from the preset's, by name. A group may name only some of its settings. */
  settings: z.record(z.string(), z.json()).readonly().optional(),
  stage: stageSchema,
  task: taskIdSchema,
  observation: observationKindSchema,
  /** Number of actor updates. An online run without it goes on until it is cancelled. */
  steps: z.int().positive().optional(),
  seed: z.int(),
  /** The library and processor that compute the run; `DEFAULT_BACKEND` when absent. */
  backend: backendSchema.optional(),
  /** Name of the policy to start from. Absent in a spec: fresh weights; absent in a request: the policy in use. */
  startFrom: z.string().optional(),
});
export const runSpecSchema = runSpecFields.readonly();
/** Value of `startFrom` in a request for fresh weights although a policy is in use. */
export const FRESH_WEIGHTS = 'fresh';
/** The fields that a person chose. The engine fills in the others from the project and its state. */
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
    /** Number of actor updates made, and the number requested. */
    step: z.int(),
    steps: z.int().optional(),
    updatesPerSec: z.number(),
    secondsLeft: z.number().optional(),
    /** Online: actor updates that are due for the recorded steps and not made yet; 0 when the run has caught up. */
    owed: z.int().optional(),
    /** Newest value of each metric, by name; it is the newest point of the metric's curve. */
    metrics: z.record(z.string(), z.number()).readonly(),
    /** Step of the newest metrics. */
    metricsStep: z.int().optional(),
    /** Name of the newest published policy. */
    policy: z.string().optional(),
    message: z.string().optional(),
    remedy: z.string().optional(),
  })
  .readonly();
export type RunStatus = z.infer<typeof runStatusSchema>;

/** The algorithms, presets and recipes that a run may have. */
export const runOptionsSchema = z
  .object({
    algorithms: z.array(z.object({ name: algorithmSchema, presets: z.array(presetSchema).readonly() })).readonly(),
    recipes: z
      .array(z.object({ name: recipeSchema, title: z.string(), algorithm: algorithmSchema, preset: presetSchema }))
      .readonly(),
  })
  .readonly();
export type RunOptions = z.infer<typeof runOptionsSchema>;

/** Data that Fine-tune needs before it can start: how much there is, and how much is needed. */
export const readinessSchema = z
  .object({
    ready: z.boolean(),
    needs: z.array(z.object({ label: z.string(), have: z.number(), need: z.number() })).readonly(),
  })
  .readonly();
export type Readiness = z.infer<typeof readinessSchema>;

/** A run as it would be if it were started now. Planning changes nothing. */
export const runPlanSchema = z
  .object({
    spec: runSpecSchema,
    needs: readinessSchema.unwrap().shape.needs,
    /** Why the run cannot start as requested. */
    problem: z.object({ message: z.string(), remedy: z.string() }).optional(),
    /** Why the run begins with fresh weights although a policy is in use. */
    freshBecause: z.string().optional(),
    /** Number of actor updates. Absent: the run goes on until it is cancelled. */
    steps: z.int().optional(),
    /** Online: updates that are due for what is recorded already. The run makes them first. */
    owed: z.int(),
    /** Online: actor updates per environment step. */
    updatesPerStep: z.number(),
    /** Share of each batch that comes from the demo buffer. */
    demoShare: z.number(),
    /**
     * Online: number of its own newest episodes that the run learns from; the demo buffer then gives states only.
     * Absent: the run learns from both buffers.
     */
    ownEpisodes: z.int().optional(),
    /** Speed of the newest run of this kind on this machine. Absent when there was none. */
    speed: z.object({ runId: z.int(), updatesPerSec: z.number() }).optional(),
  })
  .readonly();
export type RunPlan = z.infer<typeof runPlanSchema>;
