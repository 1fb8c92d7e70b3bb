/**
 * Binary cross-entropy of logits: L = mean over B of  softplus(z) − t z  =  −t ln σ(z) − (1 − t) ln(1 − σ(z)).
 * This form does not overflow for confident logits (as PyTorch's `binary_cross_entropy_with_logits`).
 */
import type { Node } from '../../../tensor/ir.ts';
import { mean, mul, softplus, sub } from '../../../tensor/tensor.ts';
import { asFlags, guard, maskedMean } from '../masked.ts';

/** `logits` and `targets` (0 … 1): one shape, and so are `weights` ≥ 0 → scalar. Without weights it is the plain mean. */
export function binaryCrossEntropy(logits: Node, targets: Node, weights?: Node): Node {
  if (!weights) return mean(elements(logits, targets));
  const flags = asFlags(weights);
  return maskedMean(elements(guard(flags, logits), guard(flags, targets)), weights);
}

const elements = (logits: Node, targets: Node): Node => sub(softplus(logits), mul(targets, logits));
