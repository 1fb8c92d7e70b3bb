/**
 * What a run's critics said of recorded steps, beside what came of them: Q(s, a) of every executed action of the given episodes,
 * by the weights of the run's newest checkpoint, and the discounted return from there on.
 *
 * A return is the one that the critics are taught: what a terminal step ends has no future; a time-out goes on (the target
 * bootstraps), here as if nothing were ever reached, G = r + γ · r_step / (1 − γ), which is the least it can be. Of a critic that is taught
 * a soft value (RLPD `paper`: entropy in the target) and of a pessimistic one it is said as it is, without a correction.
 */
import { openLearningSource } from '../../../data/learning/learning.ts';
import type { TransitionBatch } from '../../../data/learning/pool-types.ts';
import { createTransitionPool, type TransitionPool } from '../../../data/learning/transition-pool.ts';
import { PROPRIOCEPTION_SIZE, PROPRIOCEPTION_STACK } from '../../api/observation.ts';
import type { RunSpec } from '../../api/run.ts';
import { TASKS } from '../../api/task.ts';
import type { ConfiguredAlgorithm } from '../../learn/algorithms/algorithm-registry.ts';
import { type Checkpoint, readCheckpoint } from '../../learn/run/checkpoint.ts';
import { createEmbedder } from '../../learn/run/embed-missing.ts';
import { expectFinite } from '../../learn/run/expect-finite.ts';
import { runFolder } from '../../learn/run/run-folder.ts';
import { isUsable, observationSizes } from '../../learn/run/run-observation.ts';
import { configureRun } from '../../learn/run/run-settings.ts';
import { TrainingError } from '../../learn/run/training-error.ts';
import { readEncoderManifest } from '../../models/encoder-manifest.ts';
import { createOrtBackend } from '../../tensor/ort.ts';

export interface CriticReading {
  readonly episodeId: number;
  /** Mean over the critics of Q(s, a): what the policy climbs. */
  readonly mean: number;
  /** The least of them: what the target takes. */
  readonly least: number;
  /** G, the discounted return from this step on. */
  readonly return: number;
}

export interface CriticRequest {
  readonly projectFolder: string;
  readonly runId: number;
  readonly spec: RunSpec;
  /** Where the episodes are: the project's own folder, or another one. */
  readonly episodesIn: string;
  /** Which of them, and how long they are; one of which pictures are missing is left out. */
  readonly episodes: ReadonlyMap<number, number>;
  readonly encoderManifestPath: string | undefined;
}

export interface CriticReadings {
  /** Actor updates of the checkpoint. */
  readonly step: number;
  /** γ */
  readonly discount: number;
  readonly readings: readonly CriticReading[];
}

/** Steps evaluated at once. */
const ROWS = 256;

export async function readCritics(request: CriticRequest): Promise<CriticReadings> {
  const { spec, encoderManifestPath } = request;
  const { checkpoint, algorithm } = checkpointOf(request);
  const encoder = encoderManifestPath === undefined ? undefined : readEncoderManifest(encoderManifestPath);
  const sizes = observationSizes(spec, encoder?.embeddingSize);
  const step = algorithm.criticStep(sizes, ROWS);
  const critic = checkpoint.arrays['critic'];
  if (!step || !critic)
    throw new TrainingError(`${spec.algorithm} has no Q`, 'Name a run of conrft, cal-ql, rlpd or hil-serl.');
  const expected = step.inputs['critic']?.shape[0];
  if (expected !== critic.length)
    throw new TrainingError(
      `the critics of run ${request.runId} have ${critic.length} numbers, those of its settings with this encoder have ${expected}`,
      'Name the encoder that the run was trained with.',
    );

  const pool = createTransitionPool({
    embeddingSize: sizes.embedding,
    proprioceptionSize: PROPRIOCEPTION_SIZE,
    stack: PROPRIOCEPTION_STACK,
    discount: algorithm.settings.discount,
  });
  const source = openLearningSource({
    folder: request.episodesIn,
    pool,
    accepts: (episode) => request.episodes.has(episode.id) && isUsable(spec, episode),
    encoderSha256: encoder?.sha256,
  });
  const embedder = createEmbedder(source, pool, { manifestPath: encoderManifestPath, seed: spec.seed });
  const compiled = await createOrtBackend({ threads: 1 }).compile(step, { name: `${spec.algorithm}-critics` });
  try {
    source.load();
    await embedder.embedMissing();
    expectFinite(pool);
    const rows = wholeEpisodes(pool, request.episodes);
    const batch = pool.createBatch(ROWS);
    const stored: Recorded[] = [];
    const readings: Omit<CriticReading, 'return'>[] = [];
    for (let first = 0; first < rows.length; first += ROWS) {
      const some = rows.subarray(first, first + ROWS);
      some.forEach((row, at) => {
        pool.readTransition(row, batch, at);
      });
      const { values } = await compiled.run({
        critic,
        ...(sizes.embedding > 0 && { embedding: batch.embedding }),
        proprioception: batch.proprioception,
        action: batch.action,
      });
      some.forEach((row, at) => {
        const episodeId = pool.episodeIdOf(row);
        const said = column(values?.data as Float32Array, at); // this backend's results are float32
        readings.push({ episodeId, mean: meanOf(said), least: Math.min(...said) });
        stored.push(recorded(episodeId, batch, at));
      });
    }
    const returns = returnsOf(stored, algorithm.settings.discount, TASKS[spec.task].rewardPerStep);
    return {
      step: checkpoint.header.counters['updates'] ?? 0,
      discount: algorithm.settings.discount,
      readings: readings.map((reading, at) => ({ ...reading, return: returns[at] ?? 0 })),
    };
  } finally {
    await compiled.dispose();
    await embedder.dispose();
    source.close();
  }
}

function checkpointOf({ projectFolder, runId, spec }: CriticRequest): {
  readonly checkpoint: Checkpoint;
  readonly algorithm: ConfiguredAlgorithm;
} {
  const files = runFolder(projectFolder, runId);
  const checkpoint = readCheckpoint(files.checkpoint);
  if (!checkpoint)
    throw new TrainingError(`run ${runId} has no checkpoint`, 'Let it work for half a minute, or name another run.');
  return { checkpoint, algorithm: configureRun(spec, files) };
}

/** The transitions of those episodes of which every one can be read, in order. */
function wholeEpisodes(pool: TransitionPool, steps: ReadonlyMap<number, number>): Int32Array {
  const rows = pool.rows('all');
  const found = new Map<number, number>();
  for (const row of rows) found.set(pool.episodeIdOf(row), (found.get(pool.episodeIdOf(row)) ?? 0) + 1);
  return rows.filter((row) => found.get(pool.episodeIdOf(row)) === steps.get(pool.episodeIdOf(row)));
}

/** [E, ROWS] → the values of row `at`, [E]. */
function column(values: Float32Array, at: number): number[] {
  return Array.from({ length: values.length / ROWS }, (_, critic) => values[critic * ROWS + at] ?? Number.NaN);
}

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

export interface Recorded {
  readonly episodeId: number;
  readonly reward: number;
  readonly terminated: boolean;
}

const recorded = (episodeId: number, batch: TransitionBatch, at: number): Recorded => ({
  episodeId,
  reward: batch.reward[at] ?? 0,
  terminated: batch.mask[at] === 0,
});

/** Discounted returns of whole episodes, one after the other in the order of their steps. */
export function returnsOf(steps: readonly Recorded[], discount: number, rewardPerStep: number): number[] {
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
