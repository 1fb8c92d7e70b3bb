/**
 * Fine-tuning as the engine sees it: start, follow, cancel, and every newer policy as it is published. One run at a time.
 * Fine-tune without further wishes does what an operator means: an offline stage where the policy in use has no critic yet,
 * then the online stage from what it made, which goes on until it is cancelled.
 */
import type { Clock } from '../api/clock.ts';
import type { BufferCounts } from '../api/episode.ts';
import type { FromTrainer } from '../api/processes/trainer-messages.ts';
import type { RunSpec, RunStatus } from '../api/run.ts';
import type { TaskId } from '../api/task.ts';
import { type Answer, done, type PublishedPolicy, type RunService, refused } from '../engine/services.ts';
import { endWords, SMALLER_RUN } from './launchers/child-end.ts';
import type { RunLauncher, TrainerEnd, TrainerHandle } from './launchers/launcher.ts';
import { readinessFor } from './readiness.ts';
import { createPlanner } from './run-planner.ts';
import type { RunRows } from './run-rows.ts';

export interface RunServiceOptions {
  readonly projectFolder: string;
  readonly clock: Clock;
  readonly rows: RunRows;
  readonly launch: RunLauncher;
  readonly task: TaskId;
  readonly encoderManifestPath: string | undefined;
  /** Counts of the store, with every answered call included. */
  readonly counts: () => BufferCounts | Promise<BufferCounts>;
  /** Name of the policy that drives now. */
  readonly policyInUse: () => string | undefined;
  /** Policies that must not be pruned: what drives, what drives next, what would be gone back to. */
  readonly policiesHeld: () => readonly string[];
  /** Threads for the trainer; one where absent. */
  readonly threads?: number;
}

interface ActiveRun {
  readonly id: number;
  readonly spec: RunSpec;
  readonly trainer: TrainerHandle;
  status: RunStatus;
  cancelled: boolean;
  finished: boolean;
  failure: { readonly message: string; readonly remedy: string } | undefined;
}

const CANCEL_PATIENCE_MS = 5000;
/**
 * Time limit when the engine closes. The engine has five seconds for everything, and the trainer's last checkpoint is
 * at most half a minute old.
 */
const CLOSE_PATIENCE_MS = 2500;

