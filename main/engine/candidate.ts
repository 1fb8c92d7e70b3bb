/**
 * A newer policy is a candidate. Pure: published policies and ended episodes in, who drives next out.
 *
 * A published policy takes the next episode on trial. While a run publishes every few seconds each one is newer than the last,
 * so a trial belongs to the line of candidates since the last good policy, not to one set of weights: after TRIAL_EPISODES
 * counted episodes the newest of the line is good. It is reverted to the good one as soon as its last ten episodes cannot
 * but fall by more than 30 points of unaided success against the good policy's last ten, on a number that is not one, and when
 * more than a fifth of its action components saturated over an episode. After a revert the run that made it is ignored until
 * somebody uses one of its policies by name, or a new run publishes.
 */
export const TRIAL_EPISODES = 10;
const MAX_FALL = 0.3;
const MAX_SATURATION = 0.2;
/** Fewer actions than this say nothing about saturation. */
const MIN_ACTIONS = 10;

export interface CandidateState {
  readonly good: string;
  /** Unaided successes of the good policy's newest episodes, oldest first, at most TRIAL_EPISODES. */
  readonly goodRecord: readonly boolean[];
  readonly candidate: string | undefined;
  readonly trial: readonly boolean[];
  /** The run whose policies are not taken any more. */
  readonly ignoredRun: string | undefined;
}

export interface EpisodeEvidence {
  readonly policy: string;
  readonly unaidedSuccess: boolean;
  /** Mean share of saturated components over the policy's proposals, and how many proposals. */
  readonly saturation: number;
  readonly proposals: number;
}

export interface CandidateStep {
  readonly state: CandidateState;
  readonly reverted: string | undefined;
  readonly promoted: string | undefined;
  /** In words, when something changed. */
  readonly because: string | undefined;
}

export function startWith(policy: string): CandidateState {
  return { good: policy, goodRecord: [], candidate: undefined, trial: [], ignoredRun: undefined };
}

export function policyInUse(state: CandidateState): string {
  return state.candidate ?? state.good;
}

/** `run-3/1200` belongs to run-3; a policy without a run is its own. */
export function runOf(policy: string): string {
  return policy.split('/')[0] ?? policy;
}

export function published(state: CandidateState, policy: string): CandidateState {
  if (runOf(policy) === state.ignoredRun || policy === state.good) return state;
  return { ...state, candidate: policy, ignoredRun: undefined };
}

/** Somebody chose it by name: no trial. */
export function used(_state: CandidateState, policy: string): CandidateState {
  return startWith(policy);
}

export function reverted(state: CandidateState, because: string): CandidateStep {
  if (state.candidate === undefined) return { state, reverted: undefined, promoted: undefined, because: undefined };
  return {
    state: { ...state, candidate: undefined, trial: [], ignoredRun: runOf(state.candidate) },
    reverted: state.candidate,
    promoted: undefined,
    because,
  };
}

export function episodeEnded(state: CandidateState, evidence: EpisodeEvidence): CandidateStep {
  const nothing = (next: CandidateState): CandidateStep => ({
    state: next,
    reverted: undefined,
    promoted: undefined,
    because: undefined,
  });
  if (evidence.policy === state.good)
    return nothing({ ...state, goodRecord: newest([...state.goodRecord, evidence.unaidedSuccess]) });
  if (evidence.policy !== state.candidate) return nothing(state);
  if (evidence.proposals >= MIN_ACTIONS && evidence.saturation > MAX_SATURATION)
    return reverted(
      state,
      `${percent(evidence.saturation)} of its action components were at their limit; more than 20 % is a policy that has left its data`,
    );
  const trial = newest([...state.trial, evidence.unaidedSuccess]);
  if (state.goodRecord.length > 0) {
    const before = rate(state.goodRecord);
    const best = (trial.filter(Boolean).length + TRIAL_EPISODES - trial.length) / TRIAL_EPISODES;
    if (before - best > MAX_FALL + 1e-9)
      return reverted(
        state,
        `it solved ${trial.filter(Boolean).length} of ${trial.length} without help, ${state.good} before it ${percent(before)}: a fall of more than 30 points`,
      );
  }
  if (trial.length < TRIAL_EPISODES) return nothing({ ...state, trial });
  const promoted = state.candidate;
  return {
    state: { good: promoted, goodRecord: trial, candidate: undefined, trial: [], ignoredRun: undefined },
    reverted: undefined,
    promoted,
    because: `${TRIAL_EPISODES} episodes on trial`,
  };
}

const newest = (record: readonly boolean[]) => record.slice(-TRIAL_EPISODES);
const rate = (record: readonly boolean[]) => record.filter(Boolean).length / record.length;
const percent = (share: number) => `${Math.round(100 * share)} %`;
