/**
 * Makes a reward classifier from start to end: reads a project's labelled frames, splits them by episode, trains,
 * scores the held-out frames with the exported model, and chooses the threshold. The folder `classifiers/<n>/` appears
 * whole or not at all.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LabelledEpisode, openLabelledFrames } from '../../../data/learning/labelled-frames.ts';
import { classifierManifestSchema } from '../../api/classifier.ts';
import { type ObservationKind, PROPRIOCEPTION_SIZE } from '../../api/observation.ts';
import { createRng } from '../../api/rng.ts';
import type { TaskId } from '../../api/task.ts';
import { writeFolderAtomically } from '../../models/atomic-files.ts';
import { loadEncoder } from '../../models/encoder-runtime.ts';
import { createOrtBackend, loadOrtSession } from '../../tensor/backends/ort.ts';
import {
  ClassifierDataError,
  expectFiniteFrames,
  featuresOf,
  framesBySource,
  sideOf,
  splitByEpisode,
  withEmbeddings,
} from './classifier-data.ts';
import { type MadeClassifier, manifestIn, nextClassifierFolder, writeClassifierManifest } from './classifier-folder.ts';
import { chooseThreshold, type ScoredFrame, thresholdCurve } from './classifier-threshold.ts';
import {
  CLASSIFIER_CONFIG,
  type ClassifierConfig,
  type ClassifierSizes,
  classifierModel,
  standardisationOf,
  trainClassifier,
} from './reward-classifier.ts';

export interface ClassifierJob {
  readonly projectFolder: string;
  readonly task: TaskId;
  readonly observation: ObservationKind;
  readonly encoderManifestPath: string | undefined;
  /** False for labels given by people only. */
  readonly rule: boolean;
  /** True to read proprioception too; by default pictures only. */
  readonly proprioception?: boolean;
  readonly seed: number;
  readonly createdAtMs: number;
  readonly config?: ClassifierConfig;
  readonly onUpdate?: (done: number, total: number) => void;
}

const MODEL = 'classifier.onnx';

/** Rejects with a `ClassifierDataError` when the project lacks data. */
export async function makeClassifier(job: ClassifierJob): Promise<MadeClassifier> {
  const config = job.config ?? CLASSIFIER_CONFIG;
  const { episodes, encoderSha256 } = await readEpisodes(job);
  const rng = createRng(job.seed).split('reward classifier');
  const split = splitByEpisode(episodes, rng.split('split'));
  const embedding = episodes[0]?.frames[0]?.embedding?.length ?? 0;
  const sizes: ClassifierSizes = { embedding, proprioception: job.proprioception ? PROPRIOCEPTION_SIZE : 0 };
  const frames = featuresOf(split.training, sizes);
  const standardisation = standardisationOf(frames, sizes);
  const weights = await trainClassifier({
    backend: createOrtBackend({ threads: 1 }),
    sizes,
    config,
    frames,
    standardisation,
    rng: rng.split('training'),
    onUpdate: (done) => job.onUpdate?.(done, config.updates),
  });
  const model = classifierModel(sizes, config, standardisation, weights);
  const scored = await score(model, sizes, split.heldOut);
  const threshold = chooseThreshold(scored);
  const { number, folder } = nextClassifierFolder(job.projectFolder);
  const manifest = classifierManifestSchema.parse({
    kind: 'classifier',
    name: `classifier-${number}`,
    task: job.task,
    observation: job.observation,
    model: MODEL,
    sha256: createHash('sha256').update(model).digest('hex'),
    embeddingSize: sizes.embedding,
    proprioceptionSize: sizes.proprioception,
    encoderSha256,
    threshold,
    ruleThreshold: threshold,
    seed: job.seed,
    updates: config.updates,
    frames: framesBySource(episodes),
    training: sideOf(split.training),
    heldOut: sideOf(split.heldOut),
    curve: thresholdCurve(scored, threshold),
    createdAtMs: job.createdAtMs,
  });
  writeFolderAtomically(folder, (temporary) => {
    writeFileSync(join(temporary, MODEL), model);
    writeClassifierManifest(temporary, manifest);
  });
  return { manifest, manifestPath: manifestIn(folder) };
}

async function readEpisodes(job: ClassifierJob) {
  const { observation, task, rule } = job;
  if (observation === 'blind' || (observation === 'pixels' && job.encoderManifestPath === undefined))
    throw new ClassifierDataError(
      `There is nothing to look at with observation '${observation}'${observation === 'pixels' ? ' and no encoder' : ''}.`,
      'Use pixels with an encoder, or state.',
    );
  const encoder =
    observation === 'pixels' && job.encoderManifestPath !== undefined
      ? await loadEncoder(job.encoderManifestPath)
      : undefined;
  const source = openLabelledFrames(job.projectFolder);
  try {
    const encoderSha256 = encoder?.manifest.sha256;
    const labelled = source.episodes({ task, observation, encoderSha256, rule });
    const episodes = await withEmbeddings(source, labelled, encoder);
    expectFiniteFrames(episodes, job.proprioception ?? false);
    if (episodes.length === 0)
      throw new ClassifierDataError(
        `The project holds no labelled pictures of the task ${task}.`,
        'Record episodes with their verdicts, or label moments with P and Shift+P.',
      );
    return { episodes, encoderSha256 };
  } finally {
    source.close();
    await encoder?.dispose();
  }
}

/** Scores every held-out frame with the model in its final form. */
async function score(
  model: Uint8Array,
  sizes: ClassifierSizes,
  episodes: readonly LabelledEpisode[],
): Promise<ScoredFrame[]> {
  const session = await loadOrtSession(model, { threads: 1 });
  try {
    const scored: ScoredFrame[] = [];
    for (const { embedding, proprioception, label } of episodes.flatMap(({ frames }) => frames)) {
      const { logit } = await session.run({
        embedding: { shape: [1, embedding!.length], data: embedding! },
        ...(sizes.proprioception > 0 && { proprioception: { shape: [1, sizes.proprioception], data: proprioception } }),
      });
      scored.push({ logit: Number(logit!.data[0]), positive: label === 'positive' });
    }
    return scored;
  } finally {
    await session.dispose();
  }
}