export function createRunService(options: RunServiceOptions): RunService {
  const { projectFolder, clock, rows, launch, counts } = options;
  const statusListeners = new Set<(status: RunStatus) => void>();
  const publishedListeners = new Set<(policy: PublishedPolicy) => void>();
  const planner = createPlanner(options);
  let active: ActiveRun | undefined;
  /** A run is being begun: its row is not there yet. */
  let beginning: Promise<unknown> | undefined;
  let closed = false;

  const tell = (status: RunStatus) => {
    for (const listener of statusListeners) listener(status);
  };

  const onMessage = (run: ActiveRun, message: FromTrainer) => {
    switch (message.kind) {
      case 'progress':
        // A trainer reports its end before its process has ended, and no other run may start until then.
        run.status = isOver(message.status) ? { ...message.status, state: 'running' } : message.status;
        return tell(run.status);
      case 'published':
        for (const listener of publishedListeners)
          listener({ runId: run.id, policy: message.policy, manifestPath: message.manifestPath, step: message.step });
        // One that cannot be removed now is tried again with the next one that is published. A run that is over has no more to say.
        rows.prunePolicies(run.id, options.policiesHeld()).catch((error: unknown) => {
          if (active !== run || run.cancelled) return;
          const message = `Older policies could not be removed: ${inWords(error)}.`;
          tell({ ...run.status, message, remedy: 'Check the disk of the project: it will fill up.' });
        });
        return;
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

  const onEnd = async (run: ActiveRun, chain: boolean, end: TrainerEnd) => {
    if (active === run) active = undefined;
    if (run.finished && !run.cancelled) {
      tell({ ...run.status, state: 'finished' });
      const { steps: _made, ...rest } = run.spec;
      const online: RunSpec = { ...rest, stage: 'online', ...(run.status.policy && { startFrom: run.status.policy }) };
      if (chain && online.startFrom !== undefined && !closed && !beginning) await alone(() => begin(online, false));
      return;
    }
    if (run.cancelled) {
      await rows.updateRun(run.id, { state: 'cancelled' });
      return tell({ ...run.status, state: 'cancelled' });
    }
    const lastWords = end.lastWords.trim().split('\n').at(-1) ?? '';
    const failure = run.failure ?? endWords('the trainer', { ...end, lastWords }, SMALLER_RUN);
    await rows.updateRun(run.id, { state: 'failed', ...failure });
    tell({ ...run.status, state: 'failed', ...failure });
  };

  /** Nobody else begins a run meanwhile. */
  const alone = <Value>(body: () => Promise<Value>): Promise<Value> => {
    const begun = body().finally(() => {
      if (beginning === begun) beginning = undefined;
    });
    beginning = begun;
    return begun;
  };

  const begin = async (spec: RunSpec, chain: boolean): Promise<number> => {
    const id = await rows.createRun(spec);
    const trainer = launch({
      projectFolder,
      runId: id,
      spec,
      threads: options.threads ?? 1,
      pace: 'paced',
      encoderManifestPath: options.encoderManifestPath,
    });
    const status: RunStatus = {
      id,
      spec,
      state: 'waiting',
      startedAtMs: clock.wallTimeMs(),
      step: 0,
      updatesPerSec: 0,
      metrics: {},
    };
    const run: ActiveRun = { id, spec, trainer, status, cancelled: false, finished: false, failure: undefined };
    active = run;
    trainer.onMessage((message) => onMessage(run, message));
    // A row that cannot be written is told like any other failure of the run.
    const untold = (error: unknown) =>
      tell({ ...run.status, state: 'failed', message: inWords(error), remedy: 'Check the disk of the project.' });
    trainer.ended.then((end) => onEnd(run, chain, end)).catch(untold);
    tell(status);
    return id;
  };

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
    readiness: async () => readinessFor(await planner.nextStage(), await counts()),
    options: () => rows.options(),
    plan: planner.plan,
    start: async (request) => {
      if (active) return refused(`Run ${active.id} is going on.`, 'Cancel it first, or wait until it has finished.');
      if (beginning) return refused('A run is being started.', 'Wait a moment: the Runs tab shows it.');
      return alone(async () => {
        const { spec, problem } = await planner.resolve(request);
        if (problem) return refused(problem.message, problem.remedy);
        const missing = readinessFor(spec.stage, await counts()).needs.filter(({ have, need }) => have < need);
        if (missing.length > 0)
          return refused(
            `Not enough to learn from: ${missing.map(({ label, have, need }) => `${have} of ${need} ${label}`).join(', ')}.`,
            'Record demonstrations (R), or correct the policy while it runs.',
          );
        return done({ runId: await begin(spec, request?.stage === undefined) });
      });
    },
    cancel: (runId) => cancel(runId),
    list: async () => {
      const stored = await rows.runs();
      return stored.map(({ endedAtMs: _endedAtMs, ...run }) =>
        active?.id === run.id ? active.status : ended({ ...run, updatesPerSec: run.metrics['updatesPerSec'] ?? 0 }),
      );
    },
    metrics: (runId, names, points) => rows.series(runId, names, points),
    settings: (runId) => rows.settings(runId),
    onStatus: (listener) => {
      statusListeners.add(listener);
      return () => statusListeners.delete(listener);
    },
    onPublished: (listener) => {
      publishedListeners.add(listener);
      return () => publishedListeners.delete(listener);
    },
    close: async () => {
      closed = true;
      await beginning?.catch(() => {});
      if (active) await cancel(active.id, CLOSE_PATIENCE_MS);
      await rows.close();
    },
  };
}

const isOver = ({ state }: RunStatus) => state === 'finished' || state === 'cancelled' || state === 'failed';
const inWords = (error: unknown) => (error instanceof Error ? error.message : String(error));

/**
 * A run that no process of ours works on cannot be going on: its process died with an earlier engine. What is not a number cannot be
 * sent.
 */
function ended(run: RunStatus): RunStatus {
  const metrics = Object.fromEntries(Object.entries(run.metrics).filter(([, value]) => Number.isFinite(value)));
  const over = run.state === 'running' || run.state === 'waiting';
  return { ...run, metrics, state: over ? 'cancelled' : run.state };
}
