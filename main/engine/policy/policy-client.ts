/**
 * The policy process as a `PolicySource`. A process that dies is started again with its models. No call waits longer
 * than `patienceMs` of real time; live deadlines are the control loop's and much shorter.
 */
import type { Clock } from '../../api/clock.ts';
import { type FromPolicyProcess, fromPolicyProcessSchema } from '../../api/processes/policy-messages.ts';
import { createListeners } from '../listeners.ts';
import { createModelLoads } from './model-loads.ts';
import { createPendingAnswers } from './pending-answers.ts';
import type { EpisodeOpening, PolicyObservation, PolicyReply, PolicySource, PolicyTrouble } from './policy-source.ts';
import {
  createRestartingChild,
  NOT_RUNNING,
  type PolicyChild,
  RESTART_REMEDY,
  type RestartingChild,
  spawnPolicyProcess,
} from './restarting-child.ts';

interface PolicyClientOptions {
  readonly clock: Clock;
  readonly encoderManifestPath: string | undefined;
  readonly spawn?: () => PolicyChild;
  readonly patienceMs?: number;
  readonly restartAfterMs?: number;
}

const DEFAULT_PATIENCE_MS = 10_000;
/** Maximum number of observations under way. Pictures are large: a process that answers none must not be sent more. */
const MAX_UNANSWERED = 30;

export function createPolicyClient(options: PolicyClientOptions): PolicySource {
  const { clock, encoderManifestPath, patienceMs = DEFAULT_PATIENCE_MS } = options;
  const troubles = createListeners<PolicyTrouble>();
  /** The episode that a restarted process must begin. */
  let opening: EpisodeOpening | undefined;

  const process: RestartingChild = createRestartingChild({
    clock,
    spawn: options.spawn ?? spawnPolicyProcess,
    restartAfterMs: options.restartAfterMs,
    onMessage: (raw, from) => onMessage(raw, from),
    onStarted: () => models.processStarted(),
    onRestarted: () => {
      if (opening) process.current()?.send({ kind: 'start-episode', ...opening });
      models.reload();
    },
    onEnded: (trouble) => {
      proposals.settleAll({ kind: 'failed', ...trouble });
      models.processEnded(trouble);
    },
    onTrouble: troubles.tell,
  });
  const tell = (message: string, remedy: string) => troubles.tell({ message, remedy });
  const proposals = createProposals(process, clock, patienceMs);
  const models = createModelLoads({ process, clock, encoderManifestPath, tell });

  const onMessage = (raw: unknown, from: PolicyChild) => {
    const { data: message, error } = fromPolicyProcessSchema.safeParse(raw);
    if (!error) return onAnswer(message);
    tell(`The policy process sent what cannot be read: ${error.issues[0]?.message ?? ''}`, RESTART_REMEDY);
    process.kill(from);
  };
  const onAnswer = (message: FromPolicyProcess) => {
    switch (message.kind) {
      case 'started':
        return;
      case 'loaded':
      case 'refused':
        return models.answered(message);
      case 'proposal':
      case 'failed': {
        const { sequence, ...reply } = message;
        return proposals.settle(sequence, reply);
      }
      default:
        return message satisfies never;
    }
  };

  process.start();
  return {
    name: models.name,
    encoderSha256: models.encoderSha256,
    load: models.load,
    loadClassifier: models.loadClassifier,
    startEpisode: (next) => {
      opening = next;
      process.current()?.send({ kind: 'start-episode', ...next });
    },
    propose: proposals.propose,
    onTrouble: troubles.add,
    close: process.close,
  };
}

/** Sends observations to the process and finds the answer to each by its number. */
function createProposals(process: RestartingChild, clock: Clock, patienceMs: number) {
  const answers = createPendingAnswers<PolicyReply>(clock);
  /** Never counts from 0 again: a late answer must not be taken for that to another episode's question. */
  let nextQuestion = 0;
  return {
    settle: answers.settle,
    settleAll: answers.settleAll,
    propose: async (observation: PolicyObservation): Promise<PolicyReply> => {
      const child = process.current();
      if (!child) return { kind: 'failed', ...NOT_RUNNING };
      if (answers.count() >= MAX_UNANSWERED) return unanswered(answers.count());
      const sequence = nextQuestion++;
      const answer = answers.wait(sequence, patienceMs, late(patienceMs), () => {
        if (child === process.current()) process.kill(child);
      });
      const { snapshot, proprioception, wantAction, interrupted } = observation;
      const { frames, stateEstimate } = snapshot;
      child.send({ kind: 'observe', sequence, frames, proprioception, stateEstimate, wantAction, interrupted });
      return answer;
    },
  };
}

const unanswered = (observations: number): PolicyReply => ({
  kind: 'failed',
  message: `The policy has not answered the last ${observations} observations yet.`,
  remedy: 'Close other programs or use a smaller policy; it is started again by itself if it stays silent.',
});

const late = (patienceMs: number): PolicyReply => ({
  kind: 'failed',
  message: `The policy did not answer within ${patienceMs / 1000} s.`,
  remedy: 'It is started again by itself: wait a moment, then press Resume. A smaller policy may help.',
});
