/**
 * A cell without physics, for tests of the engine: the tool follows its set-point exactly, in a straight line over the
 * ramp. With `lockstep`, sleeping moves the virtual clock, as in headless runs. With `manual`, the test moves it.
 */
import { type Clock, createVirtualClock, type VirtualClock } from '../../main/api/clock.ts';
import type { Pose, Vec3, Vec6 } from '../../main/api/geometry.ts';
import type { SafetyLimits } from '../../main/api/limits.ts';
import {
  createListeners,
  type DeviceFault,
  type RobotCell,
  type RobotInfo,
  type RobotState,
  type SetPoint,
  type Snapshot,
  type TaskOutcome,
} from '../../native/device.ts';

export const FAKE_LIMITS: SafetyLimits = {
  workspaceLowM: [0.2, -0.4, 0],
  workspaceHighM: [0.8, 0.4, 0.6],
  maxTiltRad: 0.5,
  maxLinearMPerSec: 0.25,
  maxAngularRadPerSec: 1,
  maxSetPointLeadM: 0.03,
  maxSetPointLeadRad: 0.15,
  softForceN: 30,
  stopForceN: 60,
  maxStateAgeMs: 200,
  gripperRefractoryMs: 600,
};

/** Pose after a reset: the tool points straight down. */
export const FAKE_RESET: Pose = { positionM: [0.5, 0, 0.3], orientation: [1, 0, 0, 0] };

export interface FakeCommand {
  readonly timeMs: number;
  /** `undefined` for a hold. */
  readonly setPoint: SetPoint | undefined;
  readonly measuredM: Vec3;
}

export interface FakeCell extends RobotCell {
  readonly clock: VirtualClock;
  readonly commands: readonly FakeCommand[];
  /** Sets the outcome of the task in the next captures. */
  setOutcome(outcome: Partial<TaskOutcome>): void;
  setWrench(wrenchInTool: Vec6): void;
  setCaptureMs(captureMs: number): void;
  /** Stops the state's time from now on. */
  freezeState(): void;
  failCaptures(error: Error | undefined): void;
  failResets(error: Error | undefined): void;
  /** Makes resets that begin from now on wait for this promise. */
  delayResets(until: Promise<void>): void;
  fault(fault: DeviceFault): void;
  readonly resets: readonly number[];
}

/** Returns a new object for each cell, because tests change it. */
const fakeInfo = (): RobotInfo => ({
  name: 'fake arm',
  simulated: true,
  jointNames: ['j1', 'j2'],
  limits: FAKE_LIMITS,
  cameras: [{ name: 'wrist', widthPx: 4, heightPx: 4 }],
  tactilePads: [
    { name: 'left', rows: 2, columns: 2 },
    { name: 'right', rows: 2, columns: 2 },
  ],
  shapes: {
    materials: [],
    bodies: [{ name: 'world', parts: [], castsShadow: false }],
    cameras: [],
    tactile: [],
    tool: { body: 'world', bodyFromTool: { positionM: [0, 0, 0], orientation: [0, 0, 0, 1] } },
  },
});
const CLOSED_M = 0.01;
const OPEN_M = 0.04;
const UNDECIDED: TaskOutcome = { success: false, failed: false, remainingM: 0.1 };

