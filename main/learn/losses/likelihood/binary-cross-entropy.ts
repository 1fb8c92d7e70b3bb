/**
 * Binary cross-entropy of logits: L = mean over B of  softplus(z) − t z  =  −t ln σ(z) − (1 − t) ln(1 − σ(z)).
 * This form does not overflow for confident logits (as PyTorch's `binary_cross_entropy_with_logits`).
 */
import type { Node } from '../../../tensor/ir.ts';
import { mean, mul, softplus, sub } from '../../../tensor/tensor.ts';

/** `logits` and `targets` (0 … 1): one shape → scalar. */
export function binaryCrossEntropy(logits: Node, targets: Node): Node {
  return mean(sub(softplus(logits), mul(targets, logits)));
}
