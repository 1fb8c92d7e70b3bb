/**
 * The trial of a newer policy, as pure functions.
 *
 * A published policy takes the next episode on trial. A run publishes every few seconds, so a trial belongs to the
 * line of candidates since the last good policy and not to one set of weights. After TRIAL_EPISODES counted episodes
 * the newest of the line is good.
 *
 * A candidate is reverted once its unaided success can only end more than 30 points below the good policy's. It is also
 * reverted when it proposes NaN, or when over a fifth of its action components saturate in an episode. The run
 * that made it is then ignored until a person uses one of its policies by name, or another run publishes.
 */
import { parsePolicyName } from '../../api/policy.ts';

const TRIAL_EPISODES = 10;
const MAX_FALL = 0.3;
const MAX_SATURATION = 0.2;
/** Smallest number of actions from which saturation is judged. */
const MIN_ACTIONS = 10;

export interface Solved {
  readonly episodeId: number;
  /** True for a success without help. */
  readonly unaided: boolean;
}

export interface CandidateState {
  readonly good: string;
  /** The good policy's newest episodes, oldest first, at most TRIAL_EPISODES. */
  readonly goodRecord: readonly Solved[];
  /** The newest policy of the line on trial. */
  readonly candidate: string | undefined;
  /** Runs that have published since the last good policy. */
  readonly line: readonly string[];
  readonly trial: readonly Solved[];
  /** The run whose policies are not tried any more. */
  readonly ignoredRun: string | undefined;
}

export interface EpisodeEvidence {
  readonly episodeId: number;
  readonly policy: string;
  readonly unaidedSuccess: boolean;
  /** Mean share of saturated components over the policy's proposals. */
  readonly saturation: number;
  /** Number of the policy's proposals. */
  readonly proposals: number;
}

export interface CandidateStep {
  readonly state: CandidateState;
  readonly reverted: string | undefined;
  readonly promoted: string | undefined;
  /** Reason for a revert or a promotion, for people. */
  readonly because: string | undefined;
}

/** A step that neither reverts nor promotes a policy. */
const unchanged = (state: CandidateState): CandidateStep => ({
  state,
  reverted: undefined,
  promoted: undefined,
  because: undefined,
});

export function startWith(policy: string): CandidateState {
  return { good: policy, goodRecord: [], candidate: undefined, line: [], trial: [], ignoredRun: undefined };
}

export function policyInUse(state: CandidateState): string {
  return state.candidate ?? state.good;
}

/** Returns the id of the run that published a policy, as text; a policy without a run is its own. */
function runOf(policy: string): string {
  return String(parsePolicyName(policy)?.runId ?? policy);
}

export function published(state: CandidateState, policy: string): CandidateState {
  if (runOf(policy) === state.ignoredRun || policy === state.good) return state;
  const run = runOf(policy);
  const line = state.line.includes(run) ? state.line : [...state.line, run];
  return { ...state, candidate: policy, line, ignoredRun: undefined };
}

/** Returns true when the episodes of `policy` count for the trial. An older policy of the line may still drive. */
export function isOnTrial(state: CandidateState, policy: string): boolean {
  return state.candidate !== undefined && policy !== state.good && state.line.includes(runOf(policy));
}

export function reverted(state: CandidateState, because: string): CandidateStep {
  if (state.candidate === undefined) return unchanged(state);
  const next = { ...setAside(state), ignoredRun: runOf(state.candidate) };
  return { state: next, reverted: state.candidate, promoted: undefined, because };
}

/**
 * Sets aside a candidate that could not be loaded for a reason outside its own files. The good policy drives on, and
 * the next policy that its run publishes is tried.
 */
export function setAside(state: CandidateState): CandidateState {
  return { ...state, candidate: undefined, line: [], trial: [] };
}

export function episodeEnded(state: CandidateState, evidence: EpisodeEvidence): CandidateStep {
  const solved: Solved = { episodeId: evidence.episodeId, unaided: evidence.unaidedSuccess };
  if (evidence.policy === state.good) return unchanged({ ...state, goodRecord: newest([...state.goodRecord, solved]) });
  if (state.candidate === undefined || !isOnTrial(state, evidence.policy)) return unchanged(state);
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
  if (trial.length < TRIAL_EPISODES) return unchanged({ ...state, trial });
  const promoted = state.candidate;
  const next = { ...startWith(promoted), goodRecord: trial };
  return { state: next, reverted: undefined, promoted, because: `${TRIAL_EPISODES} episodes on trial` };
}

/**
 * Counts an ended episode anew after a person judged it again, discarded it or brought it back. `unaided` is
 * `undefined` when it no longer counts.
 */
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
