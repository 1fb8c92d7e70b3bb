/**
 * From chunks of K actions to one action per tick: receding horizon, latency, temporal ensembling (ACT, Zhao et al. 2023).
 * A chunk that was planned on the observation of tick s holds the actions of ticks s … s + K − 1. It is asked for again every M
 * ticks. With a latency of L a newer chunk counts from its tick s + L on, so it may be computed while the older one still acts,
 * and its first L actions, whose ticks have passed by then, are never executed.
 *   (K, M, L) = (4, 2, 0) executes steps 0 1 | 0 1 | …        (4, 2, 1) executes 0 1 | 1 2 | 1 2 | …
 * Ensembling: the action of a tick is Σ wᵢ aᵢ / Σ wᵢ over all chunks that hold one for it, wᵢ = exp(−rate · i), i = 0 the oldest.
 * Nothing is interpolated here: a tick has one action. Between ticks the robot's set-point moves on a line: the engine sends it with the
 * time until the next action takes effect, and the servo follows that ramp at its own rate (`native/device.ts`, `SetPoint`).
 * Who drives is not known here: `reset` drops every plan, at an episode's start and after anything that was not in the plan.
 */
import type { ChunkExecution } from '../api/policy.ts';

export interface ChunkExecutor {
  /** Forgets all plans. */
  reset(): void;
  /** A new observation: the next tick begins. */
  beginTick(): void;
  /** This tick has no action without a new chunk. */
  needsPlan(): boolean;
  /** A new chunk is due on this tick's observation; with a latency there is time until it acts. */
  planDue(): boolean;
  /** Takes [K, A], planned on this tick's observation. */
  accept(chunk: Float32Array): void;
  /** This tick's action [A]. Throws where `needsPlan`. */
  action(): Float32Array;
}

interface Plan {
  /** Tick of the observation that it was made on. */
  readonly start: number;
  /** First tick that it may act in. */
  readonly usableFrom: number;
  readonly chunk: Float32Array;
}

export function createChunkExecutor(execution: ChunkExecution, actionSize: number): ChunkExecutor {
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
    reset: () => {
      plans = [];
      tick = -1;
      nextStart = 0;
    },
    beginTick: () => {
      tick++;
      plans = plans.filter((plan) => tick < plan.start + K);
    },
    needsPlan: () => covering().length === 0 || (L === 0 && planDue()),
    planDue,
    accept: (chunk) => {
      if (chunk.length !== K * actionSize)
        throw new RangeError(`a chunk of ${chunk.length} numbers; this policy's has ${K} × ${actionSize}.`);
      const alone = covering().length === 0;
      // Where nothing else is there, it acts at once.
      plans.push({ start: tick, usableFrom: alone ? tick : tick + L, chunk });
      nextStart = alone ? tick + Math.max(1, M - L) : tick + M;
    },
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
