/**
 * Monte-Carlo returns of one episode: G_t = r_t + γ·G_{t+1}. An episode without success never ends its costs, so all its
 * returns are r_step / (1 − γ), as Cal-QL has it for sparse rewards (Nakamoto et al. 2023).
 */
export interface ReturnInput {
  /** [T] */
  readonly reward: Float32Array;
  /** [T] 1 = human-driven */
  readonly human: Uint8Array;
  readonly success: boolean;
  readonly rewardPerStep: number;
  readonly discount: number;
  /** [T] written */
  readonly whole: Float32Array;
  /** [T] written: −Infinity for a step that is not the person's and after which a person drove, so no credit for the rescue. */
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
