/**
 * One-step temporal difference of an ensemble (RLPD, HIL-SERL, ConRFT). Letters: E critics, B batch.
 *   y = r + γ · bootstrap · minᵢ Q̄ᵢ(s′, a′)          L = mean over E and B of (Qᵢ(s, a) − y)²
 * `bootstrap` is 1 − terminated: a time-out is not an end. The entropy term of RLPD is not here: none of our policies has one.
 */
import type { Node } from '../graph/ir.ts';
import { add, maximum, mean, min, mul, stopGradient, sub } from '../graph/tensor.ts';

/** reward [B], bootstrap [B], nextValues [E, B] → target [B], a constant to the gradient. */
export function tdTarget(reward: Node, bootstrap: Node, nextValues: Node, discount: number): Node {
  return stopGradient(add(reward, mul(mul(bootstrap, discount), min(nextValues, 0))));
}

/**
 * Monte-Carlo floor: y ← max(y, G), with G the discounted return that the episode really had.
 * Passes a success back through a whole episode at once, where TD(0) with a slow target needs thousands of updates.
 * Where G would credit an action with somebody else's rescue, the caller supplies the return of endless failure.
 */
export function monteCarloFloor(target: Node, monteCarloReturn: Node): Node {
  return maximum(target, monteCarloReturn);
}

/** values [E, B], target [B] → scalar. */
export function tdLoss(values: Node, target: Node): Node {
  const error = sub(values, target);
  return mean(mul(error, error));
}
