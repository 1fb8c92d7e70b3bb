/** The options of an engine, the calls that it answers, and its parts. `engine.ts` makes one. */
import type { StoreReader, StoreWriter } from '../../data/records.ts';
import type { Puck, RobotCell, Snapshot } from '../../native/device.ts';
import type { ActionScale } from '../api/action.ts';
import type { Clock } from '../api/clock.ts';
import type { Mode } from '../api/episode.ts';
import type { Workspace } from '../api/limits.ts';
import type { ObservationKind } from '../api/observation.ts';
import type { TaskId, TaskSpec } from '../api/task.ts';
import type { TakeoverSettings } from '../api/teleop.ts';
import type { OutgoingMessage } from '../api/window/messages.ts';
import type { InputDevice, Rig, Status } from '../api/window/status.ts';
import type { Listeners } from './listeners.ts';
import type { LiveRun } from './live-run.ts';
import type { ControlLoop } from './loop/control-loop.ts';
import type { Timing } from './loop/driving.ts';
import type { CandidateState } from './policy/candidate.ts';
import type { PolicySelector } from './policy/policy-selector.ts';
import type { PolicySource } from './policy/policy-source.ts';
import type { Pace } from './policy/proposals.ts';
import type { SuccessJudge } from './policy/success-judge.ts';
import type { EpisodeRecorder } from './recording/episode-recorder.ts';
import type { EpisodeReview } from './recording/episode-review.ts';
import type { StoreGauge } from './recording/store-meter.ts';
import type { Answer, ClassifierService, ExportService, PolicyShelf, RunService } from './services.ts';
import type { ChosenSettings, Settings, SettingsOptions } from './settings.ts';
import type { StandingNotices } from './standing-notices.ts';

export interface EngineOptions extends SettingsOptions {
  readonly projectFolder: string;
  readonly cell: RobotCell;
  readonly puck: Puck;
  /** Clock that a late answer is measured by. Default: the host's. A simulated cell waits for late answers. */
  readonly pace?: Pace;
  /** A caller begins each episode and no person watches. Default: the engine continues from episode to episode. */
  readonly headless?: boolean;
  /** The arm may move while no window watches. Default false. A headless run is always unattended. */
  readonly unattended?: boolean | undefined;
  /** The task that the engine begins with. Default: `insert`. */
  readonly task?: TaskId;
  readonly observation?: ObservationKind;
  readonly writer?: StoreWriter | undefined;
  readonly reader?: StoreReader | undefined;
  readonly policy?: PolicySource | undefined;
  /** Manifest of the policy that `open` loads; it is for `task`. */
  readonly policyManifestPath?: string | undefined;
  readonly shelf?: PolicyShelf | undefined;
  readonly runs?: RunService | undefined;
  readonly exports?: ExportService | undefined;
  readonly classifiers?: ClassifierService | undefined;
  readonly timing?: Timing;
  /** Clock for waits that do not follow the cell's clock. Default: the host's. */
  readonly hostClock?: Clock;
  readonly scale?: ActionScale;
  /** Number that selects a part of the training seeds for this engine's episodes. */
  readonly runSeed?: number;
  /** Returns the box of the task as it was just reset. The box of the limits still counts too. */
  readonly workspace?: (() => Workspace) | undefined;
  readonly inputDevices?: () => readonly InputDevice[];
  /** Sets the light of a puck that has one. */
  readonly indicator?: (humanDrives: boolean) => void;
}

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
  readonly success: SuccessJudge;
  /** Opens cell, puck and policy. Refuses when the first policy cannot be loaded. */
  open(): Promise<Answer<undefined>>;
  /** Ticks until `close`. Resets first when `reset` is true; otherwise the arm holds until Resume. */
  run(start: { readonly reset: boolean }): Promise<void>;
  close(): Promise<void>;
  status(): Status;
  rig(): Rig;
  /** Returns the takeover settings in force. */
  takeover(): TakeoverSettings;
  newestSnapshot(): Snapshot | undefined;
  /** Adds a listener for the messages to every window. */
  onMessage(listener: (message: OutgoingMessage) => void): () => void;
  /** Adds a listener that is called when the status has changed. */
  onChanged(listener: () => void): () => void;
  onSnapshot(listener: (snapshot: Snapshot) => void): () => void;
  /** Tells the number of open windows when it has changed. */
  windowsChanged(windows: number): void;
  /** Makes a policy drive from the next episode on, without a trial. */
  usePolicy(name: string, manifestPath: string): Promise<Answer<undefined>>;
  publish(name: string, manifestPath: string, task: TaskId): void;
  /** Makes a classifier give its opinion from now on, with this threshold. */
  chooseClassifier(name: string, threshold: number): Promise<Answer<undefined>>;
  /** Loads the policy that is due. A headless run calls it between episodes; a live engine does so by itself. */
  loadPolicyInUse(): Promise<Answer<undefined>>;
  revertPolicy(because: string): Answer<{ readonly policy: string }>;
  candidate(): CandidateState | undefined;
  resume(): Promise<Answer<undefined>>;
  verdict(verdict: 'success' | 'failure', episodeId: number | undefined): Answer<undefined>;
  discard(episodeId: number | undefined): Answer<undefined>;
  undo(): Promise<Answer<{ readonly undone?: string | undefined }>>;
  endEpisode(): Answer<undefined>;
  /** Moves the gripper while a person drives. */
  gripper(command: 'open' | 'close' | 'toggle'): Answer<undefined>;
  setMode(mode: Mode): Answer<undefined>;
  /** Chooses the task of the next episode, and arranges it at once. */
  chooseTask(task: TaskId): Promise<Answer<undefined>>;
  change(settings: ChosenSettings): void;
}

/** The task that is chosen. */
export interface TaskChoice {
  current(): TaskSpec;
  choose(task: TaskId): void;
}

/** The parts of an engine. Each owns its state. `engine.ts` makes them, and the files beside it work on them. */
export interface EngineParts {
  /** The options as given, with the cell guarded against its own errors. */
  readonly options: EngineOptions;
  readonly task: TaskChoice;
  readonly policy: PolicySource;
  /** Messages for every window. */
  readonly messages: Listeners<OutgoingMessage>;
  /** Tells that the status has changed. */
  readonly changes: Listeners<void>;
  readonly snapshots: Listeners<Snapshot>;
  readonly supervision: Supervision;
  readonly settings: Settings;
  readonly notices: StandingNotices;
  readonly recorder: EpisodeRecorder;
  readonly storeMeter: { read(): StoreGauge };
  readonly policies: PolicySelector;
  readonly episodes: EpisodeReview;
  readonly success: SuccessJudge;
  readonly loop: ControlLoop;
  readonly run: LiveRun;
}
