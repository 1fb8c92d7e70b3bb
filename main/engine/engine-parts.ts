/** The parts of an engine. Each owns its state. `engine.ts` makes them, and the files beside it work on them. */
import type { Snapshot } from '../../native/device.ts';
import type { TaskSpec } from '../api/task.ts';
import type { OutgoingMessage } from '../api/window/messages.ts';
import type { EngineOptions, Supervision } from './engine-types.ts';
import type { Listeners } from './listeners.ts';
import type { LiveRun } from './live-run.ts';
import type { ControlLoop } from './loop/loop-types.ts';
import type { PolicySelector } from './policy/policy-selector.ts';
import type { PolicySource } from './policy/policy-source.ts';
import type { SuccessJudge } from './policy/success-judge.ts';
import type { EpisodeRecorder } from './recording/episode-recorder.ts';
import type { EpisodeReview } from './recording/episode-review.ts';
import type { StoreGauge } from './recording/store-meter.ts';
import type { Settings } from './settings.ts';
import type { StandingNotices } from './standing-notices.ts';

export interface EngineParts {
  /** The options as given, with the cell guarded against its own errors. */
  readonly options: EngineOptions;
  readonly task: TaskSpec;
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
