/**
 * Monte-Carlo returns of one episode: G_t = r_t + γ·G_{t+1}. Without a success the costs never end, so all returns are
 * r_step / (1 − γ), as in Cal-QL for sparse rewards (Nakamoto et al. 2023).
 */
export interface ReturnInput {
  /** [T] */
  readonly reward: Float32Array;
  /** [T] 1 for a human-driven step */
  readonly human: Uint8Array;
  readonly success: boolean;
  readonly rewardPerStep: number;
  readonly discount: number;
  /** [T] written: the returns */
  readonly whole: Float32Array;
  /** [T] written: the same, but −Infinity before a person's rescue, for which the policy gets no credit. */
  readonly cut: Float32Array;
}

export function writeReturns(input: ReturnInput): void {
  const { reward, human, success, rewardPerStep, discount, whole, cut } = input;
  const lowest = rewardPerStep / (1 - discount);
  let following = 0;
  let rescued = false;
  for (let index = reward.length - 1; index >= 0; index--) {
    following = success ? (reward[index] ?? 0) + discount * following : lowest;
    whole[index] = following;
    const byPerson = human[index] === 1;
    cut[index] = rescued && !byPerson ? Number.NEGATIVE_INFINITY : following;
    rescued ||= byPerson;
  }
}
