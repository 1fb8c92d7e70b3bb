/**
 * The episode that is being recorded: what people asked of it, how many observations and proposals it has, and how
 * its steps reach the recorder. The phase machine of the control loop decides when an episode opens, stores a step
 * and closes.
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
  /** Number of the observation in its episode, from 0. */
  readonly index: number;
  readonly record: Omit<ObservationRecord, 'embedding'>;
  /** How the step that led here ended; `undefined` for the first observation of an episode. */
  readonly judged: StepEnd | undefined;
}

type LogOptions = Pick<LoopOptions, 'recorder' | 'success' | 'events'> & {
  /** Effect delay stored with a step whose own is not known. */
  readonly effectDelayMs: number;
  /** Describes the episode that opens with this observation. */
  readonly opening: (first: ObservationRecord) => EpisodeStart;
  readonly commandedM: () => Vec3;
};

const NOTHING_YET = { requests: NO_REQUESTS, observations: 0, proposals: 0, saturationSum: 0 };

/** Returns the embedding of a reply, unless it holds a number that is not finite. */
const embeddingOf = (reply: PolicyReply | undefined) =>
  reply?.kind === 'proposal' && reply.embedding && allFinite(reply.embedding) ? reply.embedding : undefined;

export type EpisodeLog = ReturnType<typeof createEpisodeLog>;

export function createEpisodeLog({ recorder, success, events, ...options }: LogOptions) {
  let counts = { ...NOTHING_YET };
  let newestSafety: readonly SafetyEvent[] = [];

  return {
    /** Begins an episode: nothing is asked, observed or proposed yet. */
    begin: () => {
      counts = { ...NOTHING_YET };
      newestSafety = [];
    },
    requests: () => counts.requests,
    ask: (asked: Partial<Requests>) => {
      counts.requests = { ...counts.requests, ...asked };
    },
    /** Number of observations taken so far, which is the number of steps that the next one completes. */
    observations: () => counts.observations,
    /** Counts one more observation and returns its index, from 0. */
    observed: () => counts.observations++,
    /** Counts a proposed action, of whose components this share is at ±1. */
    proposed: (saturation: number) => {
      counts.proposals++;
      counts.saturationSum += saturation;
    },
    /** Adds what the policy process answered in time, and tells the success detector. */
    complete: ({ index, record }: Noted, pending: Pending<PolicyReply | undefined>) => {
      const reply = pending.value();
      success.see(index, reply?.kind === 'proposal' ? reply.successProbability : undefined, record);
      return { ...record, embedding: embeddingOf(reply) };
    },
    open: (first: ObservationRecord) => {
      recorder.begin(options.opening(first));
    },
    storeStep: (step: Flight, { end: _, ...labels }: StepEnd, next: ObservationRecord) => {
      const episode = recorder.summary();
      if (!episode) return;
      newestSafety = step.safety;
      const { edgeMs: _edge, cut: _cut, executed: action, ...about } = step;
      const effectDelayMs = step.effectDelayMs ?? options.effectDelayMs;
      const summary = recorder.step({ ...about, action, effectDelayMs, ...labels, next });
      events.step?.(episode.id, summary, options.commandedM());
    },
    close: (end: NonNullable<StepEnd['end']>) => {
      const { requests, proposals, saturationSum } = counts;
      counts.requests = NO_REQUESTS;
      const ended = recorder.end(end);
      if (!ended) return;
      // A verdict that came while the last step was on its way to the store still wins.
      if (requests.verdict && requests.verdict !== ended.outcome) recorder.relabel(ended.id, requests.verdict);
      if (requests.discard) recorder.discard(ended.id);
      const count: ProposalCount = { proposals, saturation: proposals > 0 ? saturationSum / proposals : 0 };
      events.episodeEnded?.(recorder.summary() ?? ended, count);
    },
    /** Stores the embedding of an observation when it comes, if it was not there in time. */
    addLateEmbedding: ({ index }: Noted, pending: Pending<PolicyReply | undefined>) => {
      const episodeId = recorder.summary()?.id;
      if (pending.value() || episodeId === undefined) return;
      const store = (reply: PolicyReply | undefined) => {
        const embedding = embeddingOf(reply);
        if (embedding) recorder.lateEmbedding(episodeId, index, embedding);
      };
      const report = (error: unknown) =>
        events.notStored?.(`A late embedding was not stored: ${String(error)}`, 'It is computed again for training.');
      pending.settled.then(store).catch(report);
    },
    /** Safety events of the step that was stored last. */
    newestSafety: () => newestSafety,
  };
}
