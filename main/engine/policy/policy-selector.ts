/**
 * Selects the policy that drives next: keeps the trial of a candidate (`candidate.ts`), knows where manifests lie, and
 * loads between episodes. Each task has a trial of its own, because a policy drives in one task only.
 */
import type { EpisodeSummary } from '../../api/episode.ts';
import type { TaskId } from '../../api/task.ts';
import type { ProposalCount } from '../loop/loop-types.ts';
import { counts, isUnaidedSuccess } from '../recording/statistics.ts';
import { type Answer, done, type PolicyShelf, refused } from '../services.ts';
import * as candidates from './candidate.ts';
import type { LoadReply, PolicySource } from './policy-source.ts';

/** Number of attempts to load a policy into a process that ends meanwhile. */
const LOAD_ATTEMPTS = 3;

interface PolicySelectorOptions {
  readonly policy: PolicySource;
  readonly shelf: PolicyShelf | undefined;
  /** Returns the task that is chosen. */
  readonly task: () => TaskId;
  readonly notice: (level: 'info' | 'warning', text: string) => void;
  /** Called when the policy or its trial has changed. */
  readonly changed: () => void;
  /** Called with the acting noise of a policy that was loaded. */
  readonly onActingNoise: (std: number) => void;
}

export type PolicySelector = ReturnType<typeof createPolicySelector>;

export function createPolicySelector(options: PolicySelectorOptions) {
  const { policy, task, changed } = options;
  const trial = createTrial(options);
  const { manifestPaths, ...loader } = createLoader(options, trial);
  return {
    state: () => trial.state(),
    /** Name of the loaded policy; `undefined` when it is for another task than the one that is chosen. */
    name: loader.name,
    /** Call it when another task was chosen, before `loadInUse`. A task that was chosen before goes on where it was. */
    taskChosen: loader.beginTask,
    /** True when the policy that is loaded now is on trial. */
    onTrial: () => trial.includes(policy.name()),
    /** Loads the first policy, which is good until another proves better. Returns its acting noise. */
    loadFirst: async (manifestPath: string) => {
      const reply = await policy.load(manifestPath);
      if (reply.kind === 'refused') return refused(reply.message, reply.remedy);
      manifestPaths.set(reply.name, manifestPath);
      loader.loaded();
      trial.startWith(task(), reply.name);
      return done({ actingNoiseStd: reply.actingNoiseStd });
    },
    /** Puts a newly published policy on trial in its task. In a task that was not chosen yet, the shelf keeps it. */
    publish: (name: string, manifestPath: string, forTask: TaskId) => {
      if (forTask !== task() && !trial.state(forTask)) return;
      manifestPaths.set(name, manifestPath);
      trial.publish(forTask, name);
      changed();
    },
    /** Chooses a policy by name, without a trial. */
    use: (name: string, manifestPath: string) => {
      manifestPaths.set(name, manifestPath);
      trial.startWith(task(), name);
      changed();
    },
    /** Loads the policy that is due. Call it only between episodes. */
    loadInUse: loader.loadInUse,
    revert: (because: string) => {
      const state = trial.state();
      if (!state) return refused('There is no policy to go back to.', 'Load one first.');
      if (state.candidate === undefined)
        return refused(`${state.good} is no candidate: there is nothing to revert.`, 'Choose another policy by name.');
      trial.revert(because);
      return done({ policy: state.good });
    },
    revertIfCandidate: (name: string, because: string) => {
      if (trial.includes(name)) trial.revert(because);
    },
    episodeEnded: trial.episodeEnded,
    /** Counts an ended episode anew after it was judged again, discarded or brought back. */
    episodeChanged: trial.episodeChanged,
    /** Returns the reason why the policy that is loaded must not drive; `undefined` when it may. */
    refusal: () => {
      const state = trial.state();
      const loaded = policy.name();
      if (!state || loaded === undefined || loaded === state.good || trial.includes(loaded)) return undefined;
      return {
        message: `${loaded} is not to drive any more, and ${candidates.policyInUse(state)} is not loaded.`,
        remedy: 'Choose a policy.',
      };
    },
  };
}

