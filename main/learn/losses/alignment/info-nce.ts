/**
 * Symmetric InfoNCE (CLIP, Radford et al. 2021): pairs of embeddings find each other in a batch. Letters: B pairs, F features.
 *   S = q̂ k̂ᵀ · e^s            L = ½ (mean_i CE(S_i·, i) + mean_j CE(S_·j, j)),   q̂, k̂ of length 1.
 * s = −ln τ is a parameter, which starts at ln(1/0.07) and is at most ln 100 (CLIP). Traps: two samples with the same
 * text are not each other's negatives; pass `ids`, and equal ones are left out. A bound that stops the gradient of s
 * keeps s there for good. Here the value is bounded and the gradient passes, as when CLIP resets s after each step.
 * Small batches have few negatives: use B ≥ 64.
 */
import type { Node } from '../../../tensor/ir.ts';
import {
  add,
  constant,
  div,
  equal,
  exp,
  logicalNot,
  logicalOr,
  logSumExp,
  matmul,
  maximum,
  mean,
  mul,
  relu,
  reshape,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  transpose,
  where,
} from '../../../tensor/tensor.ts';

export const LOG_SCALE_START = Math.log(1 / 0.07); // CLIP
export const LOG_SCALE_MAX = Math.log(100); // CLIP
/** Embeddings are divided by their length, and by no less than this. */
const LENGTH_MIN = 1e-6;
/** Low enough to add nothing to a sum of exponentials in single precision. */
const LEFT_OUT = -1e9;

/** `queries`, `keys` [B, F] (row i of one belongs to row i of the other), `logScale` [], `ids` int64 [B] → scalar. */
export function infoNce(queries: Node, keys: Node, logScale: Node, ids?: Node): Node {
  const batch = queries.shape[0]!;
  const scale = exp(sub(logScale, stopGradient(relu(sub(logScale, LOG_SCALE_MAX)))));
  const similarity = mul(matmul(unit(queries), transpose(unit(keys))), scale);
  const diagonal = constant(
    Array.from({ length: batch ** 2 }, (_, at) => Number(at % (batch + 1) === 0)),
    [batch, batch],
    'bool',
  );
  const matching = sum(where(diagonal, similarity, 0), 1);
  const counted = ids
    ? where(logicalOr(diagonal, logicalNot(equal(reshape(ids, [batch, 1]), ids))), similarity, LEFT_OUT)
    : similarity;
  const ofRows = mean(sub(logSumExp(counted, 1), matching));
  const ofColumns = mean(sub(logSumExp(counted, 0), matching));
  return mul(add(ofRows, ofColumns), 0.5);
}

function unit(x: Node): Node {
  return div(x, sqrt(maximum(sum(square(x), 1, true), LENGTH_MIN ** 2)));
}
