/**
 * Rows of fine-tuning runs, their metrics and checkpoints. Synchronous, on its own connection, short writes: for the
 * process that manages runs or trains, beside the recorder, which may be writing to the same file.
 */
import { type RunSpec, type RunState, type RunStatus, runSpecSchema, runStateSchema } from '../main/api/run.ts';
import { openForWriting } from './database.ts';
import { type SeriesPoint, thinSeries } from './reading/thin-series.ts';

export interface MetricPoint {
  readonly name: string;
  readonly step: number;
  readonly value: number;
}

export interface CheckpointRecord {
  readonly runId: number;
  readonly step: number;
  /** Unique name of the policy in it. */
  readonly policy: string;
  /** Relative to the project folder. */
  readonly folder: string;
  /** The newest event that the training had read. */
  readonly newestSequence: number;
  readonly successRate: number | undefined;
  readonly episodes: number | undefined;
}

export interface StoredCheckpoint extends CheckpointRecord {
  readonly id: number;
  readonly createdAtMs: number;
}

export interface RunProgress {
  readonly state?: RunState;
  readonly step?: number;
  readonly policy?: string;
  readonly message?: string;
  readonly remedy?: string;
}

/** What is stored of a run; speeds are the business of whoever runs it. */
export type StoredRun = Omit<RunStatus, 'updatesPerSec' | 'secondsLeft'> & { readonly endedAtMs: number | undefined };

export interface RunStore {
  createRun(spec: RunSpec): number;
  updateRun(runId: number, progress: RunProgress): void;
  /** One transaction; a later value of the same metric and step replaces the earlier one, as after a resume. */
  appendMetrics(runId: number, points: readonly MetricPoint[]): void;
  addCheckpoint(checkpoint: CheckpointRecord): number;
  run(runId: number): StoredRun | undefined;
  /** Newest first. */
  runs(): readonly StoredRun[];
  metrics(runId: number, afterStep?: number): readonly MetricPoint[];
  /** Curves by name, each thinned to `atMost` points; what is not a number is left out. `names` undefined = all. */
  series(
    runId: number,
    names: readonly string[] | undefined,
    atMost: number,
  ): Readonly<Record<string, readonly SeriesPoint[]>>;
  /** Oldest first. */
  checkpoints(runId?: number): readonly StoredCheckpoint[];
  /** Policies that an episode, a measurement or a run refers to. */
  namedPolicies(): readonly string[];
  close(): void;
}

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

interface CheckpointRow {
  readonly id: number;
  readonly run_id: number;
  readonly step: number;
  readonly policy: string;
  readonly folder: string;
  readonly newest_sequence: number;
  readonly success_rate: number | null;
  readonly episodes: number | null;
  readonly created_at_ms: number;
}

const OVER: readonly RunState[] = ['finished', 'cancelled', 'failed'];

