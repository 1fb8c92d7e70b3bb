import type { LearningSource } from '../../../../data/learning/learning.ts';
import type { TransitionPool } from '../../../../data/learning/transition-pool.ts';
import type { RunStore } from '../../../../data/runs.ts';
import type { Clock } from '../../../api/clock.ts';
import type { FromTrainer, TrainerConfig } from '../../../api/processes/trainer-messages.ts';
import type { Learner, OnPolicySteps, TrainingSettings } from '../../algorithms/algorithm.ts';
import type { RestorableRng } from '../restorable-rng.ts';
import type { RunFolder } from '../run-folder.ts';

/** Everything that a training run is made of; `assemble.ts` makes them. */
export interface TrainerParts {
  readonly trainer: TrainerConfig;
  readonly settings: TrainingSettings;
  readonly clock: Clock;
  /** The stream that the learner draws its noise from. */
  readonly rng: RestorableRng;
  readonly learner: Learner;
  readonly hasCritics: boolean;
  readonly pool: TransitionPool;
  readonly source: LearningSource;
  readonly runs: RunStore;
  readonly files: RunFolder;
  /** Computes embeddings that the store lacks. */
  readonly embedMissing: () => Promise<void>;
  /** Returns the on-policy steps of the newest episodes; see `on-policy-steps.ts`. */
  readonly onPolicySteps: (episodes: number) => OnPolicySteps;
  /** Writes the policy folder and returns the path of its manifest. */
  readonly exportPolicy: (step: number) => string;
  readonly report: (message: FromTrainer) => void;
  /** A note for the person while the run continues. */
  readonly note?: string | undefined;
}
