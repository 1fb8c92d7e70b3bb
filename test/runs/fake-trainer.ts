/**
 * A trainer under the test's control: it keeps what it is sent, answers on demand and dies on demand. Also rows in
 * memory.
 */
import { createVirtualClock, type VirtualClock } from '../../main/api/clock.ts';
import type { FromTrainer, ToTrainer, TrainerConfig } from '../../main/api/processes/trainer-messages.ts';
import type { RunSpec, RunStatus } from '../../main/api/run.ts';
import type { ChildEnd } from '../../main/runs/launchers/child-end.ts';
import type { RunLauncher } from '../../main/runs/launchers/launcher.ts';
import type { RunRows } from '../../main/runs/run-rows.ts';

export interface FakeTrainer {
  readonly config: TrainerConfig;
  readonly sent: ToTrainer[];
  readonly killed: () => boolean;
  say(message: FromTrainer): void;
  end(end?: Partial<ChildEnd>): void;
}

export interface FakeLauncher {
  readonly launch: RunLauncher;
  readonly trainers: FakeTrainer[];
}

/** `onSend` plays the trainer's part. */
export function createFakeLauncher(
  onSend: (trainer: FakeTrainer, message: ToTrainer) => void = () => {},
): FakeLauncher {
  const trainers: FakeTrainer[] = [];
  const launch: RunLauncher = (config) => {
    const listeners = new Set<(message: FromTrainer) => void>();
    const ended = Promise.withResolvers<ChildEnd>();
    const sent: ToTrainer[] = [];
    let killed = false;
    const trainer: FakeTrainer = {
      config,
      sent,
      killed: () => killed,
      say: (message) => {
        for (const listener of listeners) listener(message);
      },
      end: (end = {}) => ended.resolve({ code: 0, signal: undefined, lastWords: '', ...end }),
    };
    trainers.push(trainer);
    return {
      send: (message) => {
        sent.push(message);
        onSend(trainer, message);
      },
      onMessage: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      ended: ended.promise,
      kill: () => {
        killed = true;
        trainer.end({ code: undefined, signal: 'SIGKILL' });
      },
    };
  };
  return { launch, trainers };
}

export const SPEC: RunSpec = {
  ...{ algorithm: 'conrft', preset: 'cell', task: 'insert', observation: 'state' },
  ...{ stage: 'offline', seed: 3 },
};

export function statusOf(spec: RunSpec, more: Partial<RunStatus> = {}): RunStatus {
  const rest = { id: 1, state: 'running', startedAtMs: 0, step: 0, updatesPerSec: 0, metrics: {} } as const;
  return { ...rest, spec, ...more };
}

export interface FakeRows extends RunRows {
  readonly updates: { readonly runId: number; readonly state: string | undefined; readonly message?: string }[];
  readonly specs: RunSpec[];
  /** Calls of `prunePolicies`. */
  readonly pruned: { readonly runId: number; readonly held: readonly string[] }[];
  /** Newest metrics by run. */
  readonly measured: Map<number, Readonly<Record<string, number>>>;
  /** `createRun` waits until the promise is resolved. */
  holdCreate(until: Promise<void>): void;
}

export function createFakeRows(): FakeRows {
  const specs: RunSpec[] = [];
  const updates: FakeRows['updates'] = [];
  const policies = new Map<number, string>();
  const measured: FakeRows['measured'] = new Map();
  const pruned: FakeRows['pruned'] = [];
  const states = new Map<number, RunStatus['state']>();
  let until: Promise<void> | undefined;
  const stored = (runId: number) => {
    const spec = specs[runId - 1];
    if (!spec) return undefined;
    const policy = policies.get(runId);
    const { updatesPerSec: _speed, ...rest } = statusOf(spec, { id: runId, state: states.get(runId) ?? 'waiting' });
    const metrics = measured.get(runId) ?? {};
    return { ...rest, metrics, ...(policy === undefined ? {} : { policy }), endedAtMs: undefined };
  };
  const close = async () => {};
  return {
    specs,
    measured,
    pruned,
    updates,
    holdCreate: (promise) => {
      until = promise;
    },
    createRun: async (spec) => {
      await until;
      return specs.push(spec);
    },
    updateRun: async (runId, progress) => {
      updates.push({ runId, state: progress.state, ...(progress.message ? { message: progress.message } : {}) });
      if (progress.state) states.set(runId, progress.state);
      if (progress.policy) policies.set(runId, progress.policy);
    },
    appendMetrics: async () => {},
    addCheckpoint: async () => 1,
    run: async (runId) => stored(runId),
    runs: async () => specs.flatMap((_spec, index) => stored(index + 1) ?? []).reverse(),
    metrics: async () => [
      { name: 'criticLoss', step: 10, value: 2 },
      { name: 'actorLoss', step: 10, value: 3 },
      { name: 'criticLoss', step: 20, value: 1 },
    ],
    series: async (_runId, names) => {
      const curves = {
        criticLoss: [
          [10, 2],
          [20, 1],
        ],
        actorLoss: [[10, 3]],
      } as const;
      return Object.fromEntries(Object.entries(curves).filter(([name]) => !names || names.includes(name)));
    },
    checkpoints: async () => [],
    namedPolicies: async () => [],
    prunePolicies: async (runId, held) => pruned.push({ runId, held }),
    options: async () => ({ algorithms: [{ name: 'conrft', presets: ['cell', 'paper'] }], recipes: [] }),
    pace: async ({ algorithm }) => ({
      ...{ offlineSteps: 1000, actorUpdatesPerStep: 2, trainingStarts: 100, demoShare: 0.5 },
      hasCritics: algorithm !== 'imitation',
    }),
    misfit: async ({ algorithm }) =>
      algorithm === 'conrft' || algorithm === 'cal-ql' ? undefined : 'it has another head',
    settings: async (runId) => ({ 'online.beta': '0.5', seed: `${specs[runId - 1]?.seed}` }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Lets everything that is ready happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

export const virtualClock = (): VirtualClock => createVirtualClock(0, 1_700_000_000_000);
