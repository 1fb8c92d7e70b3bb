/**
 * Monte-Carlo returns of one episode: G_t = r_t + γ·mask_t·G_{t+1}. Without a success the costs never end: a failure pays the
 * return of never succeeding (`neverSucceeding` in `data/rules.ts`) at its last step, and a time-out goes on with the same cost.
 */
export interface ReturnInput {
  /** [T] */
  readonly reward: Float32Array;
  /** [T] 1 for a human-driven step */
  readonly human: Uint8Array;
  readonly success: boolean;
  /** Return of the last step without a success. */
  readonly neverSucceeding: number;
  readonly discount: number;
  /** [T] written: the returns */
  readonly whole: Float32Array;
  /** [T] written: the same, but −Infinity before a person's rescue, for which the policy gets no credit. */
  readonly cut: Float32Array;
}

export function writeReturns(input: ReturnInput): void {
  const { reward, human, success, neverSucceeding, discount, whole, cut } = input;
  let following = 0;
  let rescued = false;
  for (let index = reward.length - 1; index >= 0; index--) {
    const isLast = index === reward.length - 1;
    following = isLast && !success ? neverSucceeding : (reward[index] ?? 0) + discount * following;
    whole[index] = following;
    const byPerson = human[index] === 1;
    cut[index] = rescued && !byPerson ? Number.NEGATIVE_INFINITY : following;
    rescued ||= byPerson;
  }
}
