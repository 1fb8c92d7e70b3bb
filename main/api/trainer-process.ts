/**
 * What a run's launcher and its trainer process say to each other, over Node's IPC channel.
 * The trainer reads the store by itself; the launcher only grants it work and hears how it goes.
 */
import type { RunSpec, RunStatus } from './run.ts';

export interface TrainerConfig {
  readonly projectFolder: string;
  readonly runId: number;
  readonly spec: RunSpec;
  /** Threads of the numerical library: one while a control loop runs on the same machine. */
  readonly threads: number;
  /**
   * `granted`: works only on blocks it is granted, reads no event newer than the grant names: a replay gives the same losses.
   * `paced`: follows the store by itself, the algorithm's updates per environment step, and publishes at least every 5 s.
   */
  readonly pace: 'granted' | 'paced';
  /** Manifest of the encoder, to compute embeddings that are missing from the store. */
  readonly encoderManifestPath: string | undefined;
}

export interface GrantLimit {
  /** The newest episode that the launcher has seen end: it names the grant when it is asked for again. */
  readonly throughEpisodeId: number;
  /** The newest event that the block may read: everything given until the grant, whatever episode it is about. */
  readonly throughSequence: number;
}

export type ToTrainer =
  /** Make the updates owed for everything that the grant lets it read, as one recorded block, then publish. */
  | ({ readonly kind: 'grant'; readonly updates: number | undefined } & GrantLimit)
  /** Publish, write a checkpoint, end. */
  | { readonly kind: 'finish' }
  /** Write a checkpoint, end. */
  | { readonly kind: 'cancel' };

export type FromTrainer =
  | { readonly kind: 'progress'; readonly status: RunStatus }
  /** A block of updates was made. `manifestPath` is the policy published after it. */
  | {
      readonly kind: 'block';
      readonly index: number;
      readonly throughEpisodeId: number;
      readonly updates: number;
      readonly policy: string;
      readonly manifestPath: string;
      readonly metrics: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'published'; readonly policy: string; readonly manifestPath: string; readonly step: number }
  | { readonly kind: 'finished'; readonly step: number; readonly checkpoint: string }
  | { readonly kind: 'failed'; readonly message: string; readonly remedy: string };
