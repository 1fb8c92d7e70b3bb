/** The writer's prepared statements. They turn records into rows, and return how many bytes of blobs they wrote. */
import type { RewardLabel } from '../../main/api/classifier.ts';
import type { Judge, Outcome } from '../../main/api/episode.ts';
import { bytesOf, FRAME_ENCODING, packFrame, packRobotState, packTactile, TACTILE_ENCODING } from '../blobs.ts';
import type { Database } from '../database.ts';
import type { EpisodeStart, ObservationRecord, StepRecord } from '../records.ts';
import { StoreError } from '../store-error.ts';
import type { LabelCommand } from './commands.ts';

type Value = string | number | bigint | Uint8Array | null;
type Field = Exclude<Value, null> | boolean | Float32Array | Float64Array | undefined;

/** SQLite has no undefined, no booleans and no arrays of numbers. */
function bind(field: Field): Value {
  if (field === undefined) return null;
  if (field instanceof Float32Array || field instanceof Float64Array) return bytesOf(field);
  return typeof field === 'boolean' ? Number(field) : field;
}

/** `columns`: a table and its columns, as in SQL. */
function insertInto(database: Database, columns: string) {
  const places = columns.replace(/^[^(]*/, '').replaceAll(/\w+/g, '?');
  const statement = database.prepare<Value[]>(`INSERT INTO ${columns} VALUES ${places}`);
  return (...fields: readonly Field[]) => statement.run(...fields.map(bind));
}

export type RecorderStatements = ReturnType<typeof createRecorderStatements>;

export function createRecorderStatements(database: Database) {
  return {
    ...createEpisodeStatements(database),
    ...createObservationStatements(database),
    ...createEventStatements(database),
    ...createLabelStatements(database),
  };
}

function createEpisodeStatements(database: Database) {
  const session = insertInto(database, 'session (started_at_ms)');
  const episode = insertInto(
    database,
    `episode (id, session_id, task, mode, observation, seed, policy, policy_is_candidate, acting_noise_std, period_ms,
     started_at_ms, encoder_sha256, success_by)`,
  );
  const transition = insertInto(
    database,
    `"transition" (episode_id, step_index, actor, idle, action, policy_action, human_action, takeover_substep, reward,
     terminated, truncated, effect_delay_ms, late, safety)`,
  );
  return {
    insertSession: (startedAtMs: number): number => Number(session(startedAtMs).lastInsertRowid),

    insertEpisode(id: number, sessionId: number, start: EpisodeStart): void {
      const { task, mode, observation, seed, policy, policyIsCandidate, actingNoiseStd, periodMs } = start;
      const driver = [policy, policyIsCandidate, actingNoiseStd] as const;
      const { startedAtMs, encoderSha256, successBy } = start;
      episode(id, sessionId, task, mode, observation, seed, ...driver, periodMs, startedAtMs, encoderSha256, successBy);
    },

    insertTransition(episodeId: number, step: StepRecord): void {
      const { index, actor, idle, reward, terminated, truncated, effectDelayMs, late } = step;
      const actions = [step.action, step.policyAction, step.humanAction, step.takeoverSubstep] as const;
      const safety = JSON.stringify(step.safety);
      const rest = [reward, terminated, truncated, effectDelayMs, late, safety] as const;
      transition(episodeId, index, actor, idle, ...actions, ...rest);
    },
  };
}

/** Bytes of an observation's row beside its arrays. */
const ROBOT_STATE_BYTES = 160;

function createObservationStatements(database: Database) {
  const observation = insertInto(
    database,
    `observation (episode_id, observation_index, time_ms, robot_state, joint_positions_rad, proprioception, scene_poses)`,
  );
  const frame = insertInto(database, 'frame (observation_id, slot, camera, width_px, height_px, encoding, data)');
  const tactile = insertInto(
    database,
    'tactile (observation_id, slot, pad, row_count, column_count, total, encoding, data)',
  );
  const embedding = insertInto(database, 'embedding (observation_id, vector)');
  const lateEmbedding = database.prepare<[Uint8Array, number, number]>(
    `INSERT INTO embedding (observation_id, vector)
     SELECT id, ? FROM observation WHERE episode_id = ? AND observation_index = ?
     ON CONFLICT (observation_id) DO UPDATE SET vector = excluded.vector`,
  );
  return {
    insertObservation(episodeId: number, index: number, record: ObservationRecord): number {
      const { timeMs, proprioception, scenePoses } = record;
      const joints = Float64Array.from(record.jointPositionsRad);
      const robotState = packRobotState(record);
      const inserted = observation(episodeId, index, timeMs, robotState, joints, proprioception, scenePoses);
      const id = inserted.lastInsertRowid;
      let bytes = ROBOT_STATE_BYTES + joints.byteLength + proprioception.byteLength + scenePoses.byteLength;
      record.frames.forEach((picture, slot) => {
        const data = packFrame(picture);
        frame(id, slot, picture.camera, picture.widthPx, picture.heightPx, FRAME_ENCODING, data);
        bytes += data.length;
      });
      record.tactile.forEach((pad, slot) => {
        const data = packTactile(pad);
        const total = bytesOf(Float64Array.from(pad.total));
        tactile(id, slot, pad.pad, pad.rows, pad.columns, total, TACTILE_ENCODING, data);
        bytes += data.length + total.length;
      });
      if (record.embedding) embedding(id, record.embedding);
      return bytes + (record.embedding?.byteLength ?? 0);
    },

    insertEmbedding(episodeId: number, index: number, vector: Float32Array): number {
      if (lateEmbedding.run(bytesOf(vector), episodeId, index).changes === 0)
        throw new StoreError(
          'out-of-order',
          `Observation ${index} of episode ${episodeId} is not stored, so its embedding is of no use.`,
          'Send the embedding after the observation.',
        );
      return vector.byteLength;
    },
  };
}

interface StoredEvent {
  readonly sequence: number;
  readonly episodeId: number;
  readonly refersTo?: number | undefined;
  readonly atMs: number;
}

interface BufferEvent extends StoredEvent {
  readonly kind: 'add' | 'discard' | 'restore';
  readonly firstStep: number;
  readonly endStep: number;
}

interface VerdictEvent extends StoredEvent {
  readonly kind: 'end' | 'relabel' | 'withdraw';
  readonly outcome?: Outcome;
  readonly judge: Judge;
}

function createEventStatements(database: Database) {
  const buffer = (table: 'rl_buffer' | 'demo_buffer') => {
    const columns = '(sequence, kind, episode_id, first_step, end_step, refers_to, at_ms)';
    const insert = insertInto(database, `${table} ${columns}`);
    return ({ sequence, kind, episodeId, firstStep, endStep, refersTo, atMs }: BufferEvent): void => {
      insert(sequence, kind, episodeId, firstStep, endStep, refersTo, atMs);
    };
  };
  const verdict = insertInto(database, 'verdict (sequence, kind, episode_id, outcome, judge, refers_to, at_ms)');
  return {
    insertRlEvent: buffer('rl_buffer'),
    insertDemoEvent: buffer('demo_buffer'),
    insertVerdict({ sequence, kind, episodeId, outcome, judge, refersTo, atMs }: VerdictEvent): void {
      verdict(sequence, kind, episodeId, outcome, judge, refersTo, atMs);
    },
  };
}

function createLabelStatements(database: Database) {
  const standing = database
    .prepare<[number, number], RewardLabel>(
      `SELECT label FROM reward_label WHERE episode_id = ? AND observation_index = ? AND kind = 'label'
       AND sequence NOT IN (SELECT refers_to FROM reward_label WHERE kind = 'withdraw') ORDER BY sequence DESC LIMIT 1`,
    )
    .pluck();
  const insert = database.prepare<Value[]>(
    `INSERT INTO reward_label (sequence, kind, episode_id, observation_index, label, source, at_ms)
     SELECT ?, 'label', episode_id, observation_index, ?, ?, ? FROM observation WHERE episode_id = ? AND observation_index = ?`,
  );
  const withdraw = database.prepare<[number, number, number]>(
    `INSERT INTO reward_label (sequence, kind, episode_id, observation_index, source, refers_to, at_ms)
     SELECT ?, 'withdraw', episode_id, observation_index, source, sequence, ? FROM reward_label WHERE sequence = ?`,
  );
  return {
    standingLabel: (episodeId: number, index: number): RewardLabel | undefined => standing.get(episodeId, index),

    insertLabel(sequence: number, { episodeId, index, label, source }: LabelCommand, atMs: number): void {
      if (insert.run(sequence, label, source, atMs, episodeId, index).changes === 0)
        throw new StoreError(
          'out-of-order',
          `Observation ${index} of episode ${episodeId} is not stored, so it cannot be labelled.`,
          'Label an observation that was recorded.',
        );
    },

    withdrawLabel: (sequence: number, label: number, atMs: number): void => {
      withdraw.run(sequence, atMs, label);
    },
  };
}
