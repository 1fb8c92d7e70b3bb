/** Which policy drives next: keeps the candidate's books (`candidate.ts`), knows where manifests lie, and loads between episodes. */
import type { EpisodeSummary } from '../../api/episode.ts';
import type { ProposalCount, Refusal } from '../loop/loop-types.ts';
import { counts, isUnaidedSuccess } from '../recording/statistics.ts';
import { type Answer, done, type PolicyShelf, refused } from '../services.ts';
import * as candidates from './candidate.ts';
import type { LoadReply, PolicySource } from './policy-source.ts';

/** Number of attempts to load a policy into a process that ends meanwhile. */
const LOAD_ATTEMPTS = 3;

export interface PolicySelector {
  state(): candidates.CandidateState | undefined;
  /** The policy that is loaded now is on trial. */
  onTrial(): boolean;
  /** The first one; it is good until another proves better. Answers its acting noise. */
  loadFirst(manifestPath: string): Promise<Answer<{ readonly actingNoiseStd: number }>>;
  publish(name: string, manifestPath: string): void;
  /** Chosen by name: no trial. */
  use(name: string, manifestPath: string): void;
  /** Loads whoever is due. Only between episodes. */
  loadInUse(): Promise<Answer<undefined>>;
  revert(because: string): Answer<{ readonly policy: string }>;
  revertIfCandidate(name: string, because: string): void;
  episodeEnded(episode: EpisodeSummary, proposals: ProposalCount): void;
  /** An ended episode is not what it was: judged anew, discarded, brought back. */
  episodeChanged(episode: EpisodeSummary): void;
  /** Why the policy that is loaded must not drive; undefined = it may. */
  refusal(): Refusal | undefined;
}

export function createPolicySelector(options: {
  readonly policy: PolicySource;
  readonly shelf: PolicyShelf | undefined;
  readonly notice: (level: 'info' | 'warning', text: string) => void;
  /** Policy or trial changed; an acting noise that came with a policy. */
  readonly changed: () => void;
  readonly onActingNoise: (std: number) => void;
}): PolicySelector {
  const { policy, shelf, notice, changed } = options;
  const manifestPaths = new Map<string, string>();
  let state: candidates.CandidateState | undefined;

  const revert = (because: string) => {
    if (!state) return;
    const step = candidates.reverted(state, because);
    state = step.state;
    if (step.reverted) notice('warning', `${step.reverted} was reverted to ${state.good}: ${because}.`);
    changed();
  };

  /** Retries a load, because the client restarts a process that ends while it loads, later each time. */
  const loadPatiently = async (path: string): Promise<LoadReply> => {
    for (let attempt = 1; ; attempt++) {
      const reply = await policy.load(path);
      if (reply.kind === 'loaded' || reply.fault === 'policy' || attempt === LOAD_ATTEMPTS) return reply;
    }
  };

  const loadInUse = async (): Promise<Answer<undefined>> => {
    if (!state) return done(undefined);
    const wanted = candidates.policyInUse(state);
    if (wanted === policy.name()) return done(undefined);
    const path = manifestPaths.get(wanted) ?? (await shelf?.manifestPath(wanted));
    const reply = path === undefined ? undefined : await loadPatiently(path);
    if (reply?.kind === 'loaded') {
      options.onActingNoise(reply.actingNoiseStd);
      changed();
      return done(undefined);
    }
    const why = reply?.message ?? 'its manifest is not in the project';
    const isItsOwnFault = reply?.fault !== 'process';
    if (state.candidate === wanted) {
      if (isItsOwnFault) revert(why);
      else {
        state = candidates.setAside(state);
        notice('warning', `${wanted} could not be tried, and ${state.good} drives on: ${why}`);
        changed();
      }
      return loadInUse();
    }
    return isItsOwnFault
      ? refused(`Policy ${wanted} cannot be used: ${why}`, reply?.remedy ?? 'Choose another policy.')
      : refused(`Policy ${wanted} could not be loaded: ${why}`, reply.remedy);
  };

  return {
    state: () => state,
    onTrial: () => {
      const name = policy.name();
      return state !== undefined && name !== undefined && candidates.isOnTrial(state, name);
    },
    loadFirst: async (manifestPath) => {
      const reply = await policy.load(manifestPath);
      if (reply.kind === 'refused') return refused(reply.message, reply.remedy);
      manifestPaths.set(reply.name, manifestPath);
      state = candidates.startWith(reply.name);
      return done({ actingNoiseStd: reply.actingNoiseStd });
    },
    publish: (name, manifestPath) => {
      manifestPaths.set(name, manifestPath);
      state = state ? candidates.published(state, name) : candidates.startWith(name);
      changed();
    },
    use: (name, manifestPath) => {
      manifestPaths.set(name, manifestPath);
      state = state ? candidates.used(state, name) : candidates.startWith(name);
      changed();
    },
    loadInUse,
    revert: (because) => {
      if (!state) return refused('There is no policy to go back to.', 'Load one first.');
      if (state.candidate === undefined)
        return refused(`${state.good} is no candidate: there is nothing to revert.`, 'Choose another policy by name.');
      revert(because);
      return done({ policy: state.good });
    },
    revertIfCandidate: (name, because) => {
      if (state && candidates.isOnTrial(state, name)) revert(because);
    },
    episodeEnded: (episode, proposals) => {
      if (!state || episode.policy === undefined || !counts(episode)) return;
      const step = candidates.episodeEnded(state, {
        episodeId: episode.id,
        policy: episode.policy,
        unaidedSuccess: isUnaidedSuccess(episode),
        ...proposals,
      });
      state = step.state;
      if (step.reverted) notice('warning', `${step.reverted} was reverted to ${state.good}: ${step.because}.`);
      if (step.promoted) notice('info', `${step.promoted} passed its trial and is the policy now.`);
    },
    episodeChanged: (episode) => {
      if (state)
        state = candidates.corrected(state, episode.id, counts(episode) ? isUnaidedSuccess(episode) : undefined);
    },
    refusal: () => {
      const loaded = policy.name();
      if (!state || loaded === undefined) return undefined;
      if (loaded === state.good || candidates.isOnTrial(state, loaded)) return undefined;
      return {
        message: `${loaded} is not to drive any more, and ${candidates.policyInUse(state)} is not loaded.`,
        remedy: 'Choose a policy.',
      };
    },
  };
}
