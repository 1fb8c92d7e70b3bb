/**
 * What a run's launcher and its trainer process say to each other, over Node's IPC channel.
 * The trainer reads the store by itself; the launcher only grants it work and hears how it goes. What a trainer sends is checked,
 * because nothing that a child sends may end the engine.
 */
import { z } from 'zod';
import { type RunSpec, runStatusSchema } from './run.ts';

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

/** A metric that is not a number is shown as a gap, not refused. */
const metrics = z.record(z.string(), z.number().or(z.nan()));

export const fromTrainerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('progress'), status: runStatusSchema }),
  /** A block of updates was made. `manifestPath` is the policy published after it. */
  z.object({
    kind: z.literal('block'),
    index: z.int(),
    throughEpisodeId: z.int(),
    updates: z.int(),
    policy: z.string(),
    manifestPath: z.string(),
    metrics: metrics.readonly(),
  }),
  z.object({ kind: z.literal('published'), policy: z.string(), manifestPath: z.string(), step: z.int() }),
  z.object({ kind: z.literal('finished'), step: z.int(), checkpoint: z.string() }),
  z.object({ kind: z.literal('failed'), message: z.string(), remedy: z.string() }),
]);
export type FromTrainer = Readonly<z.infer<typeof fromTrainerSchema>>;
