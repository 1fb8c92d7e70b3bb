/**
 * What maximum entropy adds to an actor-critic (Haarnoja et al. 2018): the actor's loss and that of the learned temperature α.
 *   actor         L = mean [ α log π(a|s) ] − mean over E and B of Qᵢ(s, a),   a ~ π(s); α is no variable here
 *   temperature   L = α (H − H*),   H = −mean log π(a|s); H is no variable here: α falls while there is more entropy than wanted
 * α = exp λ (RLPD) or softplus λ (HIL-SERL): positive whatever λ the optimiser reaches. The critic's part is in `td.ts`.
 */
import type { Node } from '../../../tensor/ir.ts';
import { add, exp, mean, mul, neg, softplus, stopGradient, sub } from '../../../tensor/tensor.ts';
import { qLoss } from './q-loss.ts';

export type TemperatureForm = 'exp' | 'softplus';

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

/** values [E, B] at the policy's own actions, logProbability [B] of these, temperature [] → scalar. */
export function softActorLoss(values: Node, logProbability: Node, temperature: Node): Node {
  return add(mul(mean(logProbability), stopGradient(temperature)), qLoss(values));
}

/** temperature [], entropy [] → scalar. */
export function temperatureLoss(temperature: Node, entropy: Node, targetEntropy: number): Node {
  return mul(temperature, sub(stopGradient(entropy), targetEntropy));
}
