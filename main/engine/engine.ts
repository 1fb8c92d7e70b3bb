/**
 * The engine: control loop, recorder, policies and services in one object, the same headless and live. It opens no
 * database and loads no model itself. Drivers, clocks and services are given to it (`main.ts` chooses them for a
 * desktop).
 */
import type { SetPoint, Snapshot } from '../../native/device.ts';
import { systemClock } from '../api/clock.ts';
import type { EpisodeSummary, Phase } from '../api/episode.ts';
import type { OutgoingMessage } from '../api/window/messages.ts';
import { openEngine } from './engine-opening.ts';
import { rigOf, sendRig, statusOf } from './engine-status.ts';
import type { Engine, EngineOptions, EngineParts } from './engine-types.ts';
import { endEpisode, loadPolicyInUse, prepareNextEpisode, resume, startIfDue } from './episode-flow.ts';
import { createListeners } from './listeners.ts';
import { createLiveRun } from './live-run.ts';
import { createControlLoop } from './loop/control-loop.ts';
import { FAULTS } from './loop/faults.ts';
import { guardCell } from './loop/guarded-cell.ts';
import type { LoopEvents } from './loop/loop-types.ts';
import { createPolicySelector } from './policy/policy-selector.ts';
import { noPolicy } from './policy/policy-source.ts';
import { createSuccessJudge } from './policy/success-judge.ts';
import { createEpisodeRecorder } from './recording/episode-recorder.ts';
import { createEpisodeReview } from './recording/episode-review.ts';
import { createStoreMeter } from './recording/store-meter.ts';
import { done, refused } from './services.ts';
import { createSettings } from './settings.ts';
import { createStandingNotices } from './standing-notices.ts';
import { chooseTask, createTaskChoice } from './task-choice.ts';

export type { Engine, EngineOptions } from './engine-types.ts';

type PolicyCalls = Pick<
  Engine,
  'usePolicy' | 'publish' | 'chooseClassifier' | 'loadPolicyInUse' | 'revertPolicy' | 'candidate'
>;

/** How long the notice of a missed deadline stays, unless another deadline is missed. */
const DEADLINE_NOTICE_MS = 5000;

export function createEngine(given: EngineOptions): Engine {
  const parts = createParts(given);
  const { options, task, loop, recorder, supervision, success, policy, episodes } = parts;
  const { settings, notices, run, messages, changes } = parts;
  const subscriptions: (() => void)[] = [];
  let newestSnapshot: Snapshot | undefined;
  parts.snapshots.add((snapshot) => {
    newestSnapshot = snapshot;
  });
  return {
    options,
    loop,
    recorder,
    supervision,
    success,
    open: () => openEngine(parts, subscriptions),
    run: run.start,
    close: async () => {
      await run.close();
      for (const unsubscribe of subscriptions.splice(0)) unsubscribe();
      loop.dispose();
      await policy.close();
      await options.puck.close();
      await options.cell.close();
    },
    status: () => statusOf(parts),
    rig: () => rigOf(parts),
    takeover: () => settings.inForce.takeover,
    newestSnapshot: () => newestSnapshot,
    onMessage: messages.add,
    onChanged: changes.add,
    onSnapshot: parts.snapshots.add,
    windowsChanged: (windows) => {
      supervision.windows = windows;
      if (windows === 0 && !supervision.unattended && loop.phase() === 'running')
        loop.fault(FAULTS.alarm({ kind: 'unwatched', silentMs: 0 }, 0));
      startIfDue(parts);
    },
    ...policyCalls(parts),
    resume: () => resume(parts),
    verdict: episodes.verdict,
    discard: episodes.discard,
    undo: episodes.undo,
    endEpisode: () => endEpisode(parts),
    gripper: (command) => {
      if (!task.current().actionMask.at(-1)) return refused('This task leaves the gripper alone.', 'Go on without it.');
      if (loop.driver() !== 'human') return refused('The gripper follows you while you drive.', 'Take over first.');
      loop.gripper(command);
      return done(undefined);
    },
    setMode: (mode) => {
      const refusal = loop.setMode(mode);
      if (refusal) return refused(refusal, 'Press R again when the episode has ended.');
      changes.tell();
      return done(undefined);
    },
    chooseTask: (next) => chooseTask(parts, next),
    change: (next) => {
      settings.change(next);
      if (next.autoStart !== undefined) startIfDue(parts);
      sendRig(parts);
      changes.tell();
      const stored = settings.store(next);
      if (next.success) notices.over('judge');
      notices.sayRefusal('settings', 'warning', stored);
    },
  };
}