export function createFakeCell(
  options: { readonly pace?: 'lockstep' | 'manual'; readonly startMs?: number } = {},
): FakeCell {
  const virtual = createVirtualClock(options.startMs ?? 0, 1_700_000_000_000);
  const manualSleep: Clock['sleepUntilMs'] = (timeMs) =>
    timeMs <= virtual.nowMs() ? Promise.resolve() : new Promise((resolve) => virtual.at(timeMs, resolve));
  const clock: VirtualClock = options.pace === 'manual' ? { ...virtual, sleepUntilMs: manualSleep } : virtual;
  const tool = createFakeTool(clock);
  const resets: number[] = [];
  const faults = createListeners<DeviceFault>();
  let wrench: Vec6 = [0, 0, 0, 0, 0, 0];
  let outcome = UNDECIDED;
  let captureMs = 0;
  let frozenMs: number | undefined;
  let captureError: Error | undefined;
  let resetError: Error | undefined;
  let resetsWait: Promise<void> | undefined;
  let pictures = 0;

  const state = (): RobotState => ({
    timeMs: frozenMs ?? clock.nowMs(),
    baseFromTool: tool.pose(),
    twistInTool: [0, 0, 0, 0, 0, 0],
    wrenchInTool: wrench,
    jointPositionsRad: [0, 0],
    gripperOpeningM: tool.gripperOpeningM(),
  });
  return {
    info: fakeInfo(),
    clock,
    commands: tool.commands,
    resets,
    open: async () => {},
    close: async () => {},
    state,
    command: tool.follow,
    hold: () => tool.follow(undefined),
    capture: async () => {
      if (captureError) throw captureError;
      const snapshot = fakeSnapshot(state(), pictures++, outcome);
      if (captureMs > 0) await new Promise<void>((resolve) => virtual.at(virtual.nowMs() + captureMs, resolve));
      return snapshot;
    },
    reset: async (_task, seed, signal) => {
      if (resetError) throw resetError;
      await resetsWait;
      if (signal.aborted) throw new Error('reset aborted');
      resets.push(seed);
      tool.reset();
      outcome = UNDECIDED;
    },
    begin: () => {},
    scenePoses: () => Float32Array.from([0, 0, 0, 0, 0, 0, 1]),
    onFault: faults.add,
    fault: faults.tell,
    setOutcome: (next) => {
      outcome = { ...outcome, ...next };
    },
    setWrench: (next) => {
      wrench = next;
    },
    setCaptureMs: (next) => {
      captureMs = next;
    },
    freezeState: () => {
      frozenMs = clock.nowMs();
    },
    failCaptures: (error) => {
      captureError = error;
    },
    delayResets: (until) => {
      resetsWait = until;
    },
    failResets: (error) => {
      resetError = error;
    },
  };
}

/** A tool that moves from its pose to the set-point, linearly over the ramp, and keeps the commands it got. */
function createFakeTool(clock: Clock) {
  const commands: FakeCommand[] = [];
  let from: Pose = FAKE_RESET;
  let to: Pose = FAKE_RESET;
  let startedMs = clock.nowMs();
  let rampMs = 0;
  let gripperOpeningM = CLOSED_M;

  const pose = (): Pose => {
    const share = rampMs > 0 ? Math.min(1, (clock.nowMs() - startedMs) / rampMs) : 1;
    const mix = (a: number, b: number) => a + share * (b - a);
    const [p, q] = [from.positionM, to.positionM];
    return {
      positionM: [mix(p[0], q[0]), mix(p[1], q[1]), mix(p[2], q[2])],
      orientation: share < 0.5 ? from.orientation : to.orientation,
    };
  };
  return {
    commands,
    pose,
    gripperOpeningM: () => gripperOpeningM,
    follow: (setPoint: SetPoint | undefined) => {
      from = pose();
      to = setPoint?.baseFromTool ?? from;
      rampMs = setPoint?.rampMs ?? 0;
      startedMs = clock.nowMs();
      if (setPoint) gripperOpeningM = setPoint.gripper === 'open' ? OPEN_M : CLOSED_M;
      commands.push({ timeMs: clock.nowMs(), setPoint, measuredM: from.positionM });
    },
    reset: () => {
      from = FAKE_RESET;
      to = FAKE_RESET;
      rampMs = 0;
      gripperOpeningM = CLOSED_M;
    },
  };
}

const fakeSnapshot = (state: RobotState, picture: number, task: TaskOutcome): Snapshot => ({
  state,
  frames: [{ camera: 'wrist', widthPx: 4, heightPx: 4, rgb: new Uint8Array(48).fill(picture & 0xff) }],
  tactile: (['left', 'right'] as const).map((pad) => ({
    pad,
    rows: 2,
    columns: 2,
    forceN: new Float32Array(12),
    total: [30, 0, 0, 0],
  })),
  task,
  stateEstimate: undefined,
});
