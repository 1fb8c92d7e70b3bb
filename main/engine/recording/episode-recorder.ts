/**
 * Turns ticks into records and hands them to the store's writer, step by step, before the next tick ends. Without a
 * writer it only counts, so that an evaluation runs the same loop. It never blocks a tick; `room` tells the loop when
 * to wait.
 */

import type { EpisodeEnd, EpisodeStart, ObservationRecord, StepRecord, StoreWriter } from '../../../data/records.ts';
import type { Snapshot } from '../../../native/device.ts';
import type { Actor } from '../../api/action.ts';
import { type Clock, patience, systemClock } from '../../api/clock.ts';
import type { BufferCounts, EpisodeSummary, StepSummary } from '../../api/episode.ts';
import type { TaskId } from '../../api/task.ts';

export type Room = 'plenty' | 'none' | 'disk-full' | 'unreachable' | 'stopped';

/** A store that writes nothing for this long, in host time, counts as stuck. */
const NO_PROGRESS_MS = 5000;
/** Number of steps that must still fit when a live run is told to hold: the one in flight and its neighbours. */
const RESERVE_STEPS = 4;

const NO_STEPS = { rlTransitions: 0, demoTransitions: 0, interventionSteps: 0 };
const NO_COUNTS: BufferCounts = { ...NO_STEPS, demonstrations: 0, episodes: 0 };

export type EpisodeRecorder = ReturnType<typeof createEpisodeRecorder>;

export function createEpisodeRecorder(writer: StoreWriter | undefined, host: Clock = systemClock) {
  let summary: EpisodeSummary | undefined;
  let previousActor: Actor | undefined;
  let countedEpisodes = 0;
  const relabelled = (episodeId: number, change: Partial<EpisodeSummary>) => {
    if (summary?.id === episodeId) summary = { ...summary, ...change };
  };
  return {
    begin: (start: EpisodeStart) => {
      const id = writer ? writer.beginEpisode(start) : ++countedEpisodes;
      previousActor = undefined;
      summary = begun(id, writer?.sessionId ?? 0, start);
      return summary;
    },
    step: (record: Omit<StepRecord, 'index'>) => {
      if (!summary) throw new Error('recorder.step before recorder.begin: the loop must begin an episode first');
      const step: StepRecord = { ...record, index: summary.steps };
      writer?.appendStep(summary.id, step);
      const byPerson = step.actor !== 'policy';
      const takenOver = summary.mode === 'run' && byPerson && (previousActor ?? 'policy') === 'policy';
      previousActor = step.actor;
      summary = {
        ...summary,
        steps: summary.steps + 1,
        humanSteps: summary.humanSteps + (step.actor === 'human' ? 1 : 0),
        takeovers: summary.takeovers + (takenOver ? 1 : 0),
        return: summary.return + step.reward,
      };
      return summaryOf(step);
    },
    /** Stores the embedding of an observation that was handed over without one. */
    lateEmbedding: (episodeId: number, index: number, embedding: Float32Array) =>
      writer?.setEmbedding(episodeId, index, embedding),
    end: (end: EpisodeEnd) => {
      if (!summary || summary.outcome !== undefined) return undefined;
      writer?.endEpisode(summary.id, end);
      summary = { ...summary, outcome: end.outcome, judge: end.judge };
      return summary;
    },
    /** Returns the running episode, or the last one. */
    summary: () => summary,
    relabel: (episodeId: number, verdict: 'success' | 'failure') => {
      writer?.relabelEpisode(episodeId, verdict);
      relabelled(episodeId, { outcome: verdict, judge: 'human' });
    },
    discard: (episodeId: number) => {
      writer?.discardEpisode(episodeId);
      relabelled(episodeId, { discarded: true });
    },
    undo: async () => writer?.undo(),
    room: () => (writer ? roomOf(writer) : 'plenty'),
    /** Resolves when everything is stored, or with `stuck` when the store has written nothing for five seconds. */
    drained: async () => (writer ? drainedOrStuck(writer, host) : 'drained'),
    /** Counts the episodes of one task. */
    counts: (task: TaskId) => writer?.counts(task) ?? NO_COUNTS,
  };
}

/** Summary of an episode that has no steps yet. */
function begun(id: number, sessionId: number, start: EpisodeStart): EpisodeSummary {
  const { task, mode, observation, seed, policy, policyIsCandidate, startedAtMs } = start;
  const about = { id, sessionId, task, mode, observation, seed, policyIsCandidate, startedAtMs };
  const nothingYet = { steps: 0, humanSteps: 0, takeovers: 0, return: 0, discarded: false };
  return { ...about, ...(policy === undefined ? {} : { policy }), ...nothingYet };
}

function summaryOf({ index, actor, idle, action, reward, safety, next }: StepRecord): StepSummary {
  const { wrenchInTool, gripperOpeningM } = next;
  const forceN = Math.hypot(...wrenchInTool.slice(0, 3));
  return { index, actor, idle, action: [...action], reward, forceN, gripperOpeningM, safety };
}

function roomOf(writer: StoreWriter): Room {
  const { stopped, unreachable, full, queuedSteps, capacitySteps } = writer.pressure();
  if (stopped) return 'stopped';
  if (unreachable) return 'unreachable';
  if (full) return 'disk-full';
  return queuedSteps >= Math.max(1, capacitySteps - RESERVE_STEPS) ? 'none' : 'plenty';
}

/** Waits for as long as the queue becomes shorter, because a disk may be slow. */
async function drainedOrStuck(writer: StoreWriter, host: Clock): Promise<'drained' | 'stuck'> {
  const stuck = Promise.withResolvers<'stuck'>();
  let endPatience = () => {};
  const wait = (queuedSteps: number) => {
    endPatience = patience(host, NO_PROGRESS_MS, () => {
      const left = writer.pressure().queuedSteps;
      if (left < queuedSteps) wait(left);
      else stuck.resolve('stuck');
    });
  };
  wait(writer.pressure().queuedSteps);
  try {
    return await Promise.race([writer.drained().then(() => 'drained' as const), stuck.promise]);
  } finally {
    endPatience();
  }
}

/** Returns the part of an observation that is stored without the policy process: everything except its embedding. */
export function observationRecord(
  { state, frames, tactile }: Snapshot,
  proprioception: Float32Array,
  scenePoses: Float32Array,
): Omit<ObservationRecord, 'embedding'> {
  return { ...state, proprioception, frames, tactile, scenePoses };
}
