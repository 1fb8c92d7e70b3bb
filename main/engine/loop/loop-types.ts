/** The control loop's options and its events. */

import type { Puck, RobotCell, SetPoint, Snapshot } from '../../../native/device.ts';
import type { ActionScale } from '../../api/action.ts';
import type { SuccessSettings } from '../../api/classifier.ts';
import type { EpisodeSummary, Phase, StepSummary } from '../../api/episode.ts';
import type { Vec3 } from '../../api/geometry.ts';
import type { SafetyLimits } from '../../api/limits.ts';
import type { ObservationKind } from '../../api/observation.ts';
import type { TaskSpec } from '../../api/task.ts';
import type { TakeoverSettings, TeleopMap } from '../../api/teleop.ts';
import type { PolicySource } from '../policy/policy-source.ts';
import type { Pace } from '../policy/proposals.ts';
import type { SuccessDetector } from '../policy/success-detector.ts';
import type { EpisodeRecorder } from '../recording/episode-recorder.ts';
import type { Timing } from './driving.ts';
import type { LoopFault } from './faults.ts';
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
  /** Returns the task of the next reset and episode. It changes only between episodes. */
  readonly task: () => TaskSpec;
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
