/**
 * Services that the engine is given: fine-tuning runs, exports, classifiers and policies. Expected failures are
 * answers, not errors.
 */

import type { z } from 'zod';
import type { ClassifierManifest, ClassifierState } from '../api/classifier.ts';
import type { EpisodeChoice } from '../api/processes/export.ts';
import type { Readiness, RunOptions, RunPlan, RunStatus, runRequestSchema } from '../api/run.ts';
import type { TaskId } from '../api/task.ts';
import type { CALLS, OutgoingMessage } from '../api/window/messages.ts';

export type Answer<Value> =
  | { readonly kind: 'done'; readonly value: Value }
  | { readonly kind: 'refused'; readonly message: string; readonly remedy: string };

export const done = <Value>(value: Value): Answer<Value> => ({ kind: 'done', value });
export const refused = (message: string, remedy: string): Answer<never> => ({ kind: 'refused', message, remedy });

export type RunRequest = z.output<typeof runRequestSchema>;

export interface PublishedPolicy {
  readonly runId: number;
  readonly task: TaskId;
  readonly policy: string;
  readonly manifestPath: string;
  readonly step: number;
}

export interface RunService {
  readiness(): Promise<Readiness>;
  options(): Promise<RunOptions>;
  /** Describes the run that `start` would make. */
  plan(request: RunRequest | undefined): Promise<RunPlan>;
  start(request: RunRequest | undefined): Promise<Answer<{ readonly runId: number }>>;
  cancel(runId: number): Promise<Answer<undefined>>;
  list(): Promise<readonly RunStatus[]>;
  /** Returns series of [step, value] pairs by metric name, at most `points` pairs each. */
  metrics(
    runId: number,
    names: readonly string[] | undefined,
    points: number,
  ): Promise<Readonly<Record<string, readonly (readonly [number, number])[]>>>;
  settings(runId: number): Promise<Readonly<Record<string, string>>>;
  onStatus(listener: (status: RunStatus) => void): () => void;
  /** Adds a listener for newer policies. Each becomes the candidate from the next episode on. */
  onPublished(listener: (policy: PublishedPolicy) => void): () => void;
  close(): Promise<void>;
}

export interface ExportRequest {
  readonly format: 'lerobot-v3';
  readonly directory: string | undefined;
  readonly includeDiscarded: boolean;
  /** Default: all finished episodes. */
  readonly choice?: EpisodeChoice | undefined;
}

export interface ExportStarted {
  readonly exportId: number;
  readonly directory: string;
  readonly episodes: number;
  /** Number of episodes that are left out, with the reasons; `undefined` when none are. */
  readonly leftOut: string | undefined;
}

export type ExportProgress = Readonly<Omit<Extract<OutgoingMessage, { kind: 'export' }>, 'kind'>>;

export interface ExportService {
  start(request: ExportRequest): Promise<Answer<ExportStarted>>;
  onProgress(listener: (progress: ExportProgress) => void): () => void;
}

interface ShelvedClassifier {
  readonly manifest: ClassifierManifest;
  readonly manifestPath: string;
}

/** The reward classifiers of the project for the task that is chosen. They are trained in a process of their own, one at a time. */
export interface ClassifierService {
  state(): Omit<ClassifierState, 'inUse'>;
  train(): Answer<undefined>;
  newest(): ShelvedClassifier | undefined;
  /** Writes the nearest threshold of the classifier's curve into its manifest. */
  setThreshold(name: string, threshold: number): Answer<ShelvedClassifier>;
  onChanged(listener: () => void): () => void;
  /** Lists the classifiers anew after another task was chosen. */
  taskChanged(): void;
  /** Resolves when a running training has ended. */
  close(): Promise<void>;
}

type PolicyList = z.output<(typeof CALLS)['policy.list']['result']>;

export interface ShelvedPolicy {
  readonly name: string;
  readonly manifestPath: string;
  readonly task: TaskId;
}

export interface PolicyShelf {
  list(): Promise<PolicyList['policies']>;
  find(name: string): Promise<ShelvedPolicy | undefined>;
  /**
   * Returns the policies to begin a task with: its starter, and the newest policy that a run has made for it. Either may
   * be missing. Policies that read another encoder than the one in use are left out.
   */
  openingFor(task: TaskId): Promise<{
    readonly starter: ShelvedPolicy | undefined;
    readonly newest: ShelvedPolicy | undefined;
  }>;
}
