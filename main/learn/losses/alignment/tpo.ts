/**
 * Trajectory-wise preference optimisation (GRAPE, Zhang et al. 2024): the better of two trajectories gains probability.
 *   L = −mean ln σ(β [(log π(ζ_w) − log π_ref(ζ_w)) − (log π(ζ_l) − log π_ref(ζ_l))]),      log π(ζ) = Σ_t Σ_d log π(a_td|o_t)
 * β = 0.1 (GRAPE's code). β is the strength of the pull to the reference, not a learning rate: a larger one stays closer.
 * At the start π = π_ref and the loss is ln 2 for every β, so watch the margin instead.
 * Trap: the sum over steps is inside the sigmoid. The mean of one loss per step (stepwise DPO) is another objective.
 */
import type { Node } from '../../../tensor/ir.ts';
import { cast, greater, mean, mul, neg, softplus, sub } from '../../../tensor/tensor.ts';

const TPO_BETA = 0.1; // GRAPE's code

interface TrajectoryLogProbs {
  /** [N] under the policy, summed over the trajectory. */
  readonly policy: Node;
  /** [N] under the reference; data, no gradient is wanted through it. */
  readonly reference: Node;
}

interface Tpo {
  readonly loss: Node;
  /** Mean implicit reward of the better trajectory minus that of the worse: β × difference of log-ratios. */
  readonly rewardMargin: Node;
  /** Share of the N pairs that the policy already orders rightly. */
  readonly rewardAccuracy: Node;
}

export function tpo(better: TrajectoryLogProbs, worse: TrajectoryLogProbs, beta = TPO_BETA): Tpo {
  const margin = mul(sub(sub(better.policy, better.reference), sub(worse.policy, worse.reference)), beta);
  return {
    // −ln σ(x) = softplus(−x), which does not underflow.
    loss: mean(softplus(neg(margin))),
    rewardMargin: mean(margin),
    rewardAccuracy: mean(cast(greater(margin, 0), 'float32')),
  };
}
