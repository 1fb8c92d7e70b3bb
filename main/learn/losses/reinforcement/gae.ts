/**
 * Generalised advantage estimation (Schulman et al. 2016). It works on plain numbers, outside any gradient.
 *   δ_t = r_t + γ (1 − terminated_t) V(s_{t+1}) − V(s_t);
 *   A_t = δ_t + γ λ (1 − ended_t) A_{t+1};           R_t = A_t + V(s_t).
 * Defaults γ = 0.99, λ = 0.95 (CleanRL). λ = 1 gives Monte-Carlo return − V, λ = 0 the one-step error. Trap: a time-out ends the episode but not the task. It cuts the sum (`ended`) and keeps the bootstrap (`terminated` false). The
 * bootstrap takes the value of the episode's last observation, not of the next episode's first one.
 */

export const DISCOUNT = 0.99; // γ, CleanRL
const GAE_LAMBDA = 0.95; // λ, CleanRL

/** All arrays have the length steps · environments, time-major: entry t · environments + e. */
interface Rollout {
  readonly rewards: ArrayLike<number>;
  /** V(s_t) */
  readonly values: ArrayLike<number>;
  /** V of the observation after the step, before any reset. */
  readonly nextValues: ArrayLike<number>;
  /** 1 or true where the task ended: success, failure. */
  readonly terminated: ArrayLike<number | boolean>;
  /** 1 or true where the episode ended for any reason, time-out included. */
  readonly ended: ArrayLike<number | boolean>;
  /** Default 1. */
  readonly environments?: number;
}

interface Advantages {
  readonly advantages: Float64Array;
  readonly returns: Float64Array;
}

export function gae(rollout: Rollout, discount = DISCOUNT, lambda = GAE_LAMBDA): Advantages {
  const { rewards, values, nextValues, terminated, ended, environments = 1 } = rollout;
  const count = rewards.length;
  for (const [name, { length }] of Object.entries({ values, nextValues, terminated, ended }))
    if (length !== count) throw new RangeError(`gae: ${length} ${name} for ${count} rewards; give one per step`);
  if (count % environments !== 0)
    throw new RangeError(`gae: ${count} steps do not divide into ${environments} environments of equal length`);
  const advantages = new Float64Array(count);
  const returns = new Float64Array(count);
  for (let at = count - 1; at >= 0; at--) {
    if (terminated[at] && !ended[at])
      throw new RangeError(`gae: step ${at} is terminated but not ended; what terminates an episode ends it`);
    const bootstrap = terminated[at] ? 0 : discount * nextValues[at]!;
    const following = ended[at] || at + environments >= count ? 0 : advantages[at + environments]!;
    advantages[at] = rewards[at]! + bootstrap - values[at]! + discount * lambda * following;
    returns[at] = advantages[at]! + values[at]!;
  }
  return { advantages, returns };
}

/** (A − mean)/(std + 1e-8) with the unbiased standard deviation (n − 1), as PyTorch's `std`; numpy's divides by n. */
export function normalizeAdvantages(advantages: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(advantages);
  if (values.length < 2)
    throw new RangeError(`normalizeAdvantages: ${values.length} values; a spread needs at least 2`);
  const average = values.reduce((sum, each) => sum + each, 0) / values.length;
  const variance = values.reduce((sum, each) => sum + (each - average) ** 2, 0) / (values.length - 1);
  return values.map((each) => (each - average) / (Math.sqrt(variance) + 1e-8));
}
