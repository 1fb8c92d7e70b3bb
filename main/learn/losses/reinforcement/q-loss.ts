/**
 * Policy improvement through the critics (HIL-SERL, ConRFT): L = −mean over E and B of Qᵢ(s, π(s)).
 * The mean over the critics, not their minimum: the minimum is for targets. The gradient flows through the sampled action only.
 */
import type { Node } from '../../../tensor/ir.ts';
import { mean, neg } from '../../../tensor/tensor.ts';

/** values [E, B] at the policy's own actions → scalar. */
export function qLoss(values: Node): Node {
  return neg(mean(values));
}
