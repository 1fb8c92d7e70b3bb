/**
 * Rows of fine-tuning runs, their metrics and checkpoints. The store is synchronous, on a connection of its own. Its
 * writes are short, because a recorder may be writing to the same file at the same time.
 */
import type { Clock } from '../main/api/clock.ts';
import { type RunSpec, type RunState, type RunStatus, runSpecSchema, runStateSchema } from '../main/api/run.ts';
import { type Database, openForWriting } from './database.ts';
import { type SeriesPoint, thinSeries } from './reading/thin-series.ts';

export interface MetricPoint {
  readonly name: string;
  readonly step: number;
  readonly value: number;
}

export interface CheckpointRecord {
  readonly runId: number;
  readonly step: number;
  /** Unique name of the checkpoint's policy. */
  readonly policy: string;
  /** Relative to the project folder. */
  readonly folder: string;
  /** Sequence number of the newest event that the training had read. */
  readonly newestSequence: number;
  readonly successRate: number | undefined;
  readonly episodes: number | undefined;
}

export interface StoredCheckpoint extends CheckpointRecord {
  readonly id: number;
  readonly createdAtMs: number;
}

/** A run as it is stored. Its speed is known only to the process that runs it. */
export type StoredRun = Omit<RunStatus, 'updatesPerSec' | 'secondsLeft'> & { readonly endedAtMs: number | undefined };

type RunProgress = Partial<Pick<StoredRun, 'state' | 'step' | 'policy' | 'message' | 'remedy'>>;

export type RunStore = ReturnType<typeof openRunStore>;

interface RunRow {
  readonly id: number;
  readonly spec: string;
  readonly state: string;
  readonly started_at_ms: number;
  readonly ended_at_ms: number | null;
  readonly step: number;
  readonly policy: string | null;
  readonly message: string | null;
  readonly remedy: string | null;
}

type CheckpointRow = Omit<StoredCheckpoint, 'successRate' | 'episodes'> & {
  readonly successRate: number | null;
  readonly episodes: number | null;
};

type Curves = Readonly<Record<string, readonly SeriesPoint[]>>;
type WallClock = Pick<Clock, 'wallTimeMs'>;

const OVER: readonly RunState[] = ['finished', 'cancelled', 'failed'];

export function openRunStore(folder: string, clock: WallClock) {
  const database = openForWriting(folder, { checkIntegrity: false });
  const metrics = createMetrics(database);
  const policyNames = database
    .prepare<[], string>(
      `SELECT policy FROM episode WHERE policy IS NOT NULL
       UNION SELECT policy FROM checkpoint WHERE success_rate IS NOT NULL
       UNION SELECT policy FROM run WHERE policy IS NOT NULL
       UNION SELECT spec ->> 'startFrom' FROM run WHERE spec ->> 'startFrom' IS NOT NULL`,
    )
    .pluck();
  return {
    ...createRuns(database, clock, metrics.newest),
    ...createCheckpoints(database, clock),
    /** Adds points in one transaction. A resumed run replaces its earlier values of the same metric and step. */
    appendMetrics: (runId: number, points: readonly MetricPoint[]): void =>
      metrics.append.immediate(runId, points, clock.wallTimeMs()),
    metrics: metrics.after,
    series: metrics.series,
    /** Returns the policies that an episode, a measurement or a run refers to. */
    namedPolicies: (): readonly string[] => policyNames.all(),
    close: (): void => {
      database.close();
    },
  };
}

function createRuns(database: Database, clock: WallClock, newestMetrics: (runId: number) => RunStatus['metrics']) {
  const insert = database.prepare<[string, string, number]>(
    'INSERT INTO run (spec, state, started_at_ms) VALUES (?, ?, ?)',
  );
  const update = database.prepare<
    [string | null, number | null, string | null, string | null, string | null, number | null, number]
  >(
    `UPDATE run SET state = coalesce(?, state), step = coalesce(?, step), policy = coalesce(?, policy),
     message = coalesce(?, message), remedy = coalesce(?, remedy), ended_at_ms = coalesce(?, ended_at_ms) WHERE id = ?`,
  );
  const byId = database.prepare<[number], RunRow>('SELECT * FROM run WHERE id = ?');
  const newestFirst = database.prepare<[], RunRow>('SELECT * FROM run ORDER BY id DESC');
  const storedRun = (row: RunRow): StoredRun => {
    const spec = runSpecSchema.parse(JSON.parse(row.spec));
    return {
      id: row.id,
      spec,
      state: runStateSchema.parse(row.state),
      startedAtMs: row.started_at_ms,
      endedAtMs: row.ended_at_ms ?? undefined,
      step: row.step,
      ...(spec.steps === undefined ? {} : { steps: spec.steps }),
      metrics: newestMetrics(row.id),
      ...(row.policy === null ? {} : { policy: row.policy }),
      ...(row.message === null ? {} : { message: row.message }),
      ...(row.remedy === null ? {} : { remedy: row.remedy }),
    };
  };
  return {
    createRun: (spec: RunSpec): number =>
      Number(insert.run(JSON.stringify(spec), 'waiting', clock.wallTimeMs()).lastInsertRowid),
    updateRun(runId: number, { state, step, policy, message, remedy }: RunProgress): void {
      const endedAtMs = state && OVER.includes(state) ? clock.wallTimeMs() : null;
      const words = [policy ?? null, message ?? null, remedy ?? null] as const;
      update.run(state ?? null, step ?? null, ...words, endedAtMs, runId);
    },
    run(runId: number): StoredRun | undefined {
      const row = byId.get(runId);
      return row && storedRun(row);
    },
    /** Returns all runs, newest first. */
    runs: (): readonly StoredRun[] => newestFirst.all().map(storedRun),
  };
}

