/**
 * Brings finished episodes from a project into a transition pool, in the trainer's process: its own read-only
 * connection, short reads, no thread. The read position is the number of the newest event read. `load(limit)` reads
 * nothing newer than `limit`, so a resumed or replayed run sees the same data in the same order.
 */
import type { Actor } from '../../main/api/action.ts';
import type { Outcome } from '../../main/api/episode.ts';
import type { CameraFrame } from '../../main/api/observation.ts';
import { float32Of } from '../blobs.ts';
import { type Database, openForReading } from '../database.ts';
import { newestSequence } from '../mark.ts';
import { createQueries, type EpisodeRow } from '../reading/queries.ts';
import type { PoolEpisode, PoolEvent } from './pool-types.ts';
import type { TransitionPool } from './transition-pool.ts';

export interface LearningOptions {
  readonly folder: string;
  readonly pool: TransitionPool;
  /** True for episodes to learn from, for example those of one task and one kind of observation. Default: all. */
  readonly accepts?: (episode: EpisodeRow) => boolean;
  /** Embeddings of another encoder count as missing. */
  readonly encoderSha256?: string | undefined;
}

export type LearningSource = ReturnType<typeof openLearningSource>;

interface EventRow {
  readonly sequence: number;
  readonly kind: 'end' | PoolEvent['kind'];
  readonly episodeId: number;
  readonly outcome: Outcome | null;
  readonly refersTo: number | null;
}

const EVENTS = `
SELECT sequence, kind, episode_id AS episodeId, outcome, refers_to AS refersTo FROM verdict
WHERE sequence > ? AND sequence <= ?
UNION ALL
SELECT sequence, kind, episode_id, NULL, refers_to FROM rl_buffer WHERE kind <> 'add' AND sequence > ? AND sequence <= ?
ORDER BY sequence`;

interface StepRow {
  readonly actor: Actor;
  readonly idle: number;
  readonly action: Uint8Array;
  readonly reward: number;
  readonly terminated: number;
  readonly truncated: number;
}

/** Reads a whole episode, as recorded. `isUsable`: whether embeddings of an encoder may be used. */
function createEpisodeReader(database: Database, isUsable: (encoderSha256: string | null) => boolean) {
  const steps = database.prepare<[number], StepRow>(
    `SELECT actor, idle, action, reward, terminated, truncated FROM "transition" WHERE episode_id = ? ORDER BY step_index`,
  );
  const observations = database.prepare<[number], { proprioception: Uint8Array; vector: Uint8Array | null }>(
    `SELECT proprioception, vector FROM observation LEFT JOIN embedding ON embedding.observation_id = observation.id
     WHERE episode_id = ? ORDER BY observation_index`,
  );
  const createMembership = (table: 'rl_buffer' | 'demo_buffer') => {
    const added = database.prepare<[number], { readonly first_step: number; readonly end_step: number }>(
      `SELECT first_step, end_step FROM ${table} WHERE episode_id = ? AND kind = 'add'`,
    );
    return (episodeId: number, count: number): Uint8Array => {
      const flags = new Uint8Array(count);
      for (const { first_step, end_step } of added.all(episodeId)) flags.fill(1, first_step, end_step);
      return flags;
    };
  };
  const rlMembers = createMembership('rl_buffer');
  const demoMembers = createMembership('demo_buffer');

  return ({ id, task, mode, policy, actingNoiseStd, encoderSha256 }: EpisodeRow, outcome: Outcome): PoolEpisode => {
    const rows = steps.all(id);
    const inRl = rlMembers(id, rows.length);
    const inDemo = demoMembers(id, rows.length);
    const embedded = isUsable(encoderSha256);
    return {
      id,
      task,
      mode,
      outcome,
      driver: policy === null ? undefined : { policy, actingNoiseStd },
      observations: observations.all(id).map(({ proprioception, vector }) => ({
        proprioception: float32Of(proprioception),
        embedding: vector && embedded ? float32Of(vector) : undefined,
      })),
      steps: rows.map((step, index) => ({
        actor: step.actor,
        idle: step.idle === 1,
        action: float32Of(step.action),
        reward: step.reward,
        terminated: step.terminated === 1,
        truncated: step.truncated === 1,
        rl: inRl[index] === 1,
        demo: inDemo[index] === 1,
      })),
    };
  };
}

export function openLearningSource({ folder, pool, accepts, encoderSha256 }: LearningOptions) {
  const database = openForReading(folder);
  const queries = createQueries(database);
  const events = database.prepare<[number, number, number, number], EventRow>(EVENTS);
  const lateVector = database
    .prepare<[number, number], Uint8Array>(
      `SELECT vector FROM embedding JOIN observation ON observation.id = embedding.observation_id
       WHERE episode_id = ? AND observation_index = ?`,
    )
    .pluck();
  const isUsable = (encoder: string | null) =>
    pool.options.embeddingSize > 0 && (encoderSha256 === undefined || encoder === encoderSha256);
  const readEpisode = createEpisodeReader(database, isUsable);
  const encoderOf = new Map<number, string | null>();
  let cursor = 0;

  /** Fetches embeddings that the recorder stored after the episode had been read. */
  const fetchLate = () => {
    for (const { row, episodeId, index, views } of pool.missingEmbeddings()) {
      if (views > 0 || !isUsable(encoderOf.get(episodeId) ?? null)) continue;
      const vector = lateVector.get(episodeId, index);
      if (vector) pool.setEmbedding(row, float32Of(vector));
    }
  };
  return {
    /**
     * Returns how much was loaded, and the number of the newest event that has been read. A checkpoint stores it, and
     * `load` can stop there again. `corrections` counts those of episodes loaded earlier or now.
     */
    load(limitSequence = Number.MAX_SAFE_INTEGER) {
      const limit = Math.min(limitSequence, newestSequence(database));
      const before = pool.transitionCount();
      let [episodes, corrections] = [0, 0];
      fetchLate();
      for (const { kind, outcome, refersTo, sequence, episodeId } of events.all(cursor, limit, cursor, limit)) {
        if (kind === 'end') {
          const row = queries.episodeRow(episodeId);
          if (!row || !(accepts?.(row) ?? true)) continue;
          encoderOf.set(episodeId, row.encoderSha256);
          pool.addEpisode(readEpisode(row, outcome ?? 'aborted'));
          episodes++;
          continue;
        }
        if (pool.hasEpisode(episodeId)) corrections++;
        const change = { outcome: outcome ?? undefined, refersTo: refersTo ?? undefined };
        pool.applyEvent({ kind, sequence, episodeId, ...change });
      }
      cursor = Math.max(cursor, limit);
      return { newestSequence: cursor, episodes, transitions: pool.transitionCount() - before, corrections };
    },
    /** Observations to embed: read the pictures with `readFrames`, then call `pool.setEmbedding` from view `views` on. */
    missingEmbeddings: pool.missingEmbeddings,
    readFrames: (episodeId: number, index: number): readonly CameraFrame[] =>
      queries.pictures(episodeId, index)?.frames ?? [],
    newestSequence: () => newestSequence(database),
    close: (): void => {
      database.close();
    },
  };
}
