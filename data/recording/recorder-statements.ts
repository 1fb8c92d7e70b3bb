/** The writer's prepared statements: one function per table, from records to rows. Return the bytes of blobs written. */
import type { RewardLabel, StoredLabelSource } from '../../main/api/classifier.ts';
import type { Judge, Outcome } from '../../main/api/episode.ts';
import type { Database } from '../database.ts';
import type { EpisodeStart, ObservationRecord, StepRecord } from '../records.ts';
import { bytesOf, FRAME_ENCODING, packFrame, packRobotState, packTactile, TACTILE_ENCODING } from '../rows.ts';
import { StoreError } from '../store-error.ts';

type Value = string | number | bigint | Uint8Array | null;

/** SQLite has no undefined and no booleans. */
function bind(value: string | number | boolean | Uint8Array | undefined): Value {
  if (value === undefined) return null;
  return typeof value === 'boolean' ? Number(value) : value;
}

function blob(values: Float32Array | undefined): Value {
  return values === undefined ? null : bytesOf(values);
}

function insertInto(database: Database, table: string, columns: readonly string[]) {
  const places = columns.map(() => '?').join(', ');
  return database.prepare<Value[]>(`INSERT INTO "${table}" (${columns.join(', ')}) VALUES (${places})`);
}

const EVENT = ['sequence', 'kind', 'episode_id', 'first_step', 'end_step', 'refers_to', 'at_ms'];

