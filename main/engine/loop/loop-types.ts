/** The control loop's options, its events and its interface. */

import type { Puck, RobotCell, SetPoint, Snapshot } from '../../../native/device.ts';
import type { ActionScale } from '../../api/action.ts';
import type { SuccessSettings } from '../../api/classifier.ts';
import type { EpisodeSummary, Mode, Phase, StepSummary } from '../../api/episode.ts';
import type { Vec3 } from '../../api/geometry.ts';
import type { SafetyEvent, SafetyLimits } from '../../api/limits.ts';
import type { ObservationKind } from '../../api/observation.ts';
import type { TaskSpec } from '../../api/task.ts';
import type { TakeoverSettings, TeleopMap } from '../../api/teleop.ts';
import type { PolicySource } from '../policy/policy-source.ts';
import type { Pace } from '../policy/proposals.ts';
import type { SuccessDetector } from '../policy/success-detector.ts';
import type { Requests } from '../recording/episode.ts';
import type { EpisodeRecorder } from '../recording/episode-recorder.ts';
import type { Timing } from './driving.ts';
import type { LoopFault } from './faults.ts';
import type { TickReport } from './tick-stats.ts';
import type { Watched } from './watchdog.ts';

export interface LoopSettings {
  takeover: TakeoverSettings;
  teleop: TeleopMap;
  limits: SafetyLimits;
  actingNoiseStd: number;
  /** Judge whose word ends an episode as a success. */
  success: SuccessSettings;
}

/** Events of the loop. Listeners run on the control thread, so they must return at once. */
export interface LoopEvents {
  phase(phase: Phase, reason: string | undefined): void;
  fault(fault: LoopFault): void;
  /** Called when control changes hands. */
  driver(driver: 'policy' | 'human' | 'nobody'): void;
  step(episodeId: number, step: StepSummary, toolPositionM: Vec3): void;
  episodeEnded(episode: EpisodeSummary, proposals: ProposalCount): void;
  snapshot(snapshot: Snapshot): void;
  command(setPoint: SetPoint | undefined): void;
  /** Called when the policy proposed an action that is not finite. */
  badPolicy(policy: string, because: string): void;
  /** Called when the policy missed its deadline, for the first miss in a row. */
  late(text: string, remedy: string): void;
  /** Called when a part of a step could not be stored. The step itself was stored. */
  notStored(text: string, remedy: string): void;
}

export interface ProposalCount {
  readonly proposals: number;
  /** Mean share of the action components that were at ±1. */
  readonly saturation: number;
}

export interface LoopOptions {
  readonly cell: RobotCell;
  readonly puck: Puck;
  readonly policy: PolicySource;
  readonly recorder: EpisodeRecorder;
  readonly success: SuccessDetector;
  readonly settings: LoopSettings;
  readonly task: TaskSpec;
  readonly observation: ObservationKind;
  readonly pace: Pace;
  /** True when no person watches; no pictures are taken between episodes then. */
  readonly headless: boolean;
  readonly timing?: Timing | undefined;
  readonly scale?: ActionScale | undefined;
  /** Returns the newest heartbeats of the windows. */
  readonly supervision: () => Omit<Watched, 'stateTimeMs'>;
  readonly policyIsCandidate: () => boolean;
  /** Returns why the loaded policy must not drive; `undefined` when it may. */
  readonly policyRefusal?: (() => Refusal | undefined) | undefined;
  /** Called when a reset has brought the arm to the start of an episode. */
  readonly onReset?: (() => void) | undefined;
  readonly events: Partial<LoopEvents>;
}

/** The reason why a request is refused, and its remedy. */
export interface Refusal {
  readonly message: string;
  readonly remedy: string;
}

export interface ControlLoop {
  readonly timing: Timing;
  /**
   * Puts the grid's origin at `timeMs`. Called once when the engine ticks by itself, otherwise before every episode.
   */
  anchor(timeMs: number): void;
  tick(): Promise<void>;
  phase(): Phase;
  holdReason(): string | undefined;
  driver(): 'policy' | 'human' | 'nobody';
  /** True while an episode is being recorded, until its last step is handed to the store. */
  episodeOpen(): boolean;
  mode(): Mode;
  /** Returns the reason when the mode cannot be changed now. */
  setMode(mode: Mode): string | undefined;
  /**
   * Resolves with true when READY is reached. Refused, with false, in RUNNING, and after Stop or a fault until
   * `release`.
   */
  reset(seed: number): Promise<boolean>;
  /** Opens the latch of Stop and faults, which lasts until this deliberate call. A reset must follow. */
  release(): void;
  /** Enters RUNNING at the next edge. Returns a refusal when it cannot. */
  start(): Refusal | undefined;
  /** Holds at once, from every phase. */
  stop(reason: string): void;
  fault(fault: LoopFault): void;
  /**
   * Number of times the arm has been held. A caller that waits compares it, to see whether the arm was held
   * meanwhile.
   */
  holds(): number;
  /** Returns the reason why HOLD cannot be left now; `undefined` when it can. `release`, then `reset`, leave HOLD. */
  resumeRefusal(): string | undefined;
  request(requests: Partial<Requests>): void;
  takeoverKey(engaged: boolean): void;
  /** Counts only while a person drives. */
  gripper(command: 'open' | 'close' | 'toggle'): void;
  stats(): TickReport;
  newestSafety(): readonly SafetyEvent[];
  dispose(): void;
}
