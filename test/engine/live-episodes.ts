/**
 * Records the same episodes twice: live, in the cell whose clock follows the host's, and headless. Keeps what the store
 * would get, with times counted from each episode's first observation.
 */
import type { ObservationRecord, StepRecord } from '../../data/records.ts';
import { systemClock } from '../../main/api/clock.ts';
import type { Workspace } from '../../main/api/limits.ts';
import { createRng } from '../../main/api/rng.ts';
import type { TaskId } from '../../main/api/task.ts';
import { DEFAULT_TAKEOVER } from '../../main/api/teleop.ts';
import { createEngine } from '../../main/engine/engine.ts';
import { runEpisode } from '../../main/engine/headless.ts';
import { createPolicyClient } from '../../main/engine/policy/policy-client.ts';
import { CELL_ENCODER_MANIFEST, starterManifestFor } from '../../main/models/assets.ts';
import type { RobotCell } from '../../native/device.ts';
import { createFakeHid } from '../../native/fake-hid.ts';
import { createLockstepCell } from '../../native/sim/lockstep-cell.ts';
import { createOperator } from '../../native/sim/people/operator.ts';
import type { Truth } from '../../native/sim/physics/readings.ts';
import { createRealtimeCell } from '../../native/sim/realtime/realtime-cell.ts';
import { createSpaceMouse } from '../../native/spacemouse.ts';
import { createFakeWriter, type FakeWriter } from './rig.ts';

const TASK: TaskId = 'insert';
const HOLD_BUTTON = 2;
export const OPERATOR_TAKEOVER = { ...DEFAULT_TAKEOVER, mode: 'hold', holdButton: HOLD_BUTTON } as const;

type SimulatedCell = RobotCell & { truth(): Truth; workspace(): Workspace };

export interface RecordedEpisode {
  readonly seed: number;
  readonly outcome: string | undefined;
  readonly first: ObservationRecord;
  readonly steps: readonly StepRecord[];
}

/** Makes engine, puck and policy process on one cell. An answer costs `latencyMs` of simulated time. */
async function rigOn(cell: SimulatedCell, headless: boolean, latencyMs: number) {
  const hid = createFakeHid();
  const writer = createFakeWriter();
  const engine = createEngine({
    projectFolder: 'nowhere',
    cell,
    writer,
    headless,
    unattended: true,
    puck: createSpaceMouse({ transport: hid, clock: cell.clock, takeover: () => OPERATOR_TAKEOVER }),
    pace: { kind: 'simulated', latencyMs },
    policy: createPolicyClient({ clock: systemClock, encoderManifestPath: CELL_ENCODER_MANIFEST }),
    policyManifestPath: starterManifestFor('insert'),
    task: TASK,
    workspace: () => cell.workspace(),
    settings: { takeover: OPERATOR_TAKEOVER, autoStart: !headless },
  });
  const opened = await engine.open();
  if (opened.kind === 'refused') throw new Error(opened.message);
  return { engine, hid, writer };
}

function recorded(writer: FakeWriter): readonly RecordedEpisode[] {
  return writer.episodes.map(({ start, steps, end }) => {
    const since = (observation: ObservationRecord) => ({
      ...observation,
      timeMs: Math.round(1000 * (observation.timeMs - start.first.timeMs)) / 1000,
    });
    return {
      seed: start.seed,
      outcome: end?.outcome,
      first: since(start.first),
      steps: steps.map((step) => ({
        ...step,
        effectDelayMs: Math.round(1000 * step.effectDelayMs) / 1000,
        next: since(step.next),
      })),
    };
  });
}

/** Records one episode per seed, each begun by the caller. With `live`, the cell follows the host's clock. */
export async function recordOneByOne(kind: 'live' | 'headless', seeds: readonly number[], helped: boolean) {
  const cell = kind === 'live' ? createRealtimeCell() : createLockstepCell();
  const { engine, hid, writer } = await rigOn(cell, true, kind === 'live' ? 30 : 20);
  for (const seed of seeds) {
    const operator = createOperator({
      task: TASK,
      rng: createRng(seed).split('operator'),
      mode: 'supervise',
      takeover: OPERATOR_TAKEOVER.mode,
      holdButton: HOLD_BUTTON,
    });
    const help = { begin: () => operator.begin(cell.truth()), tick: () => operator.tick(cell.truth()) };
    const run = await runEpisode(engine, { seed, mode: 'run', transport: hid, ...(helped ? { operator: help } : {}) });
    if (run.kind === 'refused') throw new Error(run.message);
  }
  await engine.close();
  return recorded(writer);
}

/**
 * Runs the live engine as a window sees it: it resets, starts and continues by itself until `count` episodes have
 * ended.
 */
export async function recordByItself(count: number) {
  const cell = createRealtimeCell();
  const { engine, writer } = await rigOn(cell, false, 30);
  const ended = Promise.withResolvers<void>();
  engine.onMessage((message) => {
    if (message.kind === 'episode' && writer.episodes.filter(({ end }) => end).length >= count) ended.resolve();
  });
  engine.onChanged(() => {
    const { fault } = engine.status();
    if (fault) ended.reject(new Error(fault.what));
  });
  const ticking = engine.run({ reset: true });
  const { stats } = engine.loop;
  try {
    await ended.promise;
  } finally {
    await engine.close();
    await ticking;
  }
  return { episodes: recorded(writer).slice(0, count), ticks: stats(), factor: cell.overruns() };
}
