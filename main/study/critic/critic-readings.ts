/**
 * Reads a run's critics on recorded steps: Q(s, a) of every executed action of the given episodes, by the weights of
 * the run's newest checkpoint, beside the discounted return from there on.
 *
 * The return is the one that the critics are taught. After a terminal step there is none. After a time-out, where the
 * target bootstraps, the return goes on as if the goal were never reached: G = r + γ · r_step / (1 − γ), the least it
 * can be. Critics that are taught a soft value (RLPD `paper`: entropy in the target) or a pessimistic one are read
 * without a correction.
 */
import { openLearningSource } from '../../../data/learning/learning.ts';
import { createTransitionPool, type TransitionPool } from '../../../data/learning/transition-pool.ts';
import { PROPRIOCEPTION_SIZE, PROPRIOCEPTION_STACK } from '../../api/observation.ts';
import type { RunSpec } from '../../api/run.ts';
import { TASKS } from '../../api/task.ts';
import { readCheckpoint } from '../../learn/run/checkpoint.ts';
import { runFolder } from '../../learn/run/run-folder.ts';
import { isUsable, observationSizes } from '../../learn/run/run-observation.ts';
import { configureRun } from '../../learn/run/run-settings.ts';
import { createEmbedder } from '../../learn/run/trainer/embed-missing.ts';
import { expectFinite, TrainingError } from '../../learn/run/training-error.ts';
import { readEncoderManifest } from '../../models/encoder-manifest.ts';
import type { Compiled } from '../../tensor/backend.ts';
import { createOrtBackend } from '../../tensor/backends/ort.ts';
import { mean } from '../statistics.ts';

export interface CriticReading {
  readonly episodeId: number;
  /** Mean of Q(s, a) over the critics, which the policy climbs. */
  readonly mean: number;
  /** Minimum over the critics, which the target uses. */
  readonly least: number;
  /** G, the discounted return from this step on. */
  readonly return: number;
}

export interface CriticRequest {
  readonly projectFolder: string;
  readonly runId: number;
  readonly spec: RunSpec;
  /** Folder of the episodes: the project's own or another one. */
  readonly episodesIn: string;
  /** Number of steps by episode. An episode without all its pictures is left out. */
  readonly episodes: ReadonlyMap<number, number>;
  readonly encoderManifestPath: string | undefined;
}

/** Number of steps that are evaluated at once. */
const ROWS = 256;

/** `step` of the result: actor updates of the checkpoint. */
export async function readCritics(request: CriticRequest) {
  const { spec, runId, encoderManifestPath } = request;
  const files = runFolder(request.projectFolder, runId);
  const checkpoint = readCheckpoint(files.checkpoint);
  if (!checkpoint)
    throw new TrainingError(`run ${runId} has no checkpoint`, 'Let it work for half a minute, or name another run.');
  const algorithm = configureRun(spec, files);
  const encoder = encoderManifestPath === undefined ? undefined : readEncoderManifest(encoderManifestPath);
  const sizes = observationSizes(spec, encoder?.embeddingSize);
  const critic = checkpoint.arrays['critic'];
  const step = algorithm.criticStep(sizes, ROWS);
  if (!step || !critic)
    throw new TrainingError(`${spec.algorithm} has no Q`, 'Name a run of conrft, cal-ql, rlpd or hil-serl.');
  const expected = step.inputs['critic']?.shape[0];
  if (expected !== critic.length)
    throw new TrainingError(
      `the critics of run ${runId} have ${critic.length} numbers, those of its settings with this encoder have ${expected}`,
      'Name the encoder that the run was trained with.',
    );
  const { discount } = algorithm.settings;
  const pool = createTransitionPool({
    embeddingSize: sizes.embedding,
    proprioceptionSize: PROPRIOCEPTION_SIZE,
    stack: PROPRIOCEPTION_STACK,
    discount,
  });
  await fillPool(pool, request, encoder?.sha256);
  const compiled = await createOrtBackend({ threads: 1 }).compile(step, { name: `${spec.algorithm}-critics` });
  try {
    const read = await readSteps(compiled, critic, pool, wholeEpisodes(pool, request.episodes));
    const returns = returnsOf(read, discount, TASKS[spec.task].rewardPerStep);
    return {
      step: checkpoint.header.counters['updates'] ?? 0,
      discount,
      readings: read.map(({ episodeId, mean, least }, at) => ({ episodeId, mean, least, return: returns[at] ?? 0 })),
    };
  } finally {
    await compiled.dispose();
  }
}

