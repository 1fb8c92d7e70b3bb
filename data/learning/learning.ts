/**
 * Brings finished episodes from a project into a transition pool, in the trainer's process: its own read-only
 * connection, short reads, no thread. The read position is one number, the newest event. `load(limit)` reads nothing
 * newer than `limit` (the sequence of a mark, see `mark.ts`). A resumed or replayed run therefore sees the same data in
 * the same order. Without a limit it reads everything stored until now.
 */
import type { Actor } from '../../main/api/action.ts';
import type { Outcome } from '../../main/api/episode.ts';
import type { CameraFrame } from '../../main/api/observation.ts';
import { openForReading } from '../database.ts';
import { newestSequence } from '../mark.ts';
import { createQueries, type EpisodeRow } from '../reading/queries.ts';
import { float32Of } from '../rows.ts';
import type { MissingEmbedding, PoolEpisode, PoolEvent, PoolStep } from './pool-types.ts';
import type { TransitionPool } from './transition-pool.ts';

export interface LearningOptions {
  readonly folder: string;
  readonly pool: TransitionPool;
  /** Which episodes to learn from, for example those of one task and one kind of observation. */
  readonly accepts?: (episode: EpisodeRow) => boolean;
  /** Embeddings of another encoder count as missing. */
  readonly encoderSha256?: string | undefined;
}

export interface Loaded {
  /** The newest event that has been read: hand it to a checkpoint, and to `load` to stop there again. */
  readonly newestSequence: number;
  readonly episodes: number;
  readonly transitions: number;
  /** Corrections of episodes loaded earlier or now. */
  readonly corrections: number;
}

export interface LearningSource {
  load(limitSequence?: number): Loaded;
  /** Observations to embed from `readFrames`, then `pool.setEmbedding(row, …, view)`, from view `views` on. */
  missingEmbeddings(): readonly MissingEmbedding[];
  readFrames(episodeId: number, index: number): readonly CameraFrame[];
  newestSequence(): number;
  close(): void;
}

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

export function openLearningSource(options: LearningOptions): LearningSource {
  const { pool } = options;
  const database = openForReading(options.folder);
  const queries = createQueries(database);
  const events = database.prepare<[number, number, number, number], EventRow>(EVENTS);
  const steps = database.prepare<[number], StepRow>(
    `SELECT actor, idle, action, reward, terminated, truncated FROM "transition" WHERE episode_id = ? ORDER BY step_index`,
  );
  const observations = database.prepare<[number], { proprioception: Uint8Array; vector: Uint8Array | null }>(
    `SELECT proprioception, vector FROM observation LEFT JOIN embedding ON embedding.observation_id = observation.id
     WHERE episode_id = ? ORDER BY observation_index`,
  );
  const added = (table: 'rl_buffer' | 'demo_buffer') =>
    database.prepare<[number], { readonly first_step: number; readonly end_step: number }>(
      `SELECT first_step, end_step FROM ${table} WHERE episode_id = ? AND kind = 'add'`,
    );
  const addedToRl = added('rl_buffer');
  const addedToDemo = added('demo_buffer');
  const lateVector = database
    .prepare<[number, number], Uint8Array>(
      `SELECT vector FROM embedding JOIN observation ON observation.id = embedding.observation_id
       WHERE episode_id = ? AND observation_index = ?`,
    )
    .pluck();
  const encoderOf = new Map<number, string | null>();
  let cursor = 0;

  const members = (statement: typeof addedToRl, episodeId: number, count: number): Uint8Array => {
    const flags = new Uint8Array(count);
    for (const { first_step, end_step } of statement.all(episodeId)) flags.fill(1, first_step, end_step);
    return flags;
  };
  const usable = (encoderSha256: string | null) =>
    pool.options.embeddingSize > 0 && (options.encoderSha256 === undefined || encoderSha256 === options.encoderSha256);

  const read = (row: EpisodeRow, outcome: Outcome): PoolEpisode => {
    const stepRows = steps.all(row.id);
    const inRl = members(addedToRl, row.id, stepRows.length);
    const inDemo = members(addedToDemo, row.id, stepRows.length);
    const embedded = usable(row.encoderSha256);
    return {
      id: row.id,
      task: row.task,
      mode: row.mode,
      outcome,
      driver: row.policy === null ? undefined : { policy: row.policy, actingNoiseStd: row.actingNoiseStd },
      observations: observations.all(row.id).map(({ proprioception, vector }) => ({
        proprioception: float32Of(proprioception),
        embedding: vector && embedded ? float32Of(vector) : undefined,
      })),
      steps: stepRows.map(
        (step, index): PoolStep => ({
          actor: step.actor,
          idle: step.idle === 1,
          action: float32Of(step.action),
          reward: step.reward,
          terminated: step.terminated === 1,
          truncated: step.truncated === 1,
          rl: inRl[index] === 1,
          demo: inDemo[index] === 1,
        }),
      ),
    };
  };

  /** Embeddings that the recorder stored after the episode had been read. */
  const fetchLate = () => {
    for (const { row, episodeId, index, views } of pool.missingEmbeddings()) {
      if (views > 0 || !usable(encoderOf.get(episodeId) ?? null)) continue;
      const vector = lateVector.get(episodeId, index);
      if (vector) pool.setEmbedding(row, float32Of(vector));
    }
  };

  return {
    load(limitSequence = Number.MAX_SAFE_INTEGER) {
      const limit = Math.min(limitSequence, newestSequence(database));
      const before = pool.transitionCount();
      let episodes = 0;
      let corrections = 0;
      fetchLate();
      if (limit > cursor) {
        for (const event of events.all(cursor, limit, cursor, limit)) {
          const { kind, outcome, refersTo, sequence, episodeId } = event;
          if (kind !== 'end') {
            if (pool.hasEpisode(episodeId)) corrections++;
            pool.applyEvent({
              ...{ kind, sequence, episodeId },
              outcome: outcome ?? undefined,
              refersTo: refersTo ?? undefined,
            });
            continue;
          }
          const row = queries.episodeRow(episodeId);
          if (!row || !(options.accepts?.(row) ?? true)) continue;
          encoderOf.set(episodeId, row.encoderSha256);
          pool.addEpisode(read(row, outcome ?? 'aborted'));
          episodes++;
        }
        cursor = limit;
      }
      return { newestSequence: cursor, episodes, transitions: pool.transitionCount() - before, corrections };
    },
    missingEmbeddings: () => pool.missingEmbeddings(),
    readFrames: (episodeId, index) => queries.pictures(episodeId, index)?.frames ?? [],
    newestSequence: () => newestSequence(database),
    close: () => {
      database.close();
    },
  };
}
