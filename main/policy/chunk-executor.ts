/**
 * Executes chunks of K actions, one action per tick: receding horizon, latency, temporal ensembling (ACT, Zhao et al.
 * 2023). A chunk planned on the observation of tick s holds the actions of ticks s … s + K − 1. A new one is due every
 * M ticks. With a latency of L a new chunk counts from its tick s + L on, so that it may be computed while the older
 * one still acts. Its first L actions are never executed, because their ticks have passed by then.
 *   (K, M, L) = (4, 2, 0) executes steps 0 1 | 0 1 | …        (4, 2, 1) executes 0 1 | 1 2 | 1 2 | … .
 * Ensembling: a tick's action is Σ wᵢ aᵢ / Σ wᵢ over all chunks that hold one for it, wᵢ = exp(−rate · i), i = 0 the oldest.
 * Nothing is interpolated here. Between ticks the servo moves the set-point on a line at its own rate (`native/device.ts`).
 * Call `reset` at an episode's start and after any action that was not in the plan.
 */
import type { ChunkExecution } from '../api/policy.ts';

interface Plan {
  /** Tick of the observation that the chunk was planned on. */
  readonly start: number;
  /** First tick that the chunk may act in. */
  readonly usableFrom: number;
  readonly chunk: Float32Array;
}

export type ChunkExecutor = ReturnType<typeof createChunkExecutor>;

export function createChunkExecutor(execution: ChunkExecution, actionSize: number) {
  const { size: K, execute: M, latencySteps: L, ensembleRate } = execution;
  if (M + L > K)
    throw new RangeError(
      `a chunk of ${K} actions cannot serve ${M} executed ones after a latency of ${L}. Execute at most ${K - L}, or train larger chunks.`,
    );
  let plans: Plan[] = [];
  let tick = -1;
  let nextStart = 0;

  const covering = () => plans.filter((plan) => plan.usableFrom <= tick && tick < plan.start + K);
  const planDue = () => tick >= nextStart;

  return {
    /** Forgets all plans. */
    reset: () => {
      plans = [];
      tick = -1;
      nextStart = 0;
    },
    /** Begins the next tick, with a new observation. */
    beginTick: () => {
      tick++;
      plans = plans.filter((plan) => tick < plan.start + K);
    },
    /** True when this tick has no action without a new chunk. */
    needsPlan: () => covering().length === 0 || (L === 0 && planDue()),
    /** True when a new chunk is due on this tick's observation. With a latency it acts some ticks later. */
    planDue,
    /** Takes a chunk [K, A] that was planned on this tick's observation. */
    accept: (chunk: Float32Array) => {
      if (chunk.length !== K * actionSize)
        throw new RangeError(`a chunk of ${chunk.length} numbers; this policy's has ${K} × ${actionSize}.`);
      const alone = covering().length === 0;
      // Without another chunk it acts at once.
      plans.push({ start: tick, usableFrom: alone ? tick : tick + L, chunk });
      nextStart = alone ? tick + Math.max(1, M - L) : tick + M;
    },
    /** Returns this tick's action [A]. Throws when `needsPlan` is true. */
    action: () => {
      const usable = covering();
      const newest = usable.at(-1);
      if (!newest) throw new Error(`tick ${tick} has no plan: give the executor a chunk first`);
      const actions = usable.map(({ chunk, start }) =>
        chunk.slice((tick - start) * actionSize, (tick - start + 1) * actionSize),
      );
      return ensembleRate === undefined ? actions.at(-1)! : ensemble(actions, ensembleRate);
    },
  };
}

/** Weighted mean of actions [A], oldest first, weights exp(−rate · i). */
export function ensemble(actions: readonly Float32Array[], rate: number): Float32Array {
  const weights = actions.map((_, index) => Math.exp(-rate * index));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Float32Array.from(
    actions[0]!,
    (_, index) => actions.reduce((sum, action, at) => sum + weights[at]! * action[index]!, 0) / total,
  );
}
