/** The one run that is going on: its trainer is started, followed to its end, and cancelled here. */
import type { Clock } from '../api/clock.ts';
import { messageOf } from '../api/error-words.ts';
import type { FromTrainer } from '../api/processes/trainer-messages.ts';
import type { RunSpec, RunStatus } from '../api/run.ts';
import { type Answer, done, type PublishedPolicy, refused } from '../engine/services.ts';
import { type ChildEnd, endWords, SMALLER_RUN } from './launchers/child-end.ts';
import type { RunLauncher, TrainerHandle } from './launchers/launcher.ts';
import type { RunRows } from './run-rows.ts';

interface ActiveRun {
  readonly id: number;
  readonly spec: RunSpec;
  readonly trainer: TrainerHandle;
  status: RunStatus;
  cancelled: boolean;
  finished: boolean;
  failure: { readonly message: string; readonly remedy: string } | undefined;
}

export interface CurrentRunOptions {
  readonly projectFolder: string;
  readonly clock: Clock;
  readonly rows: RunRows;
  readonly launch: RunLauncher;
  readonly encoderManifestPath: string | undefined;
  /** Threads of the trainer. Default: 1. */
  readonly threads?: number;
  /** Policies that must not be pruned: the one that drives, the next one, and the one to go back to. */
  readonly policiesHeld: () => readonly string[];
}

export interface RunListener {
  status(status: RunStatus): void;
  published(policy: PublishedPolicy): void;
}

const CANCEL_PATIENCE_MS = 5000;
/**
 * Time limit when the engine closes. The engine has five seconds for everything, and the trainer's last checkpoint is
 * at most half a minute old.
 */
const CLOSE_PATIENCE_MS = 2500;

export function createCurrentRun(options: CurrentRunOptions, listener: RunListener) {
  const { clock, rows } = options;
  let active: ActiveRun | undefined;
  let beginning: Promise<unknown> | undefined;
  let closed = false;

  /** Holds off other runs until `body` has settled. */
  const exclusively = <Value>(body: () => Promise<Value>): Promise<Value> => {
    const begun = body().finally(() => {
      if (beginning === begun) beginning = undefined;
    });
    beginning = begun;
    return begun;
  };

  const onEnd = async (run: ActiveRun, chain: boolean, end: ChildEnd) => {
    if (active === run) active = undefined;
    if (run.finished && !run.cancelled) {
      listener.status({ ...run.status, state: 'finished' });
      const { steps: _made, ...rest } = run.spec;
      const startFrom = run.status.policy ?? rest.startFrom;
      if (chain && startFrom !== undefined && !closed && !beginning)
        await exclusively(() => begin({ ...rest, stage: 'online', startFrom }, false));
      return;
    }
    const ended = endingOf(run, end);
    await rows.updateRun(run.id, ended);
    listener.status({ ...run.status, ...ended });
  };

  /** Creates the run's row and starts its trainer. `chain`: goes on with the online stage from its policy. */
  const begin = async (spec: RunSpec, chain: boolean): Promise<number> => {
    const run = await start(options, spec);
    active = run;
    run.trainer.onMessage((message) => {
      follow(run, message, listener);
      if (message.kind === 'published')
        rows.prunePolicies(run.id, options.policiesHeld()).catch((error: unknown) => {
          // The next published policy tries again. A run that is over reports nothing more.
          if (active === run && !run.cancelled) listener.status({ ...run.status, ...notPruned(error) });
        });
    });
    run.trainer.ended
      .then((end) => onEnd(run, chain, end))
      // A row that cannot be written is reported like any other failure of the run.
      .catch((error: unknown) => listener.status({ ...run.status, ...notStored(error) }));
    listener.status(run.status);
    return run.id;
  };

  /** Kills the trainer when it has not ended within `patienceMs`. */
  const cancel = async (runId: number, patienceMs = CANCEL_PATIENCE_MS): Promise<Answer<undefined>> => {
    const run = active;
    if (!run || run.id !== runId) return refused(`Run ${runId} is not going on.`, 'The Runs tab lists what is.');
    run.cancelled = true;
    run.trainer.send({ kind: 'cancel' });
    const stop = clock.at(clock.nowMs() + patienceMs, () => run.trainer.kill());
    await run.trainer.ended;
    stop();
    return done(undefined);
  };

  return {
    status: () => active?.status,
    /** A run is being begun and its row is not stored yet. */
    isBeginning: () => beginning !== undefined,
    exclusively,
    begin,
    cancel,
    close: async () => {
      closed = true;
      // The caller that began the run handles its error.
      await beginning?.catch(() => {});
      if (active) await cancel(active.id, CLOSE_PATIENCE_MS);
    },
  };
}

async function start(options: CurrentRunOptions, spec: RunSpec): Promise<ActiveRun> {
  const { projectFolder, clock, threads = 1, encoderManifestPath } = options;
  const id = await options.rows.createRun(spec);
  const trainer = options.launch({ projectFolder, runId: id, spec, threads, pace: 'paced', encoderManifestPath });
  const nothingYet = { state: 'waiting', step: 0, updatesPerSec: 0, metrics: {} } as const;
  const status: RunStatus = { id, spec, startedAtMs: clock.wallTimeMs(), ...nothingYet };
  return { id, spec, trainer, status, cancelled: false, finished: false, failure: undefined };
}

const follow = (run: ActiveRun, message: FromTrainer, listener: RunListener) => {
  switch (message.kind) {
    case 'progress':
      // A trainer reports its end before its process has ended, and no other run may start until then.
      run.status = isOver(message.status) ? { ...message.status, state: 'running' } : message.status;
      return listener.status(run.status);
    case 'published': {
      const { policy, manifestPath, step } = message;
      return listener.published({ runId: run.id, task: run.spec.task, policy, manifestPath, step });
    }
    case 'finished':
      run.finished = true;
      return;
    case 'failed':
      run.failure = { message: message.message, remedy: message.remedy };
      return;
    case 'block':
      return;
    default:
      return message satisfies never;
  }
};

const isOver = ({ state }: RunStatus) => state === 'finished' || state === 'cancelled' || state === 'failed';

const notPruned = (error: unknown) => ({
  message: `Older policies could not be removed: ${messageOf(error)}.`,
  remedy: 'Check the disk of the project: it will fill up.',
});

const notStored = (error: unknown) =>
  ({ state: 'failed', message: messageOf(error), remedy: 'Check the disk of the project.' }) as const;

/** A failure is the trainer's own report, or a description of how its process ended. */
function endingOf({ cancelled, failure }: ActiveRun, end: ChildEnd) {
  if (cancelled) return { state: 'cancelled' } as const;
  const lastWords = end.lastWords.trim().split('\n').at(-1) ?? '';
  return { state: 'failed' as const, ...(failure ?? endWords('the trainer', { ...end, lastWords }, SMALLER_RUN)) };
}
