/**
 * Synchronous reads of a project, for the reader's thread, learning and exports. Each statement is a short read of its
 * own. Rows never change, so no long transaction is needed, which would keep the write-ahead log from shrinking.
 */
import type { Actor } from '../../main/api/action.ts';
import type { EpisodeSummary, Mode, StepSummary } from '../../main/api/episode.ts';
import { type SafetyEvent, safetyEventSchema } from '../../main/api/limits.ts';
import type { ObservationKind, TactileFrame } from '../../main/api/observation.ts';
import type { TaskId } from '../../main/api/task.ts';
import {
  type FrameRow,
  float32Of,
  float64Of,
  type TactileRow,
  unpackFrame,
  unpackRobotState,
  unpackTactile,
} from '../blobs.ts';
import type { Database } from '../database.ts';
import type { ObservationRecord, StepRecord } from '../records.ts';
import { countTakeovers, endingUnder, type Verdict } from '../rules.ts';
import { createCatalogue } from './catalogue.ts';
import { isDiscarded, standingVerdict } from './standing.ts';

export type StoredTransition = Omit<StepRecord, 'next'>;

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

/** An observation without its pictures and pads, which `pictures` and `tactile` read. */
export type StoredObservation = Omit<ObservationRecord, 'frames' | 'tactile'> & { readonly index: number };

const EPISODE = `SELECT id, session_id AS sessionId, task, mode, observation, seed, policy,
  policy_is_candidate AS policyIsCandidate, acting_noise_std AS actingNoiseStd, period_ms AS periodMs,
  started_at_ms AS startedAtMs, encoder_sha256 AS encoderSha256 FROM episode`;
const NO_SAFETY: readonly SafetyEvent[] = [];

export type Queries = ReturnType<typeof createQueries>;

export function createQueries(database: Database) {
  const episodes = createEpisodes(database);
  const observations = createObservations(database);
  const steps = createTransitions(database, episodes.verdictOf);
  return {
    ...createCatalogue(database),
    ...episodes,
    ...observations,
    ...steps,
    replay(episodeId: number) {
      const row = episodes.episodeRow(episodeId);
      if (!row) return undefined;
      const seen = observations.observations(episodeId);
      return {
        episode: episodes.summaryOf(row),
        steps: steps.transitions(row).map((step) => stepSummary(step, seen[step.index])),
        poses: seen.map(({ scenePoses }) => [...scenePoses]),
        periodMs: row.periodMs,
      };
    },
  };
}

function createEpisodes(database: Database) {
  const byId = database.prepare<[number], EpisodeRow>(`${EPISODE} WHERE id = ?`);
  const newest = database.prepare<[number, number], EpisodeRow>(`${EPISODE} WHERE id < ? ORDER BY id DESC LIMIT ?`);
  const verdicts = database.prepare<[number, number], Verdict>(standingVerdict('outcome, judge', '?'));
  const discarded = database.prepare<[number], number>(`SELECT ${isDiscarded('?')}`).pluck();
  const briefSteps = database.prepare<[number], Pick<TransitionRow, 'actor' | 'reward' | 'terminated' | 'truncated'>>(
    'SELECT actor, reward, terminated, truncated FROM "transition" WHERE episode_id = ? ORDER BY step_index',
  );
  const verdictOf = (episodeId: number): Verdict | undefined => verdicts.get(episodeId, episodeId);

  const summaryOf = (row: EpisodeRow): EpisodeSummary => {
    const { policy, policyIsCandidate, actingNoiseStd, periodMs, encoderSha256, ...rest } = row;
    const brief = briefSteps.all(row.id);
    const actors = brief.map(({ actor }) => actor);
    const verdict = verdictOf(row.id);
    const last = brief.at(-1);
    let sum = brief.reduce((total, step) => total + step.reward, 0);
    if (last && verdict) sum += endingUnder(verdict.outcome, row.task, endingOf(last)).reward - last.reward;
    return {
      ...rest,
      ...(policy === null ? {} : { policy }),
      policyIsCandidate: policyIsCandidate === 1,
      steps: brief.length,
      humanSteps: actors.filter((actor) => actor === 'human').length,
      takeovers: countTakeovers(row.mode, actors),
      return: sum,
      ...verdict,
      discarded: discarded.get(row.id) === 1,
    };
  };

  return {
    verdictOf,
    summaryOf,
    episodeRow: (episodeId: number): EpisodeRow | undefined => byId.get(episodeId),
    listEpisodes: (limit: number, beforeId = Number.MAX_SAFE_INTEGER): EpisodeSummary[] =>
      newest.all(beforeId, limit).map(summaryOf),
    episode: (episodeId: number): EpisodeSummary | undefined => {
      const row = byId.get(episodeId);
      return row && summaryOf(row);
    },
  };
}

function createTransitions(database: Database, verdictOf: (episodeId: number) => Verdict | undefined) {
  const steps = database.prepare<[number], TransitionRow>(
    'SELECT * FROM "transition" WHERE episode_id = ? ORDER BY step_index',
  );
  return {
    /** Returns the transitions under the verdict that stands, which decides the last one's reward and ending. */
    transitions: (episode: EpisodeRow): StoredTransition[] => {
      const list = steps.all(episode.id).map(storedTransition);
      const verdict = verdictOf(episode.id);
      const last = list.at(-1);
      if (last && verdict) list[list.length - 1] = { ...last, ...endingUnder(verdict.outcome, episode.task, last) };
      return list;
    },
    /** Returns the transitions as recorded, whatever the verdict. */
    recordedTransitions: (episodeId: number): StoredTransition[] => steps.all(episodeId).map(storedTransition),
  };
}

function createObservations(database: Database) {
  const rows = database.prepare<[number], ObservationRow>(
    `SELECT observation.*, vector FROM observation LEFT JOIN embedding ON embedding.observation_id = observation.id
     WHERE episode_id = ? ORDER BY observation_index`,
  );
  const idOf = database
    .prepare<[number, number], number>('SELECT id FROM observation WHERE episode_id = ? AND observation_index = ?')
    .pluck();
  const frames = database.prepare<[number], FrameRow>('SELECT * FROM frame WHERE observation_id = ? ORDER BY slot');
  const pads = database.prepare<[number], TactileRow>('SELECT * FROM tactile WHERE observation_id = ? ORDER BY slot');
  return {
    observations: (episodeId: number): StoredObservation[] => rows.all(episodeId).map(storedObservation),
    pictures(episodeId: number, index: number) {
      const id = idOf.get(episodeId, index);
      if (id === undefined) return undefined;
      return { frames: frames.all(id).map(unpackFrame), tactile: pads.all(id).map(unpackTactile) };
    },
    tactile(episodeId: number, index: number): TactileFrame[] {
      const id = idOf.get(episodeId, index);
      return id === undefined ? [] : pads.all(id).map(unpackTactile);
    },
  };
}

function stepSummary(step: StoredTransition, observation: StoredObservation | undefined): StepSummary {
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
