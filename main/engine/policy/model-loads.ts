/**
 * The models of a policy process: its encoder, its policy and its reward classifier. The encoder is loaded into each
 * new process before anything else. A process that was restarted loads again what was in use.
 */
import type { Clock } from '../../api/clock.ts';
import type { FromPolicyProcess, ToPolicyProcess } from '../../api/processes/policy-messages.ts';
import { createPendingAnswers } from './pending-answers.ts';
import type { ClassifierReply, LoadReply, PolicyTrouble } from './policy-source.ts';
import { GIVEN_UP_REMEDY, NOT_RUNNING, RESTART_REMEDY, type RestartingChild } from './restarting-child.ts';

const LOAD_PATIENCE_MS = 60_000;
/** A threshold that no probability passes. */
const NEVER = Number.POSITIVE_INFINITY;

type Refused = Extract<LoadReply, { kind: 'refused' }>;
type Tell = (message: string, remedy: string) => void;
type LoadMessage = Extract<FromPolicyProcess, { kind: 'loaded' | 'refused' }>;
type Loaded = Extract<LoadMessage, { kind: 'loaded' }>;
/** A load without its request's number, which is given when it is sent. */
type LoadRequest = Omit<Extract<ToPolicyProcess, { readonly manifestPath: string }>, 'requestId'>;

export function createModelLoads(options: {
  readonly process: RestartingChild;
  readonly clock: Clock;
  readonly encoderManifestPath: string | undefined;
  readonly tell: Tell;
}) {
  const { process, encoderManifestPath, tell } = options;
  const requests = createLoadRequests(process, options.clock);
  let name: string | undefined;
  let encoderSha256: string | undefined;
  let policyPath: string | undefined;
  let classifierPath: string | undefined;
  /** Number of policy loads that a caller waits for. While there is one, the earlier policy is not loaded again. */
  let policyLoads = 0;
  const warnedPaths = new Set<string>();
  let encoderReady: Promise<Refused | undefined> = Promise.resolve(undefined);
  const loadEncoder = async (manifestPath: string): Promise<Refused | undefined> => {
    const reply = await requests.ask({ kind: 'load-encoder', manifestPath });
    if (reply.kind === 'refused') {
      // The end of the process is reported separately.
      if (reply.fault === 'policy') tell(`The encoder cannot be used: ${reply.message}`, reply.remedy);
      return processRefusal(reply);
    }
    encoderSha256 = reply.encoderSha256;
    return undefined;
  };
  /** Asks a running process that has its encoder. */
  const askWhenReady = async (request: LoadRequest): Promise<Loaded | Refused> => {
    const trouble = await process.ensureRunning();
    const refusal = trouble ? processRefusal(trouble) : await encoderReady;
    return refusal ?? requests.ask(request);
  };
  const loadPolicy = async (manifestPath: string): Promise<LoadReply> => {
    const reply = await askWhenReady({ kind: 'load-policy', manifestPath });
    if (reply.kind === 'refused') return reply;
    policyPath = manifestPath;
    name = reply.name;
    if (reply.warning !== undefined && !warnedPaths.has(manifestPath)) {
      warnedPaths.add(manifestPath);
      tell(reply.warning, 'Train it again to have them checked.');
    }
    return { kind: 'loaded', name, actingNoiseStd: reply.actingNoiseStd ?? 0, encoderSha256: reply.encoderSha256 };
  };
  const loadClassifier = async (manifestPath: string): Promise<ClassifierReply | Refused> => {
    const reply = await askWhenReady({ kind: 'load-classifier', manifestPath });
    if (reply.kind === 'refused') return reply;
    classifierPath = manifestPath;
    return { kind: 'loaded', name: reply.name, threshold: reply.threshold ?? NEVER };
  };
  const reload = async () => {
    const [policy, classifier] = [policyLoads === 0 ? policyPath : undefined, classifierPath];
    if (policy !== undefined) tellRefusal(tell, 'policy', await loadPolicy(policy));
    if (classifier !== undefined) tellRefusal(tell, 'classifier', await loadClassifier(classifier));
  };

  return {
    /** Name of the policy that the running process has loaded. */
    name: () => name,
    encoderSha256: () => encoderSha256,
    load: (manifestPath: string) => {
      policyLoads++;
      return loadPolicy(manifestPath).finally(() => policyLoads--);
    },
    loadClassifier,
    /** Loads again what was in use before the process ended. */
    reload: () => {
      reload().catch((error: unknown) =>
        tell(`The policy could not be loaded again: ${String(error)}`, GIVEN_UP_REMEDY),
      );
    },
    processStarted: () => {
      if (encoderManifestPath !== undefined) encoderReady = loadEncoder(encoderManifestPath);
    },
    processEnded: (trouble: PolicyTrouble) => {
      name = undefined;
      requests.settleAll(processRefusal(trouble));
    },
    answered: requests.answered,
  };
}

/** Tells that a model cannot be loaded again. The end of the process is reported separately. */
function tellRefusal(tell: Tell, what: string, reply: LoadReply | ClassifierReply): void {
  if (reply.kind === 'refused' && 'fault' in reply && reply.fault === 'policy')
    tell(`The ${what} in use could not be loaded again: ${reply.message}`, reply.remedy);
}

/** Sends loads to the process and finds the answer to each by its number. */
function createLoadRequests(process: RestartingChild, clock: Clock) {
  const answers = createPendingAnswers<Loaded | Refused>(clock);
  let nextRequest = 1;
  return {
    ask: async (request: LoadRequest): Promise<Loaded | Refused> => {
      const child = process.current();
      if (!child) return processRefusal(NOT_RUNNING);
      const requestId = nextRequest++;
      const message = `The policy process did not answer within ${LOAD_PATIENCE_MS / 1000} s.`;
      const late = processRefusal({ message, remedy: RESTART_REMEDY });
      const answer = answers.wait(requestId, LOAD_PATIENCE_MS, late, () => process.kill(child));
      child.send({ ...request, requestId });
      return answer;
    },
    answered: (message: LoadMessage) => {
      if (message.kind === 'loaded') return answers.settle(message.requestId, message);
      const { requestId, message: reason, remedy } = message;
      answers.settle(requestId, { kind: 'refused', message: reason, remedy, fault: 'policy' });
    },
    settleAll: answers.settleAll,
  };
}

const processRefusal = ({ message, remedy }: PolicyTrouble): Refused => ({
  kind: 'refused',
  message,
  remedy,
  fault: 'process',
});
