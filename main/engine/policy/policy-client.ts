/**
 * The policy process as a `PolicySource`. A process that dies is started again with its models. No call waits longer
 * than `patienceMs` of real time; live deadlines are the control loop's and much shorter. A process that dies
 * repeatedly is restarted later each time. After some attempts it is not restarted until the next load.
 */
import { type Clock, patience } from '../../api/clock.ts';
import {
  type FromPolicyProcess,
  fromPolicyProcessSchema,
  type ToPolicyProcess,
} from '../../api/processes/policy-messages.ts';
import { type PolicyChild, spawnPolicyProcess } from './policy-child.ts';
import type { ClassifierReply, EpisodeOpening, LoadReply, PolicyReply, PolicySource } from './policy-source.ts';

export type { PolicyChild } from './policy-child.ts';

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
/** Wait before the first restart. It doubles with every further one. */
const DEFAULT_RESTART_MS = 500;
/** Number of ends in a row after which the process is not restarted by itself. */
const MAX_ENDS = 5;
/** A process that has run this long ends a row of failures. */
const STABLE_MS = 10_000;
const RESTART_REMEDY = 'It is started again by itself: wait a moment, then press Resume.';
const GIVEN_UP_REMEDY = 'Press Resume to try once more, or choose another policy; see what the engine printed.';

/** A threshold that no probability passes. */
const NEVER = Number.POSITIVE_INFINITY;

interface Waiting<Message> {
  readonly resolve: (message: Message) => void;
  readonly cancel: () => void;
}

type LoadAnswer = Extract<FromPolicyProcess, { kind: 'loaded' }> | ProcessRefusal | PolicyRefusal;
interface PolicyRefusal {
  readonly kind: 'refused';
  readonly message: string;
  readonly remedy: string;
  readonly fault: 'policy';
}
type ProcessRefusal = Omit<PolicyRefusal, 'fault'> & { readonly fault: 'process' };

