/**
 * The policy process as a `PolicySource`: forked, spoken to over IPC, restarted when it dies, and never waited for longer than
 * `patienceMs` of real time (live deadlines are the control loop's, and far shorter). What was loaded is loaded again after a restart.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../api/clock.ts';
import type { FromPolicyProcess, ToPolicyProcess } from '../api/policy-process.ts';
import type { ClassifierReply, EpisodeOpening, LoadReply, PolicyReply, PolicySource } from './policy-source.ts';

/** The part of a child process that is used; a test puts its own in its place. */
export interface PolicyChild {
  send(message: ToPolicyProcess): void;
  onMessage(listener: (message: FromPolicyProcess) => void): void;
  onExit(listener: (why: string) => void): void;
  kill(): void;
}

export interface PolicyClientOptions {
  readonly clock: Clock;
  readonly encoderManifestPath: string | undefined;
  readonly spawn?: () => PolicyChild;
  readonly patienceMs?: number;
  readonly restartAfterMs?: number;
}

const DEFAULT_PATIENCE_MS = 10_000;
const LOAD_PATIENCE_MS = 60_000;
/** Observations under way. Pictures are large: a process that answers none must not be sent more. */
const MAX_UNANSWERED = 30;
const DEFAULT_RESTART_MS = 500;
const RESTART_REMEDY = 'It is started again by itself: wait a moment, then press Resume.';

