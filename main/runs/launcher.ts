/** How a run's trainer is started, whatever it runs on. One file per place: `local-process.ts` now; clusters speak the same interface. */
import type { FromTrainer, ToTrainer, TrainerConfig } from '../api/trainer-process.ts';

export interface TrainerHandle {
  send(message: ToTrainer): void;
  onMessage(listener: (message: FromTrainer) => void): () => void;
  /** Resolves with how the trainer ended; never rejects. */
  readonly ended: Promise<TrainerEnd>;
  /** Ends it at once; what it checkpointed stays. */
  kill(): void;
}

export interface TrainerEnd {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  /** The last lines it wrote to its error output, for a report. */
  readonly lastWords: string;
}

export type RunLauncher = (config: TrainerConfig) => TrainerHandle;