export function createPolicyClient(options: PolicyClientOptions): PolicySource {
  const { clock, encoderManifestPath, spawn = spawnPolicyProcess } = options;
  const patienceMs = options.patienceMs ?? DEFAULT_PATIENCE_MS;
  const troubleListeners = new Set<(trouble: { readonly message: string; readonly remedy: string }) => void>();
  const loads = new Map<number, Waiting<LoadAnswer>>();
  const proposals = new Map<number, Waiting<PolicyReply>>();
  let child: PolicyChild | undefined;
  let startedMs = 0;
  /** Number of ends since the process last ran for long. */
  let ends = 0;
  /** Resolves when a process runs again, or when restarts have been given up. `undefined` while one runs. */
  let restart: PromiseWithResolvers<void> | undefined;
  let closed = false;
  let nextRequest = 1;
  /** Never counts from 0 again: a late answer must not be taken for that to another episode's question. */
  let nextQuestion = 0;
  /** Name of the policy, and hash of the encoder, that the running process has loaded. */
  let name: string | undefined;
  let encoderSha256: string | undefined;
  /** Models and episode that a restarted process must load. */
  let manifestPath: string | undefined;
  let classifierPath: string | undefined;
  let opening: EpisodeOpening | undefined;
  /** Number of policy loads that a caller waits for. While there is one, the earlier policy is not loaded again. */
  let policyLoads = 0;
  /** Manifest paths of the policies that were warned about. */
  const warned = new Set<string>();
  /** The encoder is loaded into each new process before anything else. */
  let ready: Promise<ProcessRefusal | undefined> = Promise.resolve(undefined);
  let cancelRestart = () => {};

  const failed = (message: string, remedy: string): PolicyReply => ({ kind: 'failed', message, remedy });
  const processFault = (message: string, remedy: string = RESTART_REMEDY): ProcessRefusal => ({
    ...{ kind: 'refused', message, remedy, fault: 'process' },
  });

  const start = () => {
    cancelRestart();
    const started = spawn();
    child = started;
    startedMs = clock.nowMs();
    started.onMessage((message) => onMessage(started, message));
    started.onExit((why) => onExit(started, why));
    ready = prepare();
    restart?.resolve();
    restart = undefined;
  };

  const prepare = async (): Promise<ProcessRefusal | undefined> => {
    if (encoderManifestPath === undefined) return undefined;
    const reply = await ask((requestId) => ({ kind: 'load-encoder', requestId, manifestPath: encoderManifestPath }));
    if (reply.kind === 'refused') {
      // The end of the process is reported separately.
      if (reply.fault === 'policy') tell(`The encoder cannot be used: ${reply.message}`, reply.remedy);
      return processFault(reply.message, reply.remedy);
    }
    encoderSha256 = reply.encoderSha256;
    return undefined;
  };

  const tell = (message: string, remedy: string) => {
    for (const listener of troubleListeners) listener({ message, remedy });
  };

  const onMessage = (from: PolicyChild, raw: unknown) => {
    if (from !== child) return;
    const parsed = fromPolicyProcessSchema.safeParse(raw);
    if (!parsed.success) {
      tell(`The policy process sent what cannot be read: ${parsed.error.issues[0]?.message ?? ''}`, RESTART_REMEDY);
      return end(from);
    }
    const message: FromPolicyProcess = parsed.data;
    switch (message.kind) {
      case 'started':
        return;
      case 'loaded':
        return settle(loads, message.requestId, message);
      case 'refused':
        return settle(loads, message.requestId, {
          ...{ kind: 'refused', message: message.message, remedy: message.remedy, fault: 'policy' },
        });
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

  const end = (who: PolicyChild) => {
    who
      .kill()
      .catch((error: unknown) => tell(`The policy process could not be ended: ${String(error)}`, RESTART_REMEDY));
  };

  const onExit = (who: PolicyChild, why: string) => {
    if (who !== child) return;
    child = undefined;
    name = undefined;
    ends = clock.nowMs() - startedMs >= STABLE_MS ? 1 : ends + 1;
    const givenUp = ends >= MAX_ENDS;
    const message = givenUp ? `The policy process ${why}, ${ends} times in a row.` : `The policy process ${why}.`;
    const remedy = givenUp ? GIVEN_UP_REMEDY : RESTART_REMEDY;
    if (!closed && !givenUp) restart ??= Promise.withResolvers<void>();
    for (const sequence of [...proposals.keys()]) settle(proposals, sequence, failed(message, remedy));
    for (const requestId of [...loads.keys()]) settle(loads, requestId, processFault(message, remedy));
    if (closed) return;
    // Reported once for a series of ends: at the first one, and when restarts are given up.
    if (ends === 1 || givenUp) tell(message, remedy);
    if (givenUp) return;
    const waitMs = (options.restartAfterMs ?? DEFAULT_RESTART_MS) * 2 ** (ends - 1);
    cancelRestart = clock.at(clock.nowMs() + waitMs, () => {
      start();
      reload().catch((error: unknown) =>
        tell(`The policy could not be loaded again: ${String(error)}`, GIVEN_UP_REMEDY),
      );
    });
  };

  /**
   * Loads again what was in use before the process ended. A process that ends during this is restarted and loads again.
   */
  const reload = async () => {
    const policyPath = policyLoads === 0 ? manifestPath : undefined;
    const classifier = classifierPath;
    if (opening) child?.send({ kind: 'start-episode', ...opening });
    if (policyPath !== undefined) {
      const reply = await loadNow(policyPath);
      if (reply.kind === 'refused' && reply.fault === 'policy')
        tell(`The policy in use could not be loaded again: ${reply.message}`, reply.remedy);
    }
    if (classifier !== undefined) {
      const reply = await loadClassifier(classifier);
      if (reply.kind === 'refused' && reply.fault === 'policy')
        tell(`The classifier in use could not be loaded again: ${reply.message}`, reply.remedy);
    }
  };

  /** Keeps a resolver under `key` until it is answered or patience ends with `otherwise`. */
  const wait = <Message>(
    map: Map<number, Waiting<Message>>,
    key: number,
    forMs: number,
    otherwise: Message,
    onLate: () => void,
  ) =>
    new Promise<Message>((resolve) => {
      const cancel = patience(clock, forMs, () => {
        settle(map, key, otherwise);
        onLate();
      });
      map.set(key, { resolve, cancel });
    });

  const ask = (message: (requestId: number) => ToPolicyProcess): Promise<LoadAnswer> => {
    const asked = child;
    if (!asked) return Promise.resolve(processFault('The policy process is not running.'));
    const requestId = nextRequest++;
    const late = processFault(`The policy process did not answer within ${LOAD_PATIENCE_MS / 1000} s.`);
    const answer = wait<LoadAnswer>(loads, requestId, LOAD_PATIENCE_MS, late, () => end(asked));
    asked.send(message(requestId));
    return answer;
  };

  /** Waits for a running process with its encoder. Returns the reason when there is none. */
  const running = async (): Promise<ProcessRefusal | undefined> => {
    if (closed) return processFault('The engine is closing.', 'Start it again.');
    // Restarts had been given up. A new request for a policy tries again.
    if (!child && !restart) {
      ends = 0;
      start();
    }
    await restart?.promise;
    return child ? ready : processFault('The policy process is not running.');
  };

  const loadNow = async (path: string): Promise<LoadReply> => {
    const lacking = await running();
    if (lacking) return lacking;
    const reply = await ask((requestId) => ({ kind: 'load-policy', requestId, manifestPath: path }));
    if (reply.kind === 'refused') return reply;
    manifestPath = path;
    name = reply.name;
    if (reply.warning !== undefined && !warned.has(path)) tell(reply.warning, 'Train it again to have them checked.');
    if (reply.warning !== undefined) warned.add(path);
    return { kind: 'loaded', name, actingNoiseStd: reply.actingNoiseStd ?? 0, encoderSha256: reply.encoderSha256 };
  };

  const load = (path: string): Promise<LoadReply> => {
    policyLoads++;
    return loadNow(path).finally(() => policyLoads--);
  };

  const loadClassifier = async (path: string): Promise<ClassifierReply & { readonly fault?: 'policy' | 'process' }> => {
    const lacking = await running();
    if (lacking) return lacking;
    const reply = await ask((requestId) => ({ kind: 'load-classifier', requestId, manifestPath: path }));
    if (reply.kind === 'refused') return reply;
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
      const answer = wait(proposals, sequence, patienceMs, late, () => {
        if (asked === child) end(asked);
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
      restart?.resolve();
      restart = undefined;
      await child?.kill();
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