export function createRecorderStatements(database: Database) {
  const session = insertInto(database, 'session', ['started_at_ms']);
  const episode = insertInto(database, 'episode', [
    ...['id', 'session_id', 'task', 'mode', 'observation', 'seed', 'policy', 'policy_is_candidate'],
    ...['acting_noise_std', 'period_ms', 'started_at_ms', 'encoder_sha256', 'success_by'],
  ]);
  const observation = insertInto(database, 'observation', [
    ...['episode_id', 'observation_index', 'time_ms', 'robot_state', 'joint_positions_rad'],
    ...['proprioception', 'scene_poses'],
  ]);
  const frame = insertInto(database, 'frame', [
    ...['observation_id', 'slot', 'camera', 'width_px', 'height_px', 'encoding', 'data'],
  ]);
  const tactile = insertInto(database, 'tactile', [
    ...['observation_id', 'slot', 'pad', 'row_count', 'column_count', 'total', 'encoding', 'data'],
  ]);
  const embedding = insertInto(database, 'embedding', ['observation_id', 'vector']);
  const lateEmbedding = database.prepare<[Value, number, number]>(
    `INSERT INTO embedding (observation_id, vector)
     SELECT id, ? FROM observation WHERE episode_id = ? AND observation_index = ?
     ON CONFLICT (observation_id) DO UPDATE SET vector = excluded.vector`,
  );
  const transition = insertInto(database, 'transition', [
    ...['episode_id', 'step_index', 'actor', 'idle', 'action', 'policy_action', 'human_action', 'takeover_substep'],
    ...['reward', 'terminated', 'truncated', 'effect_delay_ms', 'late', 'safety'],
  ]);
  const rl = insertInto(database, 'rl_buffer', EVENT);
  const demo = insertInto(database, 'demo_buffer', EVENT);
  const verdict = insertInto(database, 'verdict', [
    ...['sequence', 'kind', 'episode_id', 'outcome', 'judge', 'refers_to', 'at_ms'],
  ]);
  const standingLabel = database
    .prepare<[number, number], RewardLabel>(
      `SELECT label FROM reward_label WHERE episode_id = ? AND observation_index = ? AND kind = 'label'
       AND sequence NOT IN (SELECT refers_to FROM reward_label WHERE kind = 'withdraw') ORDER BY sequence DESC LIMIT 1`,
    )
    .pluck();
  const rewardLabel = database.prepare<Value[]>(
    `INSERT INTO reward_label (sequence, kind, episode_id, observation_index, label, source, at_ms)
     SELECT ?, 'label', episode_id, observation_index, ?, ?, ? FROM observation WHERE episode_id = ? AND observation_index = ?`,
  );
  const withdrawLabel = database.prepare<[number, number, number]>(
    `INSERT INTO reward_label (sequence, kind, episode_id, observation_index, source, refers_to, at_ms)
     SELECT ?, 'withdraw', episode_id, observation_index, source, sequence, ? FROM reward_label WHERE sequence = ?`,
  );
  const buffer =
    (statement: typeof rl) =>
    (
      sequence: number,
      kind: 'add' | 'discard' | 'restore',
      episodeId: number,
      firstStep: number,
      endStep: number,
      refersTo: number | undefined,
      atMs: number,
    ): void => {
      statement.run(sequence, kind, episodeId, firstStep, endStep, bind(refersTo), atMs);
    };

  return {
    insertSession: (startedAtMs: number): number | bigint => session.run(startedAtMs).lastInsertRowid,

    insertEpisode(id: number, sessionId: number, start: EpisodeStart): void {
      episode.run(
        ...[id, sessionId, start.task, start.mode, start.observation, start.seed],
        ...[start.policy, start.policyIsCandidate, start.actingNoiseStd, start.periodMs].map(bind),
        ...[start.startedAtMs, start.encoderSha256, start.successBy].map(bind),
      );
    },

    insertObservation(episodeId: number, index: number, record: ObservationRecord): number {
      const { lastInsertRowid: id } = observation.run(
        ...[episodeId, index, record.timeMs, bytesOf(packRobotState(record))],
        ...[bytesOf(Float64Array.from(record.jointPositionsRad)), bytesOf(record.proprioception)],
        bytesOf(record.scenePoses),
      );
      let bytes = 160 + 8 * record.jointPositionsRad.length;
      bytes += record.proprioception.byteLength + record.scenePoses.byteLength;
      record.frames.forEach((picture, slot) => {
        const data = packFrame(picture);
        frame.run(id, slot, picture.camera, picture.widthPx, picture.heightPx, FRAME_ENCODING, data);
        bytes += data.length;
      });
      record.tactile.forEach((pad, slot) => {
        const data = packTactile(pad);
        const total = bytesOf(Float64Array.from(pad.total));
        tactile.run(id, slot, pad.pad, pad.rows, pad.columns, total, TACTILE_ENCODING, data);
        bytes += data.length + total.length;
      });
      if (record.embedding) {
        embedding.run(id, bytesOf(record.embedding));
        bytes += record.embedding.byteLength;
      }
      return bytes;
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

    insertTransition(episodeId: number, step: StepRecord): void {
      transition.run(
        ...[episodeId, step.index, step.actor, bind(step.idle)],
        ...[bytesOf(step.action), blob(step.policyAction), blob(step.humanAction), bind(step.takeoverSubstep)],
        ...[step.reward, bind(step.terminated), bind(step.truncated), step.effectDelayMs, bind(step.late)],
        JSON.stringify(step.safety),
      );
    },

    standingLabel: (episodeId: number, index: number): RewardLabel | undefined => standingLabel.get(episodeId, index),

    insertLabel(
      sequence: number,
      episodeId: number,
      index: number,
      label: RewardLabel,
      source: StoredLabelSource,
      atMs: number,
    ): void {
      if (rewardLabel.run(sequence, label, source, atMs, episodeId, index).changes === 0)
        throw new StoreError(
          'out-of-order',
          `Observation ${index} of episode ${episodeId} is not stored, so it cannot be labelled.`,
          'Label an observation that was recorded.',
        );
    },
    withdrawLabel: (sequence: number, label: number, atMs: number): void => {
      withdrawLabel.run(sequence, atMs, label);
    },

    rlEvent: buffer(rl),
    demoEvent: buffer(demo),

    verdictEvent(
      sequence: number,
      kind: 'end' | 'relabel' | 'withdraw',
      episodeId: number,
      outcome: Outcome | undefined,
      judge: Judge,
      refersTo: number | undefined,
      atMs: number,
    ): void {
      verdict.run(sequence, kind, episodeId, bind(outcome), judge, bind(refersTo), atMs);
    },
  };
}
