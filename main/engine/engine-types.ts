/** What the engine is made of and what may be asked of it; `engine.ts` makes one. */
import type { StoreReader, StoreWriter } from '../../data/records.ts';
import type { Puck, RobotCell, Snapshot } from '../../native/device.ts';
import type { ActionScale } from '../api/action.ts';
import type { Clock } from '../api/clock.ts';
import type { Mode } from '../api/episode.ts';
import type { Workspace } from '../api/limits.ts';
import type { InputDevice, OutgoingMessage, Rig, Status } from '../api/messages.ts';
import type { ObservationKind } from '../api/observation.ts';
import type { TaskId } from '../api/task.ts';
import type { TakeoverSettings } from '../api/teleop.ts';
import type { Timing } from './loop/driving.ts';
import type { ControlLoop, LoopSettings } from './loop/loop-types.ts';
import type { CandidateState } from './policy/candidate.ts';
import type { PolicySource } from './policy/policy-source.ts';
import type { Pace } from './policy/proposals.ts';
import type { SuccessDesk } from './policy/success-desk.ts';
import type { EpisodeRecorder } from './recording/episode-recorder.ts';
import type { Answer, ClassifierService, ExportService, PolicyShelf, RunService } from './services.ts';

export interface EngineOptions {
  readonly projectFolder: string;
  readonly cell: RobotCell;
  readonly puck: Puck;
  /** Default: the host's clock. A simulated cell waits for late answers. */
  readonly pace?: Pace;
  /**
   * A caller begins each episode and no person watches. Default false: the engine continues from episode to episode.
   */
  readonly headless?: boolean;
  /** The arm may move while no window watches. Default false. A headless run has no windows and is always unattended. */
  readonly unattended?: boolean | undefined;
  readonly task?: TaskId;
  readonly observation?: ObservationKind;
  readonly writer?: StoreWriter | undefined;
  readonly reader?: StoreReader | undefined;
  readonly policy?: PolicySource | undefined;
  /** Loaded by `open`. */
  readonly policyManifestPath?: string | undefined;
  readonly shelf?: PolicyShelf | undefined;
  readonly runs?: RunService | undefined;
  readonly exports?: ExportService | undefined;
  readonly classifiers?: ClassifierService | undefined;
  readonly settings?: ChosenSettings | undefined;
  /** Called with what somebody has set, before any task narrows it; what was not set is undefined. What it refuses is in force, but not kept. */
  readonly keep?: ((change: Omit<ChosenSettings, 'actingNoiseStd'>) => Answer<undefined>) | undefined;
  readonly timing?: Timing;
  /** Clock for waits that do not follow the cell's clock. Default: the host's. */
  readonly hostClock?: Clock;
  readonly scale?: ActionScale;
  /** Which part of the training seeds this engine's episodes come from. */
  readonly runSeed?: number;
  /** Box of the task as it was just reset; the limits' own box still counts too. */
  readonly workspace?: (() => Workspace) | undefined;
  readonly inputDevices?: () => readonly InputDevice[];
  /** The puck's light, where it has one. */
  readonly indicator?: (humanDrives: boolean) => void;
}

/** What somebody sets; the rest stays. */
export type ChosenSettings = { readonly [Name in keyof LoopSettings]?: LoopSettings[Name] | undefined } & {
  readonly autoStart?: boolean | undefined;
};

/** State of the windows, as the server reports it. */
export interface Supervision {
  /** Time of the newest heartbeat of the window that holds the controls; `undefined` while none holds them. */
  heartbeatMs: number | undefined;
  /** Time of the newest heartbeat of any window; `undefined` while none is open. */
  watchedMs: number | undefined;
  /** Number of open windows. While there is none, nothing starts by itself, unless `unattended`. */
  windows: number;
  /** The arm may move while no window watches. */
  readonly unattended: boolean;
}

export interface Engine {
  readonly options: EngineOptions;
  readonly loop: ControlLoop;
  readonly recorder: EpisodeRecorder;
  readonly supervision: Supervision;
  readonly success: SuccessDesk;
  /** Opens cell, puck and policy. Refuses in words. */
  open(): Promise<Answer<undefined>>;
  /** Ticks until `close`. Resets first when `reset` is true; otherwise the arm holds until Resume. */
  run(start: { readonly reset: boolean }): Promise<void>;
  close(): Promise<void>;
  status(): Status;
  rig(): Rig;
  /** Returns the takeover settings in force. */
  takeover(): TakeoverSettings;
  newestSnapshot(): Snapshot | undefined;
  /** Messages for every window; `changed` wants a fresh status now. */
  onMessage(listener: (message: OutgoingMessage) => void): () => void;
  onChanged(listener: () => void): () => void;
  onSnapshot(listener: (snapshot: Snapshot) => void): () => void;
  /** A window was opened, or the last one closed. */
  windowsChanged(windows: number): void;
  /** Chosen by name: drives from the next episode on, without a trial. */
  usePolicy(name: string, manifestPath: string): Promise<Answer<undefined>>;
  publish(name: string, manifestPath: string): void;
  /** Looks on from now on, with this threshold. */
  chooseClassifier(name: string, threshold: number): Promise<Answer<undefined>>;
  /** Loads the candidate, or whoever is due, before an episode. Headless runs call it between episodes; live it happens by itself. */
  loadPolicyInUse(): Promise<Answer<undefined>>;
  revertPolicy(because: string): Answer<{ readonly policy: string }>;
  candidate(): CandidateState | undefined;
  resume(): Promise<Answer<undefined>>;
  nextSeed(): number;
  verdict(verdict: 'success' | 'failure', episodeId: number | undefined): Answer<undefined>;
  discard(episodeId: number | undefined): Answer<undefined>;
  undo(): Promise<Answer<{ readonly undone?: string | undefined }>>;
  endEpisode(): Answer<undefined>;
  /** Of a person who drives. */
  gripper(command: 'open' | 'close' | 'toggle'): Answer<undefined>;
  setMode(mode: Mode): Answer<undefined>;
  change(settings: ChosenSettings): void;
}
