/**
 * N copies of a task that step together: what an on-policy learner acts in. Plain arrays, row-major; no time and no chance but what
 * the maker gave it. Letters: N copies, D observation, A action (of a chunk: all its numbers, the chunk being one action).
 */
export interface Environment {
  /** N */
  readonly count: number;
  readonly observationSize: number;
  readonly actionSize: number;
  /** Begins every episode anew: [N, D]. */
  reset(): Float32Array;
  /** actions [N, A], not clipped: the task clips. An episode that ends is followed by a new one. */
  step(actions: Float32Array): EnvironmentStep;
}

/** The arrays are new at every step. */
export interface EnvironmentStep {
  /** [N] */
  readonly reward: Float32Array;
  /** [N] 1 = the task ended, nothing follows. */
  readonly terminated: Uint8Array;
  /** [N] 1 = time was up: the value of what would have followed counts. */
  readonly truncated: Uint8Array;
  /** [N, D] what the action led to. */
  readonly next: Float32Array;
  /** [N, D] where the next action starts: `next`, or the first observation of a new episode. */
  readonly observation: Float32Array;
}
