/**
 * A newer policy is a candidate. Pure: published policies and ended episodes in, who drives next out.
 *
 * A published policy takes the next episode on trial. While a run publishes every few seconds each one is newer than the last,
 * and newer than the one that drives, so a trial belongs to the line of candidates since the last good policy, not to one set
 * of weights: after TRIAL_EPISODES counted episodes the newest of the line is good. It is reverted to the good one as soon as its last ten episodes cannot
 * but fall by more than 30 points of unaided success against the good policy's last ten, on a number that is not one, and when
 * more than a fifth of its action components saturated over an episode. After a revert the run that made it is ignored until
 * somebody uses one of its policies by name, or a new run publishes.
 */
import { parsePolicyName } from '../../api/policy.ts';

export const TRIAL_EPISODES = 10;
const MAX_FALL = 0.3;
const MAX_SATURATION = 0.2;
/** Fewer actions than this say nothing about saturation. */
const MIN_ACTIONS = 10;

export interface Solved {
  readonly episodeId: number;
  /** A success that nobody helped with. */
  readonly unaided: boolean;
}

export interface CandidateState {
  readonly good: string;
  /** The good policy's newest episodes, oldest first, at most TRIAL_EPISODES. */
  readonly goodRecord: readonly Solved[];
  /** The newest of its line. */
  readonly candidate: string | undefined;
  /** Runs that have published since the last good policy. */
  readonly line: readonly string[];
  readonly trial: readonly Solved[];
  /** The run whose policies are not taken any more. */
  readonly ignoredRun: string | undefined;
}

export interface EpisodeEvidence {
  readonly episodeId: number;
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
  return { good: policy, goodRecord: [], candidate: undefined, line: [], trial: [], ignoredRun: undefined };
}

export function policyInUse(state: CandidateState): string {
  return state.candidate ?? state.good;
}

/** The id of the run that published a policy, as text; for any other policy its own name. */
export function runOf(policy: string): string {
  return String(parsePolicyName(policy)?.runId ?? policy);
}

export function published(state: CandidateState, policy: string): CandidateState {
  if (runOf(policy) === state.ignoredRun || policy === state.good) return state;
  const run = runOf(policy);
  const line = state.line.includes(run) ? state.line : [...state.line, run];
  return { ...state, candidate: policy, line, ignoredRun: undefined };
}

/** Whether what `policy` does counts for the trial: it, or one published before it in the line, may still be the one that drives. */
export function isOnTrial(state: CandidateState, policy: string): boolean {
  return state.candidate !== undefined && policy !== state.good && state.line.includes(runOf(policy));
}

/** Somebody chose it by name: no trial. */
export function used(_state: CandidateState, policy: string): CandidateState {
  return startWith(policy);
}

export function reverted(state: CandidateState, because: string): CandidateStep {
  if (state.candidate === undefined) return { state, reverted: undefined, promoted: undefined, because: undefined };
  return {
    state: { ...state, candidate: undefined, line: [], trial: [], ignoredRun: runOf(state.candidate) },
    reverted: state.candidate,
    promoted: undefined,
    because,
  };
}

/**
 * Sets aside a candidate that could not be loaded for a reason outside its own files. The good policy drives on, and
 * the next policy that its run publishes is tried.
 */
export function setAside(state: CandidateState): CandidateState {
  return { ...state, candidate: undefined, line: [], trial: [] };
}

export function episodeEnded(state: CandidateState, evidence: EpisodeEvidence): CandidateStep {
  const nothing = (next: CandidateState): CandidateStep => ({
    state: next,
    reverted: undefined,
    promoted: undefined,
    because: undefined,
  });
  const solved: Solved = { episodeId: evidence.episodeId, unaided: evidence.unaidedSuccess };
  if (evidence.policy === state.good) return nothing({ ...state, goodRecord: newest([...state.goodRecord, solved]) });
  if (state.candidate === undefined || !isOnTrial(state, evidence.policy)) return nothing(state);
  if (evidence.proposals >= MIN_ACTIONS && evidence.saturation > MAX_SATURATION)
    return reverted(
      state,
      `${percent(evidence.saturation)} of its action components were at their limit; more than 20 % is a policy that has left its data`,
    );
  const trial = newest([...state.trial, solved]);
  if (state.goodRecord.length > 0) {
    const before = rate(state.goodRecord);
    const solvedOnTrial = successes(trial);
    const best = (solvedOnTrial + TRIAL_EPISODES - trial.length) / TRIAL_EPISODES;
    if (before - best > MAX_FALL + 1e-9)
      return reverted(
        state,
        `it solved ${solvedOnTrial} of ${trial.length} without help, ${state.good} before it ${percent(before)}: a fall of more than 30 points`,
      );
  }
  if (trial.length < TRIAL_EPISODES) return nothing({ ...state, trial });
  const promoted = state.candidate;
  return {
    state: { good: promoted, goodRecord: trial, candidate: undefined, line: [], trial: [], ignoredRun: undefined },
    reverted: undefined,
    promoted,
    because: `${TRIAL_EPISODES} episodes on trial`,
  };
}

/** A person has judged an ended episode anew, discarded it or brought it back: it counts as it stands now; undefined = not at all. */
export function corrected(state: CandidateState, episodeId: number, unaided: boolean | undefined): CandidateState {
  const known = [...state.goodRecord, ...state.trial].some((one) => one.episodeId === episodeId);
  if (!known) return state;
  const again = (record: readonly Solved[]) =>
    record.flatMap((one) =>
      one.episodeId !== episodeId ? [one] : unaided === undefined ? [] : [{ episodeId, unaided }],
    );
  return { ...state, goodRecord: again(state.goodRecord), trial: again(state.trial) };
}

const newest = (record: readonly Solved[]) => record.slice(-TRIAL_EPISODES);
const successes = (record: readonly Solved[]) => record.filter(({ unaided }) => unaided).length;
const rate = (record: readonly Solved[]) => successes(record) / record.length;
const percent = (share: number) => `${Math.round(100 * share)} %`;
