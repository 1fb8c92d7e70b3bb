/**
 * The four parts of proximal policy optimisation (Schulman et al. 2017). Letters: B samples; A advantage, R return.
 *   r = π(a|s)/π_old(a|s)                      policy  −mean min(r A, clip(r, 1−ε, 1+ε) A)
 *   value  ½ mean (V − R)²,  clipped: ½ mean max((V − R)², (V_old + clip(V − V_old, ±ε) − R)²)
 *   L = policy + c_v · value − c_e · entropy + β · KL(π‖π_ref)
 * Defaults: ε = 0.2 (0.1 from an imitated policy), c_v = 0.5, c_e = 0 (CleanRL, continuous actions). CleanRL and ASAP
 * clip values; the default here does not, because the evidence for it is weak. Traps: log-probabilities are summed over
 * D, and over K when a chunk is one action. The gradient is exactly 0 where the clip holds. Use the probability of the
 * drawn action, before the environment clips it.
 */
import type { Node } from '../../../tensor/ir.ts';
import {
  abs,
  add,
  cast,
  clip,
  exp,
  greater,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  square,
  sub,
} from '../../../tensor/tensor.ts';

const CLIP_RATIO = 0.2; // ε, CleanRL

interface ClippedSurrogate {
  readonly loss: Node;
  /** Share of samples whose ratio left [1−ε, 1+ε]. */
  readonly clipFraction: Node;
  /** Estimate of KL(π_old‖π) for stopping early; not the KL to a reference. */
  readonly approximateKl: Node;
}

/** `logProb`, `oldLogProb`, `advantage` [B] → scalars. The last two are data without a gradient. */
export function clippedSurrogate(
  logProb: Node,
  oldLogProb: Node,
  advantage: Node,
  clipRatio = CLIP_RATIO,
): ClippedSurrogate {
  const logRatio = sub(logProb, oldLogProb);
  const ratio = exp(logRatio);
  const clipped = clip(ratio, 1 - clipRatio, 1 + clipRatio);
  return {
    loss: neg(mean(minimum(mul(ratio, advantage), mul(clipped, advantage)))),
    clipFraction: mean(cast(greater(abs(sub(ratio, 1)), clipRatio), 'float32')),
    approximateKl: mean(sub(sub(ratio, 1), logRatio)),
  };
}

/** `value`, `returns` [B] → scalar. With `clipped`, the value may gain nothing by moving further than `range` from `oldValue` [B]. */
export function valueLoss(
  value: Node,
  returns: Node,
  clipped?: { readonly oldValue: Node; readonly range: number },
): Node {
  const plain = square(sub(value, returns));
  if (!clipped) return mul(mean(plain), 0.5);
  const { oldValue, range } = clipped;
  const near = add(oldValue, clip(sub(value, oldValue), -range, range));
  return mul(mean(maximum(plain, square(sub(near, returns)))), 0.5);
}

/**
 * Estimators of KL(π‖π_ref) from samples of π, with ln ρ = log π_ref − log π (Schulman 2020):
 * k1 = −ln ρ is unbiased and may be negative; k2 = ½ (ln ρ)² is biased, positive, of low variance; k3 = ρ − 1 − ln ρ is
 * unbiased and positive. As a loss only k2 has the KL's own gradient on samples of π: that of k1 is zero on average, that
 * of k3 is the gradient of KL(π_ref‖π). Prefer a closed form (`gaussian.ts`, `categorical.ts`) when there is one.
 */
type KlEstimator = 'k1' | 'k2' | 'k3';
export const KL_ESTIMATORS: readonly KlEstimator[] = ['k1', 'k2', 'k3'];

/** `logProb`, `referenceLogProb` [B] of actions drawn from π → scalar. */
export function klToReference(estimator: KlEstimator, logProb: Node, referenceLogProb: Node): Node {
  const logRho = sub(referenceLogProb, logProb);
  switch (estimator) {
    case 'k1':
      return neg(mean(logRho));
    case 'k2':
      return mul(mean(square(logRho)), 0.5);
    case 'k3':
      return mean(sub(sub(exp(logRho), 1), logRho));
    default:
      throw new Error(`no KL estimator ${estimator satisfies never}`);
  }
}