/** Loads what the trial says, and remembers for which task that was. */
function createLoader(options: PolicySelectorOptions, trial: Trial) {
  const { policy, shelf, task, changed } = options;
  const manifestPaths = new Map<string, string>();
  /** The task that the loaded policy was loaded for. A script, which is never loaded, serves every task. */
  let loadedFor: TaskId | 'every task' | undefined = 'every task';
  const loadInUse = async (): Promise<Answer<undefined>> => {
    const state = trial.state();
    if (!state) return done(undefined);
    const chosen = task();
    const wanted = candidates.policyInUse(state);
    if (wanted === policy.name() && loadedFor === chosen) return done(undefined);
    // While another task's policy is replaced none may drive, because the process changes it at some moment.
    if (loadedFor !== chosen) loadedFor = undefined;
    const path = manifestPaths.get(wanted) ?? (await shelf?.find(wanted))?.manifestPath;
    const reply = path === undefined ? undefined : await loadPatiently(policy, path);
    if (reply?.kind === 'loaded') loadedFor = chosen;
    if (task() !== chosen) return loadInUse();
    if (reply?.kind === 'loaded') {
      options.onActingNoise(reply.actingNoiseStd);
      changed();
      return done(undefined);
    }
    const why = reply?.message ?? 'its manifest is not in the project';
    const isItsOwnFault = reply?.fault !== 'process';
    if (trial.state()?.candidate === wanted) {
      if (isItsOwnFault) trial.revert(why);
      else trial.setAside(why);
      return loadInUse();
    }
    return isItsOwnFault
      ? refused(`Policy ${wanted} cannot be used: ${why}`, reply?.remedy ?? 'Choose another policy.')
      : refused(`Policy ${wanted} could not be loaded: ${why}`, reply.remedy);
  };

  /** Chooses what drives first in a task that was not chosen before: its newest policy on trial, or its starter. */
  const beginTask = async (): Promise<void> => {
    const begun = task();
    if (trial.state(begun)) return;
    const opening = await shelf?.openingFor(begun);
    const good = opening?.starter ?? opening?.newest;
    if (!opening || !good || trial.state(begun)) return;
    for (const { name, manifestPath } of [good, opening.newest ?? good]) manifestPaths.set(name, manifestPath);
    trial.startWith(begun, good.name);
    if (opening.newest) trial.publish(begun, opening.newest.name);
    changed();
  };
  return {
    manifestPaths,
    loadInUse,
    beginTask,
    name: () => (loadedFor === 'every task' || loadedFor === task() ? policy.name() : undefined),
    /** Notes that the policy in the process was loaded for the task that is chosen. */
    loaded: () => {
      loadedFor = task();
    },
  };
}

/** Retries a load, because the client restarts a process that ends while it loads, later each time. */
async function loadPatiently(policy: PolicySource, path: string): Promise<LoadReply> {
  for (let attempt = 1; ; attempt++) {
    const reply = await policy.load(path);
    if (reply.kind === 'loaded' || reply.fault === 'policy' || attempt === LOAD_ATTEMPTS) return reply;
  }
}

type Trial = ReturnType<typeof createTrial>;

/** Holds the state of each task's trial. Tells people when a candidate passes it or is reverted. */
function createTrial({ notice, changed, task }: Pick<PolicySelectorOptions, 'notice' | 'changed' | 'task'>) {
  const states = new Map<TaskId, candidates.CandidateState>();
  const stateOf = (of: TaskId = task()) => states.get(of);
  const tellReverted = ({ state: { good }, reverted, because }: candidates.CandidateStep) => {
    if (reverted) notice('warning', `${reverted} was reverted to ${good}: ${because}.`);
  };
  return {
    /** State of a task's trial; without an argument, of the task that is chosen. */
    state: stateOf,
    includes: (name: string | undefined) => {
      const state = stateOf();
      return state !== undefined && name !== undefined && candidates.isOnTrial(state, name);
    },
    startWith: (of: TaskId, name: string) => {
      states.set(of, candidates.startWith(name));
    },
    publish: (of: TaskId, name: string) => {
      const state = stateOf(of);
      states.set(of, state ? candidates.published(state, name) : candidates.startWith(name));
    },
    revert: (because: string) => {
      const state = stateOf();
      if (!state) return;
      const step = candidates.reverted(state, because);
      states.set(task(), step.state);
      tellReverted(step);
      changed();
    },
    setAside: (why: string) => {
      const state = stateOf();
      if (state?.candidate === undefined) return;
      notice('warning', `${state.candidate} could not be tried, and ${state.good} drives on: ${why}`);
      states.set(task(), candidates.setAside(state));
      changed();
    },
    episodeEnded: (episode: EpisodeSummary, proposals: ProposalCount) => {
      const state = stateOf(episode.task);
      if (!state || episode.policy === undefined || !counts(episode)) return;
      const step = candidates.episodeEnded(state, {
        episodeId: episode.id,
        policy: episode.policy,
        unaidedSuccess: isUnaidedSuccess(episode),
        ...proposals,
      });
      states.set(episode.task, step.state);
      tellReverted(step);
      if (step.promoted) notice('info', `${step.promoted} passed its trial and is the policy now.`);
    },
    episodeChanged: (episode: EpisodeSummary) => {
      const state = stateOf(episode.task);
      if (!state) return;
      const unaided = counts(episode) ? isUnaidedSuccess(episode) : undefined;
      states.set(episode.task, candidates.corrected(state, episode.id, unaided));
    },
  };
}
