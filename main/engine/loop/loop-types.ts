/** What the control loop is made of, what it tells, and what may be asked of it. */

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
  /** Whose word ends an episode as a success. */
  success: SuccessSettings;
}

/** What the loop tells whoever made it. Called on the control thread: listeners hand over and return. */
export interface LoopEvents {
  phase(phase: Phase, reason: string | undefined): void;
  fault(fault: LoopFault): void;
  /** Control changed hands. */
  driver(driver: 'policy' | 'human' | 'nobody'): void;
  step(episodeId: number, step: StepSummary, toolPositionM: Vec3): void;
  episodeEnded(episode: EpisodeSummary, proposals: ProposalCount): void;
  snapshot(snapshot: Snapshot): void;
  command(setPoint: SetPoint | undefined): void;
  /** The policy gave a number that is not one. */
  badPolicy(policy: string, because: string): void;
  /** Called when the policy missed its deadline, for the first miss in a row. */
  late(text: string, remedy: string): void;
  /** Called when a part of a step could not be stored. The step itself was stored. */
  notStored(text: string, remedy: string): void;
}

export interface ProposalCount {
  readonly proposals: number;
  /** Mean share of action components at ±1. */
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
  /** No person watches, so no pictures are taken between episodes. */
  readonly headless: boolean;
  readonly timing?: Timing | undefined;
  readonly scale?: ActionScale | undefined;
  /** Heartbeats of the windows. */
  readonly supervision: () => Omit<Watched, 'stateTimeMs'>;
  readonly policyIsCandidate: () => boolean;
  /** Why the policy that is loaded must not drive; undefined = it may. */
  readonly policyRefusal?: (() => Refusal | undefined) | undefined;
  /** The arm is at the start of an episode: the time to look where that is. */
  readonly onReset?: (() => void) | undefined;
  readonly events: Partial<LoopEvents>;
}

/** Why a request is refused, and what to do about it. */
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
  /** An episode is being recorded, its last step perhaps still on its way to the store. */
  episodeOpen(): boolean;
  mode(): Mode;
  setMode(mode: Mode): string | undefined;
  /** Begins a reset; resolves when READY is reached, or false when it was not. Refused after Stop or a fault until `release`. */
  reset(seed: number): Promise<boolean>;
  /**
   * Releases the arm. Stop and faults last until this deliberate call, in every phase, start-up included. A reset must
   * follow.
   */
  release(): void;
  /** READY → RUNNING at the next edge; the answer is the reason why not. */
  start(): Refusal | undefined;
  /** Holds now, from every phase. */
  stop(reason: string): void;
  fault(fault: LoopFault): void;
  /** How often the arm has been held: who waited for something sees whether it was held meanwhile. */
  holds(): number;
  /** Returns the reason why HOLD cannot be left now; `undefined` = it can. `release`, then `reset`, leave HOLD. */
  resumeRefusal(): string | undefined;
  request(requests: Partial<Requests>): void;
  takeoverKey(engaged: boolean): void;
  /** Heard while a person drives. */
  gripper(command: 'open' | 'close' | 'toggle'): void;
  stats(): TickReport;
  newestSafety(): readonly SafetyEvent[];
  dispose(): void;
}