export function spawnPolicyProcess(): PolicyChild {
  const entry = fileURLToPath(new URL('../policy/policy-process.ts', import.meta.url));
  const child: ChildProcess = fork(entry, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return {
    send: (message) => {
      // A channel that is closing reports through 'exit'.
      if (child.connected) child.send(message, () => {});
    },
    onMessage: (listener) => {
      child.on('message', (message) => listener(message as FromPolicyProcess)); // own process, same version
    },
    onExit: (listener) => {
      child.once('exit', (code, signal) => listener(signal ? `killed by ${signal}` : `ended with code ${code}`));
      child.once('error', (error) => listener(error.message));
    },
    kill: () => {
      child.kill();
    },
  };
}

/** A threshold that no probability passes. */
const NEVER = Number.POSITIVE_INFINITY;

interface Waiting<Message> {
  readonly resolve: (message: Message) => void;
  readonly cancel: () => void;
}

type LoadAnswer = Extract<FromPolicyProcess, { kind: 'loaded' | 'refused' }>;

export function createPolicyClient(options: PolicyClientOptions): PolicySource {
  const { clock, encoderManifestPath, spawn = spawnPolicyProcess } = options;
  const patienceMs = options.patienceMs ?? DEFAULT_PATIENCE_MS;
  const troubleListeners = new Set<(trouble: { readonly message: string; readonly remedy: string }) => void>();
  const loads = new Map<number, Waiting<LoadAnswer>>();
  const proposals = new Map<number, Waiting<PolicyReply>>();
  let child: PolicyChild | undefined;
  let closed = false;
  let nextRequest = 1;
  /** Never counts from 0 again: a late answer must not be taken for that to another episode's question. */
  let nextQuestion = 0;
  let name: string | undefined;
  let encoderSha256: string | undefined;
  let manifestPath: string | undefined;
  let classifierPath: string | undefined;
  let opening: EpisodeOpening | undefined;
  /** The encoder is loaded into each new process before anything else. */
  let ready: Promise<LoadReply> = Promise.resolve({ kind: 'refused', message: 'not started', remedy: '' });
  let cancelRestart = () => {};

  const failed = (message: string, remedy: string): PolicyReply => ({ kind: 'failed', message, remedy });

  const start = () => {
    const started = spawn();
    child = started;
    started.onMessage(onMessage);
    started.onExit((why) => onExit(started, why));
    ready = prepare();
  };

  const prepare = async (): Promise<LoadReply> => {
    if (encoderManifestPath !== undefined) {
      const reply = await ask((requestId) => ({ kind: 'load-encoder', requestId, manifestPath: encoderManifestPath }));
      if (reply.kind === 'refused') {
        tell(`The encoder cannot be used: ${reply.message}`, reply.remedy);
        return reply;
      }
      encoderSha256 = reply.encoderSha256;
    }
    return { kind: 'loaded', name: '', actingNoiseStd: 0, encoderSha256 };
  };

  const tell = (message: string, remedy: string) => {
    for (const listener of troubleListeners) listener({ message, remedy });
  };

  const onMessage = (message: FromPolicyProcess) => {
    switch (message.kind) {
      case 'started':
        return;
      case 'loaded':
      case 'refused':
        return settle(loads, message.requestId, message);
      case 'proposal':
        return settle(proposals, message.sequence, {
          kind: 'proposal',
          action: message.action,
          embedding: message.embedding,
          computeMs: message.computeMs,
          saturation: message.saturation,
          successProbability: message.successProbability,
        });
      case 'failed':
        return settle(proposals, message.sequence, failed(message.message, message.remedy));
      default:
        return message satisfies never;
    }
  };

  const onExit = (who: PolicyChild, why: string) => {
    if (who !== child) return;
    child = undefined;
    const message = `The policy process ${why}.`;
    for (const sequence of [...proposals.keys()]) settle(proposals, sequence, failed(message, RESTART_REMEDY));
    for (const requestId of [...loads.keys()])
      settle(loads, requestId, { kind: 'refused', requestId, message, remedy: RESTART_REMEDY });
    if (closed) return;
    tell(message, RESTART_REMEDY);
    cancelRestart = clock.at(clock.nowMs() + (options.restartAfterMs ?? DEFAULT_RESTART_MS), () => {
      start();
      if (manifestPath !== undefined) void load(manifestPath);
      if (classifierPath !== undefined) void loadClassifier(classifierPath);
      if (opening) child?.send({ kind: 'start-episode', ...opening });
    });
  };

  /** Keeps a resolver under `key` until it is answered or patience ends with `otherwise`. */
  const wait = <Message>(map: Map<number, Waiting<Message>>, key: number, forMs: number, otherwise: Message) =>
    new Promise<Message>((resolve) => {
      const cancel = clock.at(clock.nowMs() + forMs, () => settle(map, key, otherwise));
      map.set(key, { resolve, cancel });
    });

  const ask = (message: (requestId: number) => ToPolicyProcess): Promise<LoadAnswer> => {
    const requestId = nextRequest++;
    const none: LoadAnswer = {
      kind: 'refused',
      requestId,
      message: child ? `no answer within ${LOAD_PATIENCE_MS / 1000} s` : 'the policy process is not running',
      remedy: RESTART_REMEDY,
    };
    if (!child) return Promise.resolve(none);
    const answer = wait(loads, requestId, LOAD_PATIENCE_MS, none);
    child.send(message(requestId));
    return answer;
  };

  const load = async (path: string): Promise<LoadReply> => {
    const encoder = await ready;
    if (encoder.kind === 'refused') return encoder;
    const reply = await ask((requestId) => ({ kind: 'load-policy', requestId, manifestPath: path }));
    if (reply.kind === 'refused') return { kind: 'refused', message: reply.message, remedy: reply.remedy };
    manifestPath = path;
    name = reply.name;
    return { kind: 'loaded', name, actingNoiseStd: reply.actingNoiseStd ?? 0, encoderSha256: reply.encoderSha256 };
  };

  const loadClassifier = async (path: string): Promise<ClassifierReply> => {
    const encoder = await ready;
    if (encoder.kind === 'refused') return encoder;
    const reply = await ask((requestId) => ({ kind: 'load-classifier', requestId, manifestPath: path }));
    if (reply.kind === 'refused') return { kind: 'refused', message: reply.message, remedy: reply.remedy };
    classifierPath = path;
    return { kind: 'loaded', name: reply.name, threshold: reply.threshold ?? NEVER };
  };

  start();
  return {
    name: () => name,
    encoderSha256: () => encoderSha256,
    load,
    loadClassifier,
    startEpisode: (next) => {
      opening = next;
      child?.send({ kind: 'start-episode', ...next });
    },
    propose: (observation) => {
      const { snapshot } = observation;
      if (!child) return Promise.resolve(failed('The policy process is not running.', RESTART_REMEDY));
      if (proposals.size >= MAX_UNANSWERED)
        return Promise.resolve(
          failed(
            `The policy has not answered the last ${proposals.size} observations yet.`,
            'Close other programs or use a smaller policy; it is started again by itself if it stays silent.',
          ),
        );
      const sequence = nextQuestion++;
      const late = failed(
        `The policy did not answer within ${patienceMs / 1000} s.`,
        'It is started again by itself: wait a moment, then press Resume. A smaller policy may help.',
      );
      const asked = child;
      const answer = wait(proposals, sequence, patienceMs, late);
      void answer.then((reply) => {
        if (reply === late && asked === child) asked.kill();
      });
      child.send({
        kind: 'observe',
        sequence,
        frames: snapshot.frames,
        proprioception: observation.proprioception,
        stateEstimate: snapshot.stateEstimate,
        wantAction: observation.wantAction,
        interrupted: observation.interrupted,
      });
      return answer;
    },
    onTrouble: (listener) => {
      troubleListeners.add(listener);
      return () => troubleListeners.delete(listener);
    },
    close: async () => {
      closed = true;
      cancelRestart();
      child?.kill();
    },
  };
}

function settle<Message>(map: Map<number, Waiting<Message>>, key: number, message: Message) {
  const waiting = map.get(key);
  if (!waiting) return;
  map.delete(key);
  waiting.cancel();
  waiting.resolve(message);
}