function createMetrics(database: Database) {
  const insert = database.prepare<[number, string, number, number | null, number]>(
    `INSERT INTO run_metric (run_id, name, step, value, at_ms) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (run_id, name, step) DO UPDATE SET value = excluded.value, at_ms = excluded.at_ms`,
  );
  const after = database.prepare<[number, number], { name: string; step: number; value: number | null }>(
    'SELECT name, step, value FROM run_metric WHERE run_id = ? AND step > ? ORDER BY step, name',
  );
  // It looks into the index once for each name. Reading every point would be slow, because a run has many thousands.
  const names = database
    .prepare<[{ readonly run: number }], string>(
      `WITH RECURSIVE names(name) AS (
         SELECT min(name) FROM run_metric WHERE run_id = $run
         UNION ALL
         SELECT (SELECT min(name) FROM run_metric WHERE run_id = $run AND name > names.name) FROM names WHERE name IS NOT NULL
       ) SELECT name FROM names WHERE name IS NOT NULL`,
    )
    .pluck();
  const newest = database
    .prepare<[number, string], number | null>(
      'SELECT value FROM run_metric WHERE run_id = ? AND name = ? ORDER BY step DESC LIMIT 1',
    )
    .pluck();
  const curve = database
    .prepare<[number, string], [number, number]>(
      'SELECT step, value FROM run_metric WHERE run_id = ? AND name = ? AND value IS NOT NULL ORDER BY step',
    )
    .raw();
  const namesOf = (runId: number) => names.all({ run: runId });
  return {
    append: database.transaction((runId: number, points: readonly MetricPoint[], atMs: number) => {
      for (const { name, step, value } of points)
        insert.run(runId, name, step, Number.isNaN(value) ? null : value, atMs);
    }),
    after: (runId: number, step = -1): readonly MetricPoint[] =>
      after.all(runId, step).map((point) => ({ ...point, value: point.value ?? Number.NaN })),
    newest: (runId: number): RunStatus['metrics'] =>
      Object.fromEntries(namesOf(runId).map((name) => [name, newest.get(runId, name) ?? Number.NaN])),
    /** Returns curves by name, each thinned to `atMost` points. Values that are not numbers are left out. `chosen`: default all. */
    series: (runId: number, chosen: readonly string[] | undefined, atMost: number): Curves =>
      Object.fromEntries((chosen ?? namesOf(runId)).map((name) => [name, thinSeries(curve.all(runId, name), atMost)])),
  };
}

function createCheckpoints(database: Database, clock: WallClock) {
  const insert = database.prepare<[number, number, string, string, number, number | null, number | null, number]>(
    `INSERT INTO checkpoint (run_id, step, policy, folder, newest_sequence, success_rate, episodes, created_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const rows = database.prepare<[number | null, number | null], CheckpointRow>(
    `SELECT id, run_id AS runId, step, policy, folder, newest_sequence AS newestSequence, success_rate AS successRate,
     episodes, created_at_ms AS createdAtMs FROM checkpoint WHERE ? IS NULL OR run_id = ? ORDER BY id`,
  );
  return {
    addCheckpoint(checkpoint: CheckpointRecord): number {
      const { runId, step, policy, folder, newestSequence, successRate = null, episodes = null } = checkpoint;
      const atMs = clock.wallTimeMs();
      return Number(
        insert.run(runId, step, policy, folder, newestSequence, successRate, episodes, atMs).lastInsertRowid,
      );
    },
    /** Returns checkpoints, oldest first. `runId`: default those of all runs. */
    checkpoints: (runId: number | null = null): readonly StoredCheckpoint[] =>
      rows.all(runId, runId).map((row) => ({
        ...row,
        successRate: row.successRate ?? undefined,
        episodes: row.episodes ?? undefined,
      })),
  };
}