export function openRunStore(folder: string, clock: { readonly wallTimeMs: () => number }): RunStore {
  const database = openForWriting(folder, { checkIntegrity: false });
  const insertRun = database.prepare<[string, string, number]>(
    'INSERT INTO run (spec, state, started_at_ms) VALUES (?, ?, ?)',
  );
  const update = database.prepare<
    [string | null, number | null, string | null, string | null, string | null, number | null, number]
  >(
    `UPDATE run SET state = coalesce(?, state), step = coalesce(?, step), policy = coalesce(?, policy),
     message = coalesce(?, message), remedy = coalesce(?, remedy), ended_at_ms = coalesce(?, ended_at_ms) WHERE id = ?`,
  );
  const insertMetric = database.prepare<[number, string, number, number | null, number]>(
    `INSERT INTO run_metric (run_id, name, step, value, at_ms) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (run_id, name, step) DO UPDATE SET value = excluded.value, at_ms = excluded.at_ms`,
  );
  const insertCheckpoint = database.prepare<
    [number, number, string, string, number, number | null, number | null, number]
  >(
    `INSERT INTO checkpoint (run_id, step, policy, folder, newest_sequence, success_rate, episodes, created_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const runById = database.prepare<[number], RunRow>('SELECT * FROM run WHERE id = ?');
  const allRuns = database.prepare<[], RunRow>('SELECT * FROM run ORDER BY id DESC');
  const metricsAfter = database.prepare<[number, number], { name: string; step: number; value: number | null }>(
    'SELECT name, step, value FROM run_metric WHERE run_id = ? AND step > ? ORDER BY step, name',
  );
  // One look into the index for each name and none for each point: a long run has hundreds of thousands.
  const metricNames = database
    .prepare<[{ readonly run: number }], string>(
      `WITH RECURSIVE names(name) AS (
         SELECT min(name) FROM run_metric WHERE run_id = $run
         UNION ALL
         SELECT (SELECT min(name) FROM run_metric WHERE run_id = $run AND name > names.name) FROM names WHERE name IS NOT NULL
       ) SELECT name FROM names WHERE name IS NOT NULL`,
    )
    .pluck();
  const newestMetric = database
    .prepare<[number, string], number | null>(
      'SELECT value FROM run_metric WHERE run_id = ? AND name = ? ORDER BY step DESC LIMIT 1',
    )
    .pluck();
  const metricCurve = database
    .prepare<[number, string], [number, number]>(
      'SELECT step, value FROM run_metric WHERE run_id = ? AND name = ? AND value IS NOT NULL ORDER BY step',
    )
    .raw();
  const checkpointRows = database.prepare<[number | null, number | null], CheckpointRow>(
    'SELECT * FROM checkpoint WHERE ? IS NULL OR run_id = ? ORDER BY id',
  );

  const policyNames = database
    .prepare<[], string>(
      `SELECT policy FROM episode WHERE policy IS NOT NULL
       UNION SELECT policy FROM checkpoint WHERE success_rate IS NOT NULL
       UNION SELECT policy FROM run WHERE policy IS NOT NULL
       UNION SELECT spec ->> 'startFrom' FROM run WHERE spec ->> 'startFrom' IS NOT NULL`,
    )
    .pluck();

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
      metrics: Object.fromEntries(
        metricNames.all({ run: row.id }).map((name) => [name, newestMetric.get(row.id, name) ?? Number.NaN]),
      ),
      ...(row.policy === null ? {} : { policy: row.policy }),
      ...(row.message === null ? {} : { message: row.message }),
      ...(row.remedy === null ? {} : { remedy: row.remedy }),
    };
  };
  const appendMetrics = database.transaction((runId: number, points: readonly MetricPoint[]) => {
    const atMs = clock.wallTimeMs();
    for (const { name, step, value } of points)
      insertMetric.run(runId, name, step, Number.isNaN(value) ? null : value, atMs);
  });

  return {
    createRun: (spec) => Number(insertRun.run(JSON.stringify(spec), 'waiting', clock.wallTimeMs()).lastInsertRowid),
    updateRun(runId, { state, step, policy, message, remedy }) {
      const endedAtMs = state && OVER.includes(state) ? clock.wallTimeMs() : null;
      const values = [policy, message, remedy].map((text) => text ?? null);
      const [policyName = null, messageText = null, remedyText = null] = values;
      update.run(state ?? null, step ?? null, policyName, messageText, remedyText, endedAtMs, runId);
    },
    appendMetrics: (runId, points) => appendMetrics.immediate(runId, points),
    addCheckpoint: ({ runId, step, policy, folder: where, newestSequence, successRate, episodes }) =>
      Number(
        insertCheckpoint.run(
          ...([runId, step, policy, where, newestSequence] as const),
          ...([successRate ?? null, episodes ?? null, clock.wallTimeMs()] as const),
        ).lastInsertRowid,
      ),
    run(runId) {
      const row = runById.get(runId);
      return row && storedRun(row);
    },
    runs: () => allRuns.all().map(storedRun),
    metrics: (runId, afterStep = -1) =>
      metricsAfter.all(runId, afterStep).map(({ name, step, value }) => ({ name, step, value: value ?? Number.NaN })),
    series: (runId, names, atMost) =>
      Object.fromEntries(
        (names ?? metricNames.all({ run: runId })).map((name) => [
          name,
          thinSeries(metricCurve.all(runId, name), atMost),
        ]),
      ),
    checkpoints: (runId) =>
      checkpointRows.all(runId ?? null, runId ?? null).map((row) => ({
        id: row.id,
        runId: row.run_id,
        step: row.step,
        policy: row.policy,
        folder: row.folder,
        newestSequence: row.newest_sequence,
        successRate: row.success_rate ?? undefined,
        episodes: row.episodes ?? undefined,
        createdAtMs: row.created_at_ms,
      })),
    namedPolicies: () => policyNames.all(),
    close: () => {
      database.close();
    },
  };
}