function createParts(given: EngineOptions): EngineParts {
  const cell = guardCell(given.cell, (error) => parts.loop.fault(FAULTS.robot(error)));
  const options: EngineOptions = { ...given, cell };
  const { writer, reader, classifiers, shelf, hostClock = systemClock } = options;
  const task = createTaskChoice(options.task ?? 'insert');
  const policy = options.policy ?? noPolicy();
  const messages = createListeners<OutgoingMessage>();
  const changes = createListeners<void>();
  const changed = () => changes.tell();
  /** Sends an event once to the open windows. A lasting condition is a standing notice or the fault. */
  const notice = (level: 'info' | 'warning' | 'error', text: string, remedy?: string) =>
    messages.tell({ kind: 'notice', level, text, remedy });
  const settings = createSettings(cell, options, task.current().id);
  const recorder = createEpisodeRecorder(writer, options.hostClock);
  const onActingNoise = (std: number) => {
    if (settings.adoptActingNoise(std)) sendRig(parts);
  };
  const policies = createPolicySelector({
    policy,
    shelf,
    task: () => task.current().id,
    notice,
    changed,
    onActingNoise,
  });
  const loop = () => parts.loop;
  const tell = (episode: EpisodeSummary) => {
    policies.episodeChanged(episode);
    messages.tell({ kind: 'episode', episode });
  };
  const success = createSuccessJudge({
    policy,
    writer,
    classifiers,
    settings: () => settings.inForce.success,
    phase: () => loop().phase(),
    newest: () => {
      const open = loop().episodeOpen() ? recorder.summary() : undefined;
      return open && { episodeId: open.id, index: open.steps };
    },
  });
  const withoutLoop = {
    options,
    task,
    policy,
    messages,
    changes,
    snapshots: createListeners<Snapshot>(),
    supervision: {
      heartbeatMs: undefined,
      watchedMs: undefined,
      windows: 0,
      unattended: options.headless === true || options.unattended === true,
    },
    settings,
    notices: createStandingNotices(cell.clock, changed),
    recorder,
    storeMeter: createStoreMeter(hostClock, writer),
    policies,
    episodes: createEpisodeReview({ recorder, writer, reader, loop, tell, changed, notice }),
    success,
  };
  const parts: EngineParts = withLoop(withoutLoop, () => parts);
  return parts;
}

/** Adds the control loop and the run that ticks it. `whole` returns the parts once they are complete. */
function withLoop(parts: Omit<EngineParts, 'loop' | 'run'>, whole: () => EngineParts): EngineParts {
  const { options, settings, policies } = parts;
  const loop = createControlLoop({
    cell: options.cell,
    puck: options.puck,
    // A policy of another task is none, so that nothing starts with it.
    policy: { ...parts.policy, name: policies.name },
    recorder: parts.recorder,
    success: parts.success.detector,
    settings: settings.inForce,
    task: parts.task.current,
    observation: options.observation ?? 'pixels',
    pace: options.pace ?? { kind: 'host' },
    headless: options.headless ?? false,
    timing: options.timing,
    scale: options.scale,
    supervision: () => parts.supervision,
    onReset: () => {
      if (!options.workspace) return;
      settings.narrowTo(options.workspace());
      sendRig(whole());
    },
    policyIsCandidate: policies.onTrial,
    policyRefusal: policies.refusal,
    events: loopEvents(whole),
  });
  const run = createLiveRun({ loop, clock: options.cell.clock, runSeed: options.runSeed ?? 0 });
  return { ...parts, loop, run };
}

/** The engine's reactions to the events of its control loop. */
function loopEvents(whole: () => EngineParts): LoopEvents {
  return {
    phase: (phase) => phaseChanged(whole(), phase),
    fault: (fault) => whole().notices.raiseFault(fault),
    driver: (driver) => {
      whole().options.indicator?.(driver === 'human');
      whole().changes.tell();
    },
    step: (episodeId, step, toolPositionM) =>
      whole().messages.tell({ kind: 'step', episodeId, step, toolPositionM: [...toolPositionM] }),
    episodeEnded: (episode, proposals) => {
      const { options, episodes, policies, messages, changes, loop, run } = whole();
      episodes.ended(episode);
      policies.episodeEnded(episode, proposals);
      messages.tell({ kind: 'episode', episode });
      changes.tell();
      if (!options.headless && loop.phase() === 'resetting') run.inBackground(prepareNextEpisode(whole()));
    },
    snapshot: (snapshot) => whole().snapshots.tell(snapshot),
    command: (setPoint) => sendSetPoint(whole(), setPoint),
    badPolicy: (name, because) => whole().policies.revertIfCandidate(name, because),
    notStored: (text, remedy) => whole().notices.say({ topic: 'embedding', level: 'warning', text, remedy }),
    late: (text, remedy) =>
      whole().notices.say({ topic: 'deadline', level: 'warning', text, remedy }, DEADLINE_NOTICE_MS),
  };
}

function phaseChanged(parts: EngineParts, phase: Phase): void {
  const { notices, changes } = parts;
  if (phase === 'ready' || phase === 'running') notices.clearFault();
  if (phase !== 'running') notices.over('deadline');
  if (phase !== 'ready') notices.over('start');
  changes.tell();
  startIfDue(parts);
}

function sendSetPoint({ options, messages, loop }: EngineParts, setPoint: SetPoint | undefined): void {
  if (messages.isEmpty()) return;
  const { positionM, orientation } = setPoint?.baseFromTool ?? options.cell.state().baseFromTool;
  messages.tell({ kind: 'setPoint', baseFromTool: [...positionM, ...orientation], driver: loop.driver() });
}

/** Calls that choose which policy drives and which classifier gives its opinion. */
function policyCalls(parts: EngineParts): PolicyCalls {
  const { options, loop, policies, success, notices, messages, run } = parts;
  return {
    usePolicy: async (name, manifestPath) => {
      policies.use(name, manifestPath);
      return loop.phase() === 'running' || loop.episodeOpen() ? done(undefined) : loadPolicyInUse(parts);
    },
    publish: policies.publish,
    chooseClassifier: async (name, threshold) => {
      const chosen = await success.choose(name, threshold);
      if (chosen.kind === 'done') notices.over('classifier');
      messages.tell({ kind: 'classifier', state: success.state() });
      return chosen;
    },
    loadPolicyInUse: () => loadPolicyInUse(parts),
    revertPolicy: (because) => {
      const answer = policies.revert(because);
      // A headless run loads between episodes itself.
      if (answer.kind === 'done' && !options.headless && loop.phase() !== 'running')
        run.inBackground(loadPolicyInUse(parts).then((loaded) => notices.sayRefusal('policy', 'error', loaded)));
      return answer;
    },
    candidate: policies.state,
  };
}
