/**
 * Losses of actor-critics with an ensemble of critics (RLPD, HIL-SERL, ConRFT). Letters: E critics, Z of them in a
 * subset, B batch.
 *   critic        y = r + γ · bootstrap · (minᵢ Q̄ᵢ(s′, a′) − α log π(a′|s′))        L = mean over E and B of (Qᵢ(s, a) − y)²;
 *   actor         L = α · mean log π(a|s) − mean over E and B of Qᵢ(s, a),   a ~ π(s);   without α in ConRFT;
 *   temperature   L = α (H − H*),   H = −mean log π(a|s)       (Haarnoja et al. 2018).
 * `bootstrap` is 1 − terminated, because a time-out does not end the task. The entropy term is optional (RLPD's
 * `backup_entropy`). It is subtracted, and stands inside the bootstrap because it ends with the episode as the value
 * does. RLPD's minimum is over a random subset (Z = 2 of E = 10). The actor follows the mean over all E critics. α
 * falls while the entropy exceeds the wanted one.
 */
import type { Node } from '../../../tensor/ir.ts';
import {
  add,
  exp,
  maximum,
  mean,
  min,
  mul,
  neg,
  type Operand,
  softplus,
  stopGradient,
  sub,
} from '../../../tensor/tensor.ts';
import { asFlags, guard } from '../masked.ts';

interface EntropyBackup {
  /** [B], log π(a′|s′) */
  readonly nextLogProb: Node;
  /** α */
  readonly temperature: Operand;
}

/**
 * `reward` [B], `bootstrap` [B], `nextValues` [E, B] → target [B], a constant to the gradient. Where `bootstrap` is 0, the
 * next values may be anything, NaN included.
 */
export function tdTarget(
  reward: Node,
  bootstrap: Node,
  nextValues: Node,
  discount: number,
  entropy?: EntropyBackup,
): Node {
  const lowest = min(nextValues, 0);
  const next = entropy ? sub(lowest, mul(entropy.nextLogProb, entropy.temperature)) : lowest;
  return stopGradient(add(reward, mul(mul(bootstrap, discount), guard(asFlags(bootstrap), next))));
}

/**
 * Monte-Carlo floor: y ← max(y, G), where G is the discounted return that the episode really had.
 * It passes a success back through a whole episode at once; TD(0) with a slow target needs thousands of updates for that.
 * Where G would credit the policy with a person's rescue, the caller passes a lower return.
 */
export function monteCarloFloor(target: Node, monteCarloReturn: Node): Node {
  return maximum(target, monteCarloReturn);
}

/** `values` [E, B], `target` [B] → scalar. */
export function tdLoss(values: Node, target: Node): Node {
  const error = sub(values, target);
  return mean(mul(error, error));
}

/**
 * Policy improvement: values [E, B] at the policy's own actions → −mean Qᵢ(s, π(s)), scalar.
 * It takes the mean over the critics; the minimum serves targets only. The gradient flows through the sampled action.
 */
export function qLoss(values: Node): Node {
  return neg(mean(values));
}

/** α = exp λ (RLPD) or softplus λ (HIL-SERL), which is positive for every λ that the optimiser reaches. */
type TemperatureForm = 'exp' | 'softplus';

/** λ → α */
export function temperatureOf(parameter: Node, form: TemperatureForm): Node {
  switch (form) {
    case 'exp':
      return exp(parameter);
    case 'softplus':
      return softplus(parameter);
    default:
      return form satisfies never;
  }
}

/** α → λ */
export function temperatureParameter(temperature: number, form: TemperatureForm): number {
  switch (form) {
    case 'exp':
      return Math.log(temperature);
    case 'softplus':
      return Math.log(Math.expm1(temperature));
    default:
      return form satisfies never;
  }
}

/** H from log π [B] → scalar. */
export function entropyOf(logProbability: Node): Node {
  return neg(mean(logProbability));
}

/** `values` [E, B] at the policy's own actions, their logProbability [B], `temperature` [] (a constant here) → scalar. */
export function softActorLoss(values: Node, logProbability: Node, temperature: Node): Node {
  return add(mul(mean(logProbability), stopGradient(temperature)), qLoss(values));
}

/** `temperature` [], `entropy` [] (a constant here) → scalar. */
export function temperatureLoss(temperature: Node, entropy: Node, targetEntropy: number): Node {
  return mul(temperature, sub(stopGradient(entropy), targetEntropy));
}
