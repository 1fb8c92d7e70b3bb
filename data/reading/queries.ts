/**
 * Synchronous reads of a project, shared by the reader's thread, learning and exports. Each statement is its own short read:
 * rows never change once written, so nothing here needs a long transaction, which would keep the WAL from shrinking.
 */
import type { Actor } from '../../main/api/action.ts';
import type { EpisodeSummary, Mode, StepSummary } from '../../main/api/episode.ts';
import { type SafetyEvent, safetyEventSchema } from '../../main/api/limits.ts';
import type { CameraFrame, ObservationKind, TactileFrame } from '../../main/api/observation.ts';
import type { TaskId } from '../../main/api/task.ts';
import type { Database } from '../database.ts';
import type { ObservationRecord } from '../records.ts';
import {
  type FrameRow,
  float32Of,
  float64Of,
  type TactileRow,
  unpackFrame,
  unpackRobotState,
  unpackTactile,
} from '../rows.ts';
import { countTakeovers, endingUnder, type Verdict } from '../rules.ts';
import { createCatalogue } from './catalogue.ts';

export interface StoredTransition {
  readonly index: number;
  readonly actor: Actor;
  readonly idle: boolean;
  readonly action: Float32Array;
  readonly policyAction: Float32Array | undefined;
  readonly humanAction: Float32Array | undefined;
  readonly takeoverSubstep: number | undefined;
  readonly reward: number;
  readonly terminated: boolean;
  readonly truncated: boolean;
  readonly effectDelayMs: number;
  readonly late: boolean;
  readonly safety: readonly SafetyEvent[];
}

export interface EpisodeRow {
  readonly id: number;
  readonly sessionId: number;
  readonly task: TaskId;
  readonly mode: Mode;
  readonly observation: ObservationKind;
  readonly seed: number;
  readonly policy: string | null;
  readonly policyIsCandidate: number;
  readonly actingNoiseStd: number;
  readonly periodMs: number;
  readonly startedAtMs: number;
  readonly encoderSha256: string | null;
}

interface TransitionRow {
  readonly step_index: number;
  readonly actor: Actor;
  readonly idle: number;
  readonly action: Uint8Array;
  readonly policy_action: Uint8Array | null;
  readonly human_action: Uint8Array | null;
  readonly takeover_substep: number | null;
  readonly reward: number;
  readonly terminated: number;
  readonly truncated: number;
  readonly effect_delay_ms: number;
  readonly late: number;
  readonly safety: string;
}

interface ObservationRow {
  readonly id: number;
  readonly observation_index: number;
  readonly time_ms: number;
  readonly robot_state: Uint8Array;
  readonly joint_positions_rad: Uint8Array;
  readonly proprioception: Uint8Array;
  readonly scene_poses: Uint8Array;
  readonly vector: Uint8Array | null;
}

/** An observation without its pictures and pads, which are read on their own. */
export type StoredObservation = Omit<ObservationRecord, 'frames' | 'tactile'> & { readonly index: number };

const EPISODE = `SELECT id, session_id AS sessionId, task, mode, observation, seed, policy,
  policy_is_candidate AS policyIsCandidate, acting_noise_std AS actingNoiseStd, period_ms AS periodMs,
  started_at_ms AS startedAtMs, encoder_sha256 AS encoderSha256 FROM episode`;
const NO_SAFETY: readonly SafetyEvent[] = [];

export type Queries = ReturnType<typeof createQueries>;

