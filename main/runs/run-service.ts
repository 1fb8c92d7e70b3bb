/**
 * Fine-tuning for the engine. A run is started, followed and cancelled, and its newer policies are reported. One run at
 * a time. A request without choices begins with an offline stage when the policy in use has no critic yet. The online
 * stage follows from the policy that it made, and goes on until it is cancelled.
 */
import type { RunStatus } from '../api/run.ts';
import { done, type PublishedPolicy, type RunRequest, type RunService, refused } from '../engine/services.ts';
import { type CurrentRunOptions, createCurrentRun } from './current-run.ts';
import { readinessFor } from './readiness.ts';
import { createPlanner, type PlannerOptions } from './run-planner.ts';

export type RunServiceOptions = CurrentRunOptions & PlannerOptions;

export function createRunService(options: RunServiceOptions): RunService {
  const { rows, counts } = options;
  const statusListeners = createListeners<RunStatus>();
  const publishedListeners = createListeners<PublishedPolicy>();
  const planner = createPlanner(options);
  const current = createCurrentRun(options, { status: statusListeners.tell, published: publishedListeners.tell });

  const startResolved = async (request: RunRequest | undefined) => {
    const { spec, problem } = await planner.resolve(request);
    if (problem) return refused(problem.message, problem.remedy);
    const missing = readinessFor(spec.stage, await counts(spec.task)).needs.filter(({ have, need }) => have < need);
    if (missing.length > 0)
      return refused(
        `Not enough to learn from: ${missing.map(({ label, have, need }) => `${have} of ${need} ${label}`).join(', ')}.`,
        'Record demonstrations (R), or correct the policy while it runs.',
      );
    return done({ runId: await current.begin(spec, request?.stage === undefined) });
  };

  return {
    readiness: async () => readinessFor(await planner.nextStage(), await counts(options.task())),
    options: () => rows.options(),
    plan: planner.plan,
    start: async (request) => {
      const active = current.status();
      if (active) return refused(`Run ${active.id} is going on.`, 'Cancel it first, or wait until it has finished.');
      if (current.isBeginning()) return refused('A run is being started.', 'Wait a moment: the Runs tab shows it.');
      return current.exclusively(() => startResolved(request));
    },
    cancel: (runId) => current.cancel(runId),
    list: async () => {
      const stored = await rows.runs();
      const active = current.status();
      return stored.map(({ endedAtMs: _endedAtMs, ...run }) =>
        active?.id === run.id ? active : ended({ ...run, updatesPerSec: run.metrics['updatesPerSec'] ?? 0 }),
      );
    },
    metrics: (runId, names, points) => rows.series(runId, names, points),
    settings: (runId) => rows.settings(runId),
    onStatus: statusListeners.add,
    onPublished: publishedListeners.add,
    close: async () => {
      await current.close();
      await rows.close();
    },
  };
}

function createListeners<Value>() {
  const listeners = new Set<(value: Value) => void>();
  return {
    tell: (value: Value) => {
      for (const listener of listeners) listener(value);
    },
    add: (listener: (value: Value) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/**
 * Returns the status of a run without a trainer. A row that says it is going on belongs to a process that died with an
 * earlier engine. Leaves out metrics that are no number, because they cannot be sent.
 */
function ended(run: RunStatus): RunStatus {
  const metrics = Object.fromEntries(Object.entries(run.metrics).filter(([, value]) => Number.isFinite(value)));
  const over = run.state === 'running' || run.state === 'waiting';
  return { ...run, metrics, state: over ? 'cancelled' : run.state };
}
