/** How a run's trainer is started, whatever it runs on. One file per place: `local-process.ts` now; clusters speak the same interface. */
import type { FromTrainer, ToTrainer, TrainerConfig } from '../../api/processes/trainer-messages.ts';
import type { ChildEnd } from './child-end.ts';

export interface TrainerHandle {
  send(message: ToTrainer): void;
  onMessage(listener: (message: FromTrainer) => void): () => void;
  /** Resolves with how the trainer ended; never rejects. */
  readonly ended: Promise<TrainerEnd>;
  /** Ends it at once; what it checkpointed stays. */
  kill(): void;
}

export type TrainerEnd = ChildEnd;

export type RunLauncher = (config: TrainerConfig) => TrainerHandle;
