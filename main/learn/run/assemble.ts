/** Assembles a training run: settings, store, pool, encoder, learner, files. */
import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { openLearningSource } from '../../../data/learning/learning.ts';
import { createTransitionPool } from '../../../data/learning/transition-pool.ts';
import { openRunStore } from '../../../data/runs.ts';
import type { Clock } from '../../api/clock.ts';
import { PROPRIOCEPTION_SIZE, PROPRIOCEPTION_STACK } from '../../api/observation.ts';
import type { FromTrainer, TrainerConfig } from '../../api/processes/trainer-messages.ts';
import { DEFAULT_BACKEND, type RunSpec, runSpecSchema } from '../../api/run.ts';
import { readEncoderManifest } from '../../models/encoder-manifest.ts';
import { toOnnx } from '../../tensor/onnx/to-onnx.ts';
import {
  type Learner,
  type ObservationSizes,
  offlineUpdates,
  ShapeError,
  type TrainingSettings,
  taskLength,
} from '../algorithms/algorithm.ts';
import type { ConfiguredAlgorithm } from '../algorithms/algorithm-registry.ts';
import { exportPolicy, type PolicyFiles, readPolicy } from '../policies/export-policy.ts';
import { createBackend } from './backends.ts';
import { readCheckpoint } from './checkpoint.ts';
import { createRestorableRng } from './restorable-rng.ts';
import { claimRunFolder, policyOrigin, runFolder } from './run-folder.ts';
import { isUsable, observationSizes } from './run-observation.ts';
import { configureRun, keepSettings } from './run-settings.ts';
import { createEmbedder } from './trainer/embed-missing.ts';
import { onPolicySteps } from './trainer/on-policy-steps.ts';
import { createTrainer } from './trainer/trainer.ts';
import { TrainingError } from './training-error.ts';

export async function assembleTrainer(config: TrainerConfig, clock: Clock, report: (message: FromTrainer) => void) {
  const trainer: TrainerConfig = { ...config, spec: runSpecSchema.parse(config.spec) };
  const { spec, projectFolder, runId } = trainer;
  const runs = openRunStore(projectFolder, clock);
  const row = runs.run(runId);
  const note = row && claimRunFolder(projectFolder, { id: runId, startedAtMs: row.startedAtMs });
  const files = runFolder(projectFolder, runId);
  const encoder = spec.observation === 'pixels' ? encoderOf(trainer) : undefined;
  const algorithm = configureRun(spec, files, encoder?.manifest.maps);
  const { settings } = algorithm;
  keepSettings(files, settings);

  const sizes = observationSizes(spec, encoder?.manifest.embeddingSize);
  const pool = poolFor(settings, sizes);
  const source = openLearningSource({
    folder: projectFolder,
    pool,
    accepts: (episode) => isUsable(spec, episode),
    encoderSha256: encoder?.manifest.sha256,
  });
  const rng = createRestorableRng(spec.seed);
  const backend = await createBackend(spec.backend ?? DEFAULT_BACKEND, { threads: trainer.threads });
  const steps = spec.steps ?? (spec.stage === 'offline' ? offlineUpdates(settings, spec.task) : undefined);
  const learner = await algorithm.createLearner({
    ...{ backend, stage: spec.stage, sizes, steps, rng },
    length: taskLength(spec.task),
  });
  const parameters = learner.policyParameters.map(({ name, shape }) => ({ name, shape }));
  const graph = toOnnx(algorithm.policyStep(sizes), { name: 'policy' });
  beginFrom(trainer, learner, encoder?.manifest.sha256);
  const embedder = createEmbedder(source, pool, { manifestPath: encoder?.manifestPath, seed: spec.seed });

  return {
    runs,
    checkpoint: files.checkpoint,
    trainer: createTrainer({
      trainer,
      settings,
      clock,
      rng,
      learner,
      pool,
      source,
      runs,
      files,
      report,
      note,
      hasCritics: algorithm.hasCritics,
      embedMissing: embedder.embedMissing,
      onPolicySteps: (episodes) => onPolicySteps(pool, episodes, (policy) => weightsOf(projectFolder, policy, learner)),
      exportPolicy: (step) =>
        exportPolicy(
          files.policy(step),
          {
            ...manifestHead(spec, algorithm, sizes),
            name: files.policyName(step),
            parameters,
            ...(encoder && { encoderSha256: encoder.manifest.sha256 }),
            trainedSteps: step,
          },
          graph,
          learner.policyWeights(),
        ),
    }),
    close: async () => {
      await embedder.dispose();
      await learner.dispose();
      source.close();
      runs.close();
    },
  };
}