export function createQueries(database: Database) {
  const episodeById = database.prepare<[number], EpisodeRow>(`${EPISODE} WHERE id = ?`);
  const newestEpisodes = database.prepare<[number, number], EpisodeRow>(
    `${EPISODE} WHERE id < ? ORDER BY id DESC LIMIT ?`,
  );
  const verdicts = database.prepare<[number, number], Verdict>(
    `SELECT outcome, judge FROM verdict WHERE episode_id = ? AND kind IN ('end', 'relabel')
     AND sequence NOT IN (SELECT refers_to FROM verdict WHERE episode_id = ? AND kind = 'withdraw')
     ORDER BY sequence DESC LIMIT 1`,
  );
  const isDiscarded = database
    .prepare<[number], number>(
      `SELECT kind = 'discard' FROM rl_buffer WHERE episode_id = ? AND kind <> 'add' ORDER BY sequence DESC LIMIT 1`,
    )
    .pluck();
  const steps = database.prepare<[number], TransitionRow>(
    'SELECT * FROM "transition" WHERE episode_id = ? ORDER BY step_index',
  );
  const briefSteps = database.prepare<[number], Pick<TransitionRow, 'actor' | 'reward' | 'terminated' | 'truncated'>>(
    'SELECT actor, reward, terminated, truncated FROM "transition" WHERE episode_id = ? ORDER BY step_index',
  );
  const observationRows = database.prepare<[number], ObservationRow>(
    `SELECT observation.*, vector FROM observation LEFT JOIN embedding ON embedding.observation_id = observation.id
     WHERE episode_id = ? ORDER BY observation_index`,
  );
  const observationId = database
    .prepare<[number, number], number>('SELECT id FROM observation WHERE episode_id = ? AND observation_index = ?')
    .pluck();
  const frameRows = database.prepare<[number], FrameRow>('SELECT * FROM frame WHERE observation_id = ? ORDER BY slot');
  const tactileRows = database.prepare<[number], TactileRow>(
    'SELECT * FROM tactile WHERE observation_id = ? ORDER BY slot',
  );

  const verdictOf = (episodeId: number): Verdict | undefined => verdicts.get(episodeId, episodeId);

  const summaryOf = (row: EpisodeRow): EpisodeSummary => {
    const { policy, policyIsCandidate, actingNoiseStd, periodMs, encoderSha256, ...rest } = row;
    const brief = briefSteps.all(row.id);
    const verdict = verdictOf(row.id);
    const last = brief.at(-1);
    let sum = brief.reduce((total, step) => total + step.reward, 0);
    if (last && verdict) sum += endingUnder(verdict.outcome, row.task, endingOf(last)).reward - last.reward;
    return {
      ...rest,
      ...(policy === null ? {} : { policy }),
      policyIsCandidate: policyIsCandidate === 1,
      steps: brief.length,
      humanSteps: brief.filter((step) => step.actor === 'human').length,
      takeovers: countTakeovers(
        row.mode,
        brief.map((step) => step.actor),
      ),
      return: sum,
      ...(verdict ? { outcome: verdict.outcome, judge: verdict.judge } : {}),
      discarded: isDiscarded.get(row.id) === 1,
    };
  };

  /** As the verdict has them: the last one's reward and ending are the verdict's. */
  const transitions = (episode: EpisodeRow): StoredTransition[] => {
    const list = steps.all(episode.id).map(storedTransition);
    const verdict = verdictOf(episode.id);
    const last = list.at(-1);
    if (last && verdict) list[list.length - 1] = { ...last, ...endingUnder(verdict.outcome, episode.task, last) };
    return list;
  };

  const observations = (episodeId: number): StoredObservation[] =>
    observationRows.all(episodeId).map(storedObservation);

  const pictures = (
    episodeId: number,
    index: number,
  ): { readonly frames: readonly CameraFrame[]; readonly tactile: readonly TactileFrame[] } | undefined => {
    const id = observationId.get(episodeId, index);
    if (id === undefined) return undefined;
    return { frames: frameRows.all(id).map(unpackFrame), tactile: tactileRows.all(id).map(unpackTactile) };
  };

  const stepSummaries = (episode: EpisodeRow, seen: readonly StoredObservation[]): StepSummary[] =>
    transitions(episode).map((step) => {
      const observation = seen[step.index];
      const [x = 0, y = 0, z = 0] = observation?.wrenchInTool ?? [];
      return {
        index: step.index,
        actor: step.actor,
        idle: step.idle,
        action: [...step.action],
        reward: step.reward,
        forceN: Math.hypot(x, y, z),
        gripperOpeningM: observation?.gripperOpeningM ?? 0,
        safety: step.safety,
      };
    });

  return {
    ...createCatalogue(database),
    episodeRow: (episodeId: number): EpisodeRow | undefined => episodeById.get(episodeId),
    listEpisodes: (limit: number, beforeId: number | undefined): EpisodeSummary[] =>
      newestEpisodes.all(beforeId ?? Number.MAX_SAFE_INTEGER, limit).map(summaryOf),
    episode: (episodeId: number): EpisodeSummary | undefined => {
      const row = episodeById.get(episodeId);
      return row && summaryOf(row);
    },
    verdictOf,
    transitions,
    /** As recorded, whatever the verdict. */
    recordedTransitions: (episodeId: number): StoredTransition[] => steps.all(episodeId).map(storedTransition),
    observations,
    pictures,
    tactile(episodeId: number, index: number): TactileFrame[] {
      const id = observationId.get(episodeId, index);
      return id === undefined ? [] : tactileRows.all(id).map(unpackTactile);
    },
    replay(episodeId: number) {
      const row = episodeById.get(episodeId);
      if (!row) return undefined;
      const seen = observations(episodeId);
      return {
        episode: summaryOf(row),
        steps: stepSummaries(row, seen),
        poses: seen.map((observation) => [...observation.scenePoses]),
        periodMs: row.periodMs,
      };
    },
  };
}

function endingOf(row: Pick<TransitionRow, 'reward' | 'terminated' | 'truncated'>) {
  return { reward: row.reward, terminated: row.terminated === 1, truncated: row.truncated === 1 };
}

function storedTransition(row: TransitionRow): StoredTransition {
  const optional = (bytes: Uint8Array | null) => (bytes === null ? undefined : float32Of(bytes));
  return {
    index: row.step_index,
    actor: row.actor,
    idle: row.idle === 1,
    action: float32Of(row.action),
    policyAction: optional(row.policy_action),
    humanAction: optional(row.human_action),
    takeoverSubstep: row.takeover_substep ?? undefined,
    ...endingOf(row),
    effectDelayMs: row.effect_delay_ms,
    late: row.late === 1,
    safety: row.safety === '[]' ? NO_SAFETY : safetyEventSchema.array().parse(JSON.parse(row.safety)),
  };
}

function storedObservation(row: ObservationRow): StoredObservation {
  return {
    index: row.observation_index,
    timeMs: row.time_ms,
    ...unpackRobotState(row.robot_state),
    jointPositionsRad: [...float64Of(row.joint_positions_rad)],
    proprioception: float32Of(row.proprioception),
    embedding: row.vector === null ? undefined : float32Of(row.vector),
    scenePoses: float32Of(row.scene_poses),
  };
}
