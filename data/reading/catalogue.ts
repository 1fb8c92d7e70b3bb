/**
 * Reads all episodes of a project, and which cameras and pads the observations of one episode hold. An export uses this
 * to choose episodes and to decide on a dataset's layout. One statement reads all episodes, so a hundred thousand of
 * them take seconds.
 */
import type { Mode, Outcome } from '../../main/api/episode.ts';
import type { ObservationKind } from '../../main/api/observation.ts';
import type { TaskId } from '../../main/api/task.ts';
import type { Database } from '../database.ts';
import { hasEnded, isDiscarded, standingVerdict } from './standing.ts';

export interface CatalogueEntry {
  readonly id: number;
  readonly task: TaskId;
  readonly mode: Mode;
  readonly observation: ObservationKind;
  readonly periodMs: number;
  readonly steps: number;
  readonly ended: boolean;
  /** Outcome of the newest verdict. `undefined` while the episode runs. */
  readonly outcome: Outcome | undefined;
  readonly discarded: boolean;
  /** True when at least one step of the episode is in the buffer. */
  readonly inRlBuffer: boolean;
  readonly inDemoBuffer: boolean;
}

/** One camera, pad or robot state, and the number of observations before an action that hold it. */
export interface ContentCount {
  readonly what: string;
  readonly count: number;
}

export type EpisodeContents = Readonly<Record<'cameras' | 'pads' | 'joints', readonly ContentCount[]>>;

type CatalogueRow = Omit<CatalogueEntry, 'ended' | 'outcome' | 'discarded' | 'inRlBuffer' | 'inDemoBuffer'> & {
  readonly ended: number;
  readonly outcome: Outcome | null;
  readonly discarded: number;
  readonly inRlBuffer: number;
  readonly inDemoBuffer: number;
};

const CATALOGUE = `SELECT id, task, mode, observation, period_ms AS periodMs,
  (SELECT count(*) FROM "transition" WHERE episode_id = episode.id) AS steps,
  ${hasEnded('episode.id')} AS ended, (${standingVerdict('outcome', 'episode.id')}) AS outcome,
  ${isDiscarded('episode.id')} AS discarded,
  EXISTS (SELECT 1 FROM rl_buffer WHERE episode_id = episode.id AND kind = 'add') AS inRlBuffer,
  EXISTS (SELECT 1 FROM demo_buffer WHERE episode_id = episode.id AND kind = 'add') AS inDemoBuffer
  FROM episode ORDER BY id`;

/** Observations before an action. The last one of an episode has none. */
const BEFORE_ACTIONS = 'observation WHERE episode_id = ? AND observation_index < ?';

export function createCatalogue(database: Database) {
  const all = database.prepare<[], CatalogueRow>(CATALOGUE);
  const counted = (kind: string, table: string) =>
    database.prepare<[number, number], ContentCount>(
      `SELECT ${kind} AS what, count(*) AS count FROM ${table} WHERE observation_id IN (SELECT id FROM ${BEFORE_ACTIONS})
       GROUP BY what ORDER BY what`,
    );
  const cameras = counted("camera || ' ' || width_px || '×' || height_px", 'frame');
  const pads = counted("pad || ' ' || row_count || '×' || column_count", 'tactile');
  const joints = database.prepare<[number, number], ContentCount>(
    `SELECT (length(joint_positions_rad) / 8) || ' joints' AS what, count(*) AS count FROM ${BEFORE_ACTIONS} GROUP BY what ORDER BY what`,
  );
  return {
    /** Returns every episode, oldest first. */
    catalogue: (): CatalogueEntry[] =>
      all.all().map((row) => ({
        ...row,
        ended: row.ended === 1,
        outcome: row.outcome ?? undefined,
        discarded: row.discarded === 1,
        inRlBuffer: row.inRlBuffer === 1,
        inDemoBuffer: row.inDemoBuffer === 1,
      })),
    contents: ({ id, steps }: Pick<CatalogueEntry, 'id' | 'steps'>): EpisodeContents => ({
      cameras: cameras.all(id, steps),
      pads: pads.all(id, steps),
      joints: joints.all(id, steps),
    }),
  };
}
