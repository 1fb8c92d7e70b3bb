/**
 * Messages between a run's launcher and its trainer process, over Node's IPC channel. The trainer reads the store
 * itself; the launcher only grants work and receives reports. The launcher checks each message, because no message of a
 * child may end the engine.
 */
import { z } from 'zod';
import { type RunSpec, runStatusSchema } from '../run.ts';

export interface TrainerConfig {
  readonly projectFolder: string;
  readonly runId: number;
  readonly spec: RunSpec;
  /** Threads of the numerical library: one while a control loop runs on the same machine. */
  readonly threads: number;
  /**
   * `granted`: the trainer works only on blocks that it is granted, and reads no event newer than the grant names. A
   * replay then gives the same losses.
   * `paced`: the trainer follows the store itself, makes the algorithm's updates per environment step, and publishes at
   * least every 5 s.
   */
  readonly pace: 'granted' | 'paced';
  /** Manifest of the encoder, to compute embeddings that are missing from the store. */
  readonly encoderManifestPath: string | undefined;
}

export interface GrantLimit {
  /** Newest episode that the launcher has seen end. It identifies the grant when the grant is requested again. */
  readonly throughEpisodeId: number;
  /** Newest event that the block may read. It covers everything stored until the grant, for every episode. */
  readonly throughSequence: number;
}

export type ToTrainer =
  /**
   * Asks for the updates owed for everything that the grant lets the trainer read, as one recorded block. Then the
   * trainer publishes.
   */
  | ({ readonly kind: 'grant'; readonly updates: number | undefined } & GrantLimit)
  /** Makes the trainer publish, write a checkpoint and end. */
  | { readonly kind: 'finish' }
  /** Makes the trainer write a checkpoint and end. */
  | { readonly kind: 'cancel' };

/** NaN is accepted and shown as a gap. */
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
