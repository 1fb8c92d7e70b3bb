/**
 * Contract of the drivers of robot cells and pucks. A driver's features are known before it is opened, and a driver
 * does not depend on its users. All times are on the rig's clock (`Clock.nowMs`), which is simulated time in lockstep
 * runs.
 */
import type { Clock } from '../main/api/clock.ts';
import type { Pose, Vec6 } from '../main/api/geometry.ts';
import type { SafetyLimits } from '../main/api/limits.ts';
import type { CameraFrame, TactileFrame } from '../main/api/observation.ts';
import type { TaskId } from '../main/api/task.ts';
import type { SceneShapes } from '../main/api/window/shapes.ts';

/** The robot measured at one instant. */
export interface RobotState {
  readonly timeMs: number;
  readonly baseFromTool: Pose;
  /** Linear m/s, angular rad/s, in the tool frame. */
  readonly twistInTool: Vec6;
  /** External force N and torque Nm about the tool point, in the tool frame. */
  readonly wrenchInTool: Vec6;
  readonly jointPositionsRad: readonly number[];
  /** Half the distance between the fingers: 0 closed, 0.04 open on the cell's gripper. */
  readonly gripperOpeningM: number;
}

/** Pose to which the impedance controller pulls the tool, by linear interpolation over `rampMs`. */
export interface SetPoint {
  readonly baseFromTool: Pose;
  readonly gripper: 'open' | 'close';
  readonly rampMs: number;
}

export interface RobotInfo {
  readonly name: string;
  readonly simulated: boolean;
  readonly jointNames: readonly string[];
  readonly limits: SafetyLimits;
  readonly cameras: readonly { readonly name: string; readonly widthPx: number; readonly heightPx: number }[];
  readonly tactilePads: readonly { readonly name: string; readonly rows: number; readonly columns: number }[];
  readonly shapes: SceneShapes;
}

/** Everything that is sensed at the edge of one tick. */
export interface Snapshot {
  readonly state: RobotState;
  readonly frames: readonly CameraFrame[];
  readonly tactile: readonly TactileFrame[];
  /** The simulator's verdict on the task; `undefined` on a real robot, where people and classifiers judge. */
  readonly task: TaskOutcome | undefined;
  /** The hole's pose for the `state` control experiment; `undefined` on a real robot. See `STATE_ESTIMATE_SIZE`. */
  readonly stateEstimate: Float32Array | undefined;
}

export interface TaskOutcome {
  readonly success: boolean;
  /** True when the episode cannot succeed any more, which is a termination. */
  readonly failed: boolean;
  /** Distance to success in metres, for displays and operators and never for a policy. */
  readonly remainingM: number;
}

/** Poses of the scene's bodies, for pictures: [x, y, z, qx, qy, qz, qw] each, in the order of `SceneShapes.bodies`. */
export type ScenePoses = Float32Array;

/**
 * A robot cell: arm, gripper, cameras and pads that share one clock. `command`, `hold` and `state` never block and
 * never throw for reasons of timing. A device that is gone is reported through `onFault`.
 */
export interface RobotCell {
  readonly info: RobotInfo;
  /** The cell's time: the host's on a robot. Simulated time passes only while a caller sleeps on this clock. */
  readonly clock: Clock;
  open(): Promise<void>;
  close(): Promise<void>;
  /** Returns the newest measured state. */
  state(): RobotState;
  /** Sets the set-point, which takes effect at the servo's next period. */
  command(setPoint: SetPoint): void;
  /** Makes the measured pose the set-point, at once. */
  hold(): void;
  /** Senses everything at this instant. Pictures may be drawn later, but they show the poses of the call. */
  capture(): Promise<Snapshot>;
  /** Brings task and arm to the start of an episode. The same seed gives the same start to the bit. */
  reset(task: TaskId, seed: number, signal: AbortSignal): Promise<void>;
  /**
   * Begins the episode at this instant. Until then a simulated cell rests in the arrangement of its reset, so that the
   * start does not depend on the waiting time.
   */
  begin(): void;
  scenePoses(): ScenePoses;
  onFault(listener: (fault: DeviceFault) => void): () => void;
}

export interface DeviceFault {
  readonly device: string;
  readonly message: string;
  readonly remedy: string;
}

/** One reading of a 6-axis puck. Each axis is in [-1, 1], in the device's own frame: x right, y back, z down. */
export interface PuckReading {
  readonly timeMs: number;
  readonly axes: Vec6;
  /** Bit i set: button i is down. */
  readonly buttons: number;
}

export type DeviceHealth =
  | { readonly kind: 'absent'; readonly remedy: string }
  | { readonly kind: 'blocked'; readonly message: string; readonly remedy: string }
  | { readonly kind: 'ready'; readonly name: string }
  | { readonly kind: 'lost'; readonly name: string; readonly remedy: string };

export interface Puck {
  open(): Promise<void>;
  close(): Promise<void>;
  health(): DeviceHealth;
  /** Returns the newest reading; the axes of one older than 100 ms are zero. */
  reading(): PuckReading;
  /** Calls the listener for every report as it arrives. */
  onReading(listener: (reading: PuckReading) => void): () => void;
  onHealth(listener: (health: DeviceHealth) => void): () => void;
}

/** Keeps the listeners of a driver, which are called with every new value. */
export function createListeners<Value>() {
  const listeners = new Set<(value: Value) => void>();
  return {
    /** Adds a listener. Returns a function that removes it. */
    add: (listener: (value: Value) => void): (() => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tell: (value: Value): void => {
      for (const listener of listeners) listener(value);
    },
  };
}