/** Reads the episodes from the store, and computes embeddings that are missing. */
async function fillPool(
  pool: TransitionPool,
  { spec, episodesIn, episodes, encoderManifestPath }: CriticRequest,
  encoderSha256: string | undefined,
): Promise<void> {
  const source = openLearningSource({
    folder: episodesIn,
    pool,
    accepts: (episode) => episodes.has(episode.id) && isUsable(spec, episode),
    encoderSha256,
  });
  const embedder = createEmbedder(source, pool, { manifestPath: encoderManifestPath, seed: spec.seed });
  try {
    source.load();
    await embedder.embedMissing();
    expectFinite(pool);
  } finally {
    await embedder.dispose();
    source.close();
  }
}

type ReadStep = Omit<CriticReading, 'return'> & RecordedStep;

async function readSteps(
  compiled: Compiled,
  critic: Float32Array,
  pool: TransitionPool,
  rows: Int32Array,
): Promise<ReadStep[]> {
  const batch = pool.createBatch(ROWS);
  const read: ReadStep[] = [];
  for (let first = 0; first < rows.length; first += ROWS) {
    const some = rows.subarray(first, first + ROWS);
    some.forEach((row, at) => {
      pool.readTransition(row, batch, at);
    });
    const { values } = await compiled.run({
      critic,
      ...(batch.embedding.length > 0 && { embedding: batch.embedding }),
      proprioception: batch.proprioception,
      action: batch.action,
    });
    some.forEach((row, at) => {
      // Results of this backend are float32.
      const perCritic = column(values?.data as Float32Array, at);
      read.push({
        episodeId: pool.episodeIdOf(row),
        mean: mean(perCritic),
        least: Math.min(...perCritic),
        reward: batch.reward[at] ?? 0,
        terminated: batch.mask[at] === 0,
      });
    });
  }
  return read;
}

/** Returns the rows of the episodes that can be read whole, in order. */
function wholeEpisodes(pool: TransitionPool, steps: ReadonlyMap<number, number>): Int32Array {
  const rows = pool.rows('all');
  const found = Map.groupBy(rows, (row) => pool.episodeIdOf(row));
  return rows.filter((row) => found.get(pool.episodeIdOf(row))?.length === steps.get(pool.episodeIdOf(row)));
}

/** Returns the values of row `at`, [E], from [E, ROWS]. */
function column(values: Float32Array, at: number): number[] {
  return Array.from({ length: values.length / ROWS }, (_, critic) => values[critic * ROWS + at] ?? Number.NaN);
}

export interface RecordedStep {
  readonly episodeId: number;
  readonly reward: number;
  readonly terminated: boolean;
}

/** Returns the discounted returns of whole episodes, which follow each other in the order of their steps. */
export function returnsOf(steps: readonly RecordedStep[], discount: number, rewardPerStep: number): number[] {
  const returns = new Array<number>(steps.length).fill(0);
  const never = rewardPerStep / (1 - discount);
  let [following, episodeId] = [0, -1];
  for (let at = steps.length - 1; at >= 0; at--) {
    const step = steps[at]!;
    if (step.episodeId !== episodeId) following = step.terminated ? 0 : never;
    episodeId = step.episodeId;
    following = step.reward + discount * following;
    returns[at] = following;
  }
  return returns;
}