function poolFor(settings: TrainingSettings, sizes: ObservationSizes) {
  return createTransitionPool({
    embeddingSize: sizes.embedding,
    proprioceptionSize: PROPRIOCEPTION_SIZE,
    stack: PROPRIOCEPTION_STACK,
    discount: settings.discount,
    nStep: settings.nStep ?? 1,
    views: settings.views ?? 1,
    gripperInForce: settings.gripper === 'open-or-close',
    takeoverPenalty: settings.takeoverPenalty ?? 0,
  });
}

/** The part of a manifest that is constant over a run. */
function manifestHead(spec: RunSpec, { policyHead, settings }: ConfiguredAlgorithm, sizes: ObservationSizes) {
  return {
    ...policyHead,
    task: spec.task,
    observation: spec.observation,
    embeddingSize: sizes.embedding,
    proprioceptionSize: sizes.proprioception,
    actionMask: sizes.actionMask,
    actingNoiseStd: settings.actingNoiseStd,
    ...(spec.recipe && { recipe: spec.recipe }),
  };
}

function encoderOf({ encoderManifestPath }: TrainerConfig) {
  if (encoderManifestPath === undefined)
    throw new TrainingError(
      'a run on pixels needs an encoder',
      'Name one, or choose the observation `state` or `blind`.',
    );
  return { manifestPath: encoderManifestPath, manifest: readEncoderManifest(encoderManifestPath) };
}

/** Starts with the weights of the spec's policy, and with the critics of the run that made it when they fit. */
function beginFrom({ spec, projectFolder }: TrainerConfig, learner: Learner, encoderSha256: string | undefined): void {
  if (spec.startFrom === undefined) return;
  const origin = policyOrigin(projectFolder, spec.startFrom);
  const policy = readPolicy(origin.manifestPath);
  expectSame(policy, spec, learner, encoderSha256);
  const arrays: Record<string, Float32Array> = { actor: policy.weights };
  const checkpoint = origin.checkpoint === undefined ? undefined : readCheckpoint(origin.checkpoint);
  const own = learner.state().arrays;
  for (const name of ['critic', 'criticTarget', 'temperature']) {
    const values = checkpoint?.arrays[name];
    if (values && values.length === own[name]?.length) arrays[name] = values;
  }
  learner.startFrom({ arrays, counters: checkpoint?.header.counters ?? {} });
}

/** Weights of a policy of this run's kind; `undefined` when there is none of that name or it is of another kind. */
function weightsOf(projectFolder: string, name: string, learner: Learner): Float32Array | undefined {
  const { manifestPath } = policyOrigin(projectFolder, name);
  if (!existsSync(manifestPath)) return undefined;
  const { manifest, weights } = readPolicy(manifestPath);
  return isDeepStrictEqual(shapes(manifest.parameters), shapes(learner.policyParameters)) ? weights : undefined;
}

const shapes = (parameters: readonly { readonly name: string; readonly shape: readonly number[] }[]) =>
  parameters.map(({ name, shape }) => `${name} [${shape.join(', ')}]`);

function expectSame(
  { manifest }: PolicyFiles,
  spec: RunSpec,
  learner: Learner,
  encoderSha256: string | undefined,
): void {
  const names = new Set(manifest.parameters.map(({ name }) => name));
  const required = learner.policyParameters.filter(({ name, mayBeNew }) => !mayBeNew || names.has(name));
  const [found, expected] = [shapes(manifest.parameters), shapes(required)];
  const at = expected.findIndex((each, index) => each !== found[index]);
  const remedy = 'Start from a policy with the same preset, observation kind and encoder, or from fresh weights.';
  if (at >= 0 || found.length !== expected.length)
    throw new ShapeError(
      `policy ${manifest.name} does not fit: found ${found[at] ?? `${found.length} parameters`}, expected ${expected[at] ?? expected.length}`,
      remedy,
    );
  if (manifest.task !== spec.task)
    throw new ShapeError(`policy ${manifest.name} is for the task ${manifest.task}, this run for ${spec.task}`, remedy);
  if (spec.observation === 'pixels' && manifest.encoderSha256 !== encoderSha256)
    throw new ShapeError(`policy ${manifest.name} was trained on another encoder`, remedy);
}
