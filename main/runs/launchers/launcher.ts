/**
 * Starts the trainer of a run. Each kind of machine has a file with this interface; `local-process.ts` is the first.
 */
import type { FromTrainer, ToTrainer, TrainerConfig } from '../../api/processes/trainer-messages.ts';
import type { ChildEnd } from './child-end.ts';

export interface TrainerHandle {
  send(message: ToTrainer): void;
  onMessage(listener: (message: FromTrainer) => void): () => void;
  /** Resolves with how the trainer ended; never rejects. */
  readonly ended: Promise<ChildEnd>;
  /** Ends the trainer at once. Its checkpoint stays. */
  kill(): void;
}

export type RunLauncher = (config: TrainerConfig) => TrainerHandle;
