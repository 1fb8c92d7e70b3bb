/**
 * What a driver promises. A driver's features are known before it is opened; it knows nothing of who uses it.
 * All times are on the rig's clock (`Clock.nowMs`), which in lockstep runs is the simulator's own time.
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

/** Where the impedance controller should pull the tool, reached by linear interpolation over `rampMs`. */
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

/** Everything sensed at one tick's edge. */
export interface Snapshot {
  readonly state: RobotState;
  readonly frames: readonly CameraFrame[];
  readonly tactile: readonly TactileFrame[];
  /** The simulator's verdict on the task; undefined on a real robot, where people and classifiers judge. */
  readonly task: TaskOutcome | undefined;
  /** Where the hole is, for the `state` control experiment; undefined on a real robot. See `STATE_ESTIMATE_SIZE`. */
  readonly stateEstimate: Float32Array | undefined;
}

export interface TaskOutcome {
  readonly success: boolean;
  /** The episode cannot succeed any more (the peg fell): a termination. */
  readonly failed: boolean;
  /** Progress towards success in metres still to go; for displays and operators, never for a policy. */
  readonly remainingM: number;
}

/** Body poses of everything that moves in the scene, for pictures: [x, y, z, qx, qy, qz, qw] per body, in the order of `SceneShapes.bodies`. */
export type ScenePoses = Float32Array;

/**
 * A robot cell: arm, gripper, cameras and pads that share one clock. `command`, `hold` and `state` never block and never throw
 * for reasons of timing; a device that is gone is reported through `onFault`.
 */
export interface RobotCell {
  readonly info: RobotInfo;
  /** The cell's time. A robot's is the host's; a simulated cell's passes only while a caller sleeps on it. */
  readonly clock: Clock;
  open(): Promise<void>;
  close(): Promise<void>;
  /** The newest measured state. */
  state(): RobotState;
  /** Takes effect at the servo's next period (at most 2 ms later). */
  command(setPoint: SetPoint): void;
  /** Makes the measured pose the set-point, at once. */
  hold(): void;
  /** Everything at this instant. Pictures may take some milliseconds to render; the poses they show are those of the call. */
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

/** One reading of a 6-axis puck, each axis in [-1, 1] in the device's own frame (x right, y back, z down as HID has it). */
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
  /** The newest reading; a non-zero one older than 100 ms reads as zero. */
  reading(): PuckReading;
  /** Called for every report as it arrives. */
  onReading(listener: (reading: PuckReading) => void): () => void;
  onHealth(listener: (health: DeviceHealth) => void): () => void;
}
