/**
 * The episode that is being recorded: what people asked of it, what the policy proposed in it, and how its steps get into the
 * recorder. An episode begins with the hand-over of its first observation, after the loop has entered RUNNING, and ends with
 * that of its last, which may come after RUNNING was left.
 */

import type { EpisodeStart, ObservationRecord } from '../../../data/records.ts';
import { allFinite } from '../../api/finite.ts';
import type { Vec3 } from '../../api/geometry.ts';
import type { SafetyEvent } from '../../api/limits.ts';
import type { Flight } from '../loop/driving.ts';
import type { LoopOptions, ProposalCount } from '../loop/loop-types.ts';
import type { PolicyReply } from '../policy/policy-source.ts';
import type { Pending } from '../policy/proposals.ts';
import { NO_REQUESTS, type Requests, type StepEnd } from './episode.ts';

/** An observation on its way to the store. */
export interface Noted {
  /** In its episode, from 0. */
  readonly index: number;
  readonly record: Omit<ObservationRecord, 'embedding'>;
  /** How the step that led here ended; undefined for an episode's first observation. */
  readonly judged: StepEnd | undefined;
  readonly closing: Flight | undefined;
}

export interface EpisodeLog {
  /** RUNNING begins: nothing is asked, seen or proposed yet. */
  begin(): void;
  requests(): Requests;
  ask(requests: Partial<Requests>): void;
  /** Observations taken so far, which is how many steps the next one completes. */
  observations(): number;
  /** One more is taken; its index, from 0. */
  observed(): number;
  /** The policy proposed an action, with this share of it at ±1. */
  proposed(saturation: number): void;
  /** The step that has just been completed, and the observation that it led to, go to the store. */
  handOver(noted: Noted, pending: Pending<PolicyReply | undefined>): void;
  /** An episode is begun and not ended. */
  isOpen(): boolean;
  end(end: NonNullable<StepEnd['end']>): void;
  newestSafety(): readonly SafetyEvent[];
}

type LogOptions = Pick<LoopOptions, 'recorder' | 'success' | 'events'> & {
  /** The delay of a step whose own is not known. */
  readonly effectDelayMs: number;
  /** What an episode that begins now says of itself. */
  readonly opening: (first: ObservationRecord) => EpisodeStart;
  readonly commandedM: () => Vec3;
};

const NO_OPINION = { embedding: undefined, successProbability: undefined } as const;

export function createEpisodeLog({ recorder, success, events, ...options }: LogOptions): EpisodeLog {
  let requests: Requests = NO_REQUESTS;
  let observations = 0;
  let proposals = 0;
  let saturationSum = 0;
  let newestSafety: readonly SafetyEvent[] = [];

  const isOpen = () => {
    const episode = recorder.summary();
    return episode !== undefined && episode.outcome === undefined;
  };

  const end = (how: NonNullable<StepEnd['end']>) => {
    const { discard, verdict } = requests;
    requests = NO_REQUESTS;
    const ended = recorder.end(how);
    if (!ended) return;
    // A verdict that came while the last step was on its way to the store still wins.
    if (verdict && verdict !== ended.outcome) recorder.relabel(ended.id, verdict);
    if (discard) recorder.discard(ended.id);
    const count: ProposalCount = { proposals, saturation: proposals > 0 ? saturationSum / proposals : 0 };
    events.episodeEnded?.(recorder.summary() ?? ended, count);
  };

  const addLateEmbedding = (episodeId: number, index: number, pending: Pending<PolicyReply | undefined>) => {
    pending.settled
      .then((reply) => {
        if (reply?.kind === 'proposal' && reply.embedding && allFinite(reply.embedding))
          recorder.lateEmbedding(episodeId, index, reply.embedding);
      })
      .catch((error: unknown) =>
        events.notStored?.(`A late embedding was not stored: ${String(error)}`, 'It is computed again for training.'),
      );
  };

  const recordStep = (episodeId: number, flight: Flight, { end: _, ...labels }: StepEnd, next: ObservationRecord) => {
    newestSafety = flight.safety;
    const summary = recorder.step({
      actor: flight.actor,
      idle: flight.idle,
      action: flight.executed,
      policyAction: flight.policyAction,
      humanAction: flight.humanAction,
      takeoverSubstep: flight.takeoverSubstep,
      effectDelayMs: flight.effectDelayMs ?? options.effectDelayMs,
      late: flight.late,
      safety: flight.safety,
      ...labels,
      next,
    });
    events.step?.(episodeId, summary, options.commandedM());
  };

  return {
    begin: () => {
      requests = NO_REQUESTS;
      observations = 0;
      proposals = 0;
      saturationSum = 0;
      newestSafety = [];
    },
    requests: () => requests,
    ask: (asked) => {
      requests = { ...requests, ...asked };
    },
    observations: () => observations,
    observed: () => observations++,
    proposed: (saturation) => {
      proposals++;
      saturationSum += saturation;
    },
    handOver: ({ index, record, judged, closing }, pending) => {
      const reply = pending.value();
      const { embedding: seen, successProbability } = reply?.kind === 'proposal' ? reply : NO_OPINION;
      const embedding = seen && allFinite(seen) ? seen : undefined;
      success.see(index, successProbability, record);
      const observation: ObservationRecord = { ...record, embedding };
      const episode = index === 0 ? recorder.begin(options.opening(observation)) : recorder.summary();
      if (!episode) return;
      if (!reply) addLateEmbedding(episode.id, index, pending);
      if (!closing || !judged) return;
      recordStep(episode.id, closing, judged, observation);
      if (judged.end) end(judged.end);
    },
    isOpen,
    end,
    newestSafety: () => newestSafety,
  };
}
