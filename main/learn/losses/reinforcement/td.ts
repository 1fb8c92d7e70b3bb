/**
 * One-step temporal difference of an ensemble (RLPD, HIL-SERL, ConRFT). Letters: E critics, Z of them in a subset, B batch.
 *   y = r + γ · bootstrap · (minᵢ Q̄ᵢ(s′, a′) − α log π(a′|s′))          L = mean over E and B of (Qᵢ(s, a) − y)²
 * `bootstrap` is 1 − terminated: a time-out is not an end. The entropy term is optional (RLPD's `backup_entropy`); ConRFT's
 * policies have none.
 * Traps: the entropy term is subtracted, and it ends with the episode like the value: it stands inside the bootstrap.
 * RLPD's minimum is over a random subset drawn per update (Z = 2 of E = 10), the mean over all E is for the actor.
 */
import type { Node } from '../../../tensor/ir.ts';
import { add, maximum, mean, min, mul, type Operand, stopGradient, sub } from '../../../tensor/tensor.ts';

export interface EntropyBackup {
  /** log π(a′|s′) [B] */
  readonly nextLogProb: Node;
  /** α */
  readonly temperature: Operand;
}

/** reward [B], bootstrap [B], nextValues [E, B] → target [B], a constant to the gradient. */
export function tdTarget(
  reward: Node,
  bootstrap: Node,
  nextValues: Node,
  discount: number,
  entropy?: EntropyBackup,
): Node {
  const lowest = min(nextValues, 0);
  const next = entropy ? sub(lowest, mul(entropy.nextLogProb, entropy.temperature)) : lowest;
  return stopGradient(add(reward, mul(mul(bootstrap, discount), next)));
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
