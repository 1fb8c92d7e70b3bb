/**
 * The engine: control loop, recorder, policies and services in one object, the same headless and live. It opens no database and
 * loads no model itself; drivers, clocks and services are given to it (`main.ts` chooses them for a desktop).
 */

import type { SetPoint, Snapshot } from '../../native/device.ts';
import { systemClock } from '../api/clock.ts';
import type { EpisodeSummary, Phase } from '../api/episode.ts';
import { narrowed, widened } from '../api/limits.ts';
import type { Fault, OutgoingMessage, Rig } from '../api/messages.ts';
import { episodeSeed, TASKS } from '../api/task.ts';
import { DEFAULT_TAKEOVER, DEFAULT_TELEOP_MAP } from '../api/teleop.ts';
import type { Engine, EngineOptions, Supervision } from './engine-types.ts';
import { createControlLoop } from './loop/control-loop.ts';
import { FAULTS, type LoopFault } from './loop/faults.ts';
import { guardCell } from './loop/guarded-cell.ts';
import type { LoopSettings } from './loop/loop-types.ts';
import { createPolicyDesk } from './policy/policy-desk.ts';
import { noPolicy } from './policy/policy-source.ts';
import type { Pace } from './policy/proposals.ts';
import { createSuccessDesk, judgeOf, successFor } from './policy/success-desk.ts';
import { createEpisodeRecorder } from './recording/episode-recorder.ts';
import { createEpisodeReview } from './recording/episode-review.ts';
import { statisticsOf } from './recording/statistics.ts';
import { createStoreMeter, diskNotice } from './recording/store-meter.ts';
import { type Answer, done, refused } from './services.ts';
import { createStandingNotices } from './standing-notices.ts';

export type { Engine, EngineOptions } from './engine-types.ts';

/** How long the notice of a missed deadline stays, unless another deadline is missed. */
const DEADLINE_NOTICE_MS = 5000;

export function createEngine(given: EngineOptions): Engine {
  const cell = guardCell(given.cell, (error) => loop.fault(FAULTS.robot(error)));
  const options: EngineOptions = { ...given, cell };
  const { puck, writer, reader } = options;
  const pace: Pace = options.pace ?? { kind: 'host' };
  const headless = options.headless ?? false;
  const policy = options.policy ?? noPolicy();
  const task = TASKS[options.task ?? 'insert'];
  const recorder = createEpisodeRecorder(writer, options.hostClock);
  const unattended = headless || options.unattended === true;
  const supervision: Supervision = { heartbeatMs: undefined, watchedMs: undefined, windows: 0, unattended };
  const settings: LoopSettings = {
    takeover: options.settings?.takeover ?? DEFAULT_TAKEOVER,
    teleop: options.settings?.teleop ?? DEFAULT_TELEOP_MAP,
    limits: options.settings?.limits ?? cell.info.limits,
    actingNoiseStd: options.settings?.actingNoiseStd ?? 0,
    success: successFor(cell.info, task.id, options.settings?.success),
  };
  /** What was set, before a task narrows the box. */
  let wideLimits = settings.limits;
  let noiseIsChosen = options.settings?.actingNoiseStd !== undefined;
  let autoStart = options.settings?.autoStart ?? false;
  let fault: Fault | undefined;
  let snapshot: Snapshot | undefined;
  let seedIndex = 0;
  let running = false;
  let closed = false;
  let stopped: Promise<void> | undefined;
  const meter = createStoreMeter(options.hostClock ?? systemClock, writer);
  const messageListeners = new Set<(message: OutgoingMessage) => void>();
  const changeListeners = new Set<() => void>();
  const snapshotListeners = new Set<(snapshot: Snapshot) => void>();
  const offs: (() => void)[] = [];

  const send = (message: OutgoingMessage) => {
    for (const listener of messageListeners) listener(message);
  };
  const changed = () => {
    for (const listener of changeListeners) listener();
  };
  /** Sends an event once to the windows that are open. A lasting condition belongs to `standing` or is the fault. */
  const notice = (level: 'info' | 'warning' | 'error', text: string, remedy?: string) =>
    send({ kind: 'notice', level, text, ...(remedy === undefined ? {} : { remedy }) });
  const standing = createStandingNotices(cell.clock, changed);
  /** Shows a refusal until the same request is accepted. */
  const stands = (topic: string, level: 'warning' | 'error', answer: Answer<unknown> | undefined, before = '') => {
    if (answer?.kind === 'refused')
      standing.say({ topic, level, text: before + answer.message, remedy: answer.remedy });
    else standing.over(topic);
  };
  const raise = (what: LoopFault) => {
    fault = { ...what, atMs: cell.clock.nowMs() };
    standing.over('deadline');
    changed();
  };
  /** Returns every standing notice except the one whose text the fault already shows. */
  const noticesNow = () => {
    const gauge = meter.read();
    const disk = fault ? undefined : diskNotice(gauge, options.projectFolder);
    return [...standing.list().filter(({ text }) => text !== fault?.what), ...(disk ? [disk] : [])];
  };

  /** Runs work that no caller awaits. When it fails, the arm holds and reports it. */
  const owned = (work: Promise<unknown>) => {
    work.catch((error: unknown) => loop.fault(FAULTS.unforeseen(error)));
  };

  /** A policy brings its own acting noise, unless somebody set one. */
  const setActingNoise = (std: number) => {
    if (noiseIsChosen) return;
    settings.actingNoiseStd = std;
    send({ kind: 'rig', rig: rigNow() });
  };
  const desk = createPolicyDesk({
    policy,
    shelf: options.shelf,
    notice,
    changed,
    onActingNoise: setActingNoise,
  });

  const episodes = createEpisodeReview({
    ...{ recorder, writer, reader, changed, notice },
    loop: () => loop,
    tell: (episode) => {
      desk.episodeChanged(episode);
      send({ kind: 'episode', episode });
    },
  });

  const success = createSuccessDesk({
    policy,
    writer,
    classifiers: options.classifiers,
    settings: () => settings.success,
    phase: () => loop.phase(),
    newest: () => {
      const open = loop.episodeOpen() ? recorder.summary() : undefined;
      return open && { episodeId: open.id, index: open.steps };
    },
  });

  const loop = createControlLoop({
    cell,
    puck,
    policy,
    recorder,
    success: success.detector,
    settings,
    task,
    observation: options.observation ?? 'pixels',
    pace,
    headless,
    timing: options.timing,
    scale: options.scale,
    supervision: () => supervision,
    onReset: () => {
      if (!options.workspace) return;
      settings.limits = narrowed(wideLimits, options.workspace());
      send({ kind: 'rig', rig: rigNow() });
    },
    policyIsCandidate: () => desk.onTrial(),
    policyRefusal: () => desk.refusal(),
    events: {
      phase: (phase) => onPhase(phase),
      fault: raise,
      driver: (driver) => {
        options.indicator?.(driver === 'human');
        changed();
      },
      step: (episodeId, step, toolPositionM) =>
        send({ kind: 'step', episodeId, step, toolPositionM: [...toolPositionM] }),
      episodeEnded: (episode, proposals) => onEpisodeEnded(episode, proposals),
      snapshot: (next) => {
        snapshot = next;
        for (const listener of snapshotListeners) listener(next);
      },
      command: (setPoint) => sendSetPoint(setPoint),
      badPolicy: (name, because) => desk.revertIfCandidate(name, because),
      notStored: (text, remedy) => standing.say({ topic: 'embedding', level: 'warning', text, remedy }),
      late: (text, remedy) => standing.say({ topic: 'deadline', level: 'warning', text, remedy }, DEADLINE_NOTICE_MS),
    },
  });

  const sendSetPoint = (setPoint: SetPoint | undefined) => {
    if (messageListeners.size === 0) return;
    const pose = setPoint?.baseFromTool ?? cell.state().baseFromTool;
    send({
      kind: 'setPoint',
      baseFromTool: [...pose.positionM, ...pose.orientation],
      driver: loop.driver(),
    });
  };

  const onPhase = (phase: Phase) => {
    if (phase === 'ready' || phase === 'running') fault = undefined;
    if (phase !== 'running') standing.over('deadline');
    if (phase !== 'ready') standing.over('start');
    changed();
    startByItself();
  };

  /** Starts by itself only while watched, and only for a policy. A person who demonstrates starts each episode. */
  const startByItself = () => {
    const due = autoStart && !headless && (unattended || supervision.windows > 0) && loop.mode() === 'run';
    if (!due || loop.phase() !== 'ready' || policy.name() === undefined) return;
    const refusal = loop.start();
    if (refusal) standing.say({ topic: 'start', level: 'warning', text: refusal.message, remedy: refusal.remedy });
  };

  const onEpisodeEnded = (
    episode: EpisodeSummary,
    proposals: { readonly proposals: number; readonly saturation: number },
  ) => {
    episodes.ended(episode);
    desk.episodeEnded(episode, proposals);
    send({ kind: 'episode', episode });
    changed();
    if (!headless && loop.phase() === 'resetting') owned(prepareNext());
  };

  /** Loads the policy that is due. Ends the notice about a policy that could not be used. */
  const loadInUse = async () => {
    const loaded = await desk.loadInUse();
    if (loaded.kind === 'done') standing.over('policy');
    return loaded;
  };

  /** Loads the newest policy, then begins the next reset. */
  const prepareNext = async () => {
    const loaded = await loadInUse();
    stands('policy', 'error', loaded);
    if (loop.phase() === 'resetting') await loop.reset(nextSeed());
  };

  /** The newest classifier gives its opinion, whoever decides. */
  const lookOn = async () => {
    const used = await success.useNewest();
    stands('classifier', 'warning', used, 'The classifier is not in use: ');
    if (settings.success.by === 'classifier' && success.inUse() === undefined) {
      settings.success = { ...settings.success, by: judgeOf(cell.info) };
      standing.say({
        topic: 'judge',
        level: 'warning',
        text: 'The classifier that was to end episodes is not here.',
        remedy: 'Choose in the Data tab who does.',
      });
      send({ kind: 'rig', rig: rigNow() });
    }
    send({ kind: 'classifier', state: success.state() });
  };

  const nextSeed = () => episodeSeed('training', seedIndex++, options.runSeed ?? 0);

  const subscribe = <Listener>(set: Set<Listener>, listener: Listener) => {
    set.add(listener);
    return () => {
      set.delete(listener);
    };
  };

  const rigNow = (): Rig => ({
    robot: cell.info.name,
    simulated: cell.info.simulated,
    task: task.id,
    instruction: task.instruction,
    maxSteps: task.maxSteps,
    periodMs: loop.timing.periodMs,
    ...settings,
    autoStart,
    shapes: cell.info.shapes,
    cameras: cell.info.cameras,
    tactilePads: cell.info.tactilePads,
    projectFolder: options.projectFolder,
  });

  return {
    options,
    loop,
    recorder,
    supervision,
    success,
    open: async () => {
      await cell.open();
      await puck.open();
      offs.push(
        cell.onFault((device) =>
          loop.fault({
            what: `${device.device}: ${device.message}`,
            armDoes: 'It holds where it is.',
            remedy: device.remedy,
          }),
        ),
        puck.onHealth(() => changed()),
        policy.onTrouble((trouble) => stands('policy', 'error', { kind: 'refused', ...trouble })),
      );
      const offProblem = writer?.onProblem((problem) => {
        if (problem.fatal && loop.phase() === 'running')
          loop.fault({ what: problem.message, armDoes: 'It holds where it is.', remedy: problem.remedy });
        // The gauge shows a full disk for as long as it is full.
        else if (problem.about !== 'disk')
          standing.say({
            topic: `store: ${problem.message}`,
            level: problem.fatal ? 'error' : 'warning',
            text: problem.message,
            remedy: problem.remedy,
          });
      });
      if (offProblem) offs.push(offProblem);
      const { runs, exports, classifiers } = options;
      if (runs)
        offs.push(
          runs.onStatus((run) => send({ kind: 'run', run })),
          runs.onPublished((next) => desk.publish(next.policy, next.manifestPath)),
        );
      if (exports)
        offs.push(
          exports.onProgress(({ message, ...progress }) =>
            send({ kind: 'export', ...progress, ...(message === undefined ? {} : { message }) }),
          ),
        );
      if (classifiers) {
        offs.push(classifiers.onChanged(() => owned(lookOn())));
        owned(lookOn());
      }
      await episodes.refresh();
      seedIndex = Math.max(0, ...episodes.recent().map((episode) => episode.id));
      if (options.policyManifestPath === undefined) return done(undefined);
      const first = await desk.loadFirst(options.policyManifestPath);
      if (first.kind === 'refused') return first;
      setActingNoise(first.value.actingNoiseStd);
      return done(undefined);
    },
    run: async ({ reset }) => {
      if (closed) return;
      running = true;
      loop.anchor(cell.clock.nowMs() + loop.timing.periodMs);
      if (reset) owned(loop.reset(nextSeed()));
      const ticking = async () => {
        while (running) await loop.tick();
      };
      stopped = ticking();
      await stopped;
    },
    close: async () => {
      closed = true;
      running = false;
      loop.stop('The engine is closing.');
      await stopped;
      for (const off of offs.splice(0)) off();
      loop.dispose();
      await policy.close();
      await puck.close();
      await cell.close();
    },
    status: () => {
      const report = loop.stats();
      const reading = puck.reading();
      const state = cell.state();
      const name = policy.name();
      const open = recorder.summary();
      const reason = loop.holdReason();
      const rates = statisticsOf(episodes.recent());
      const realTimeFactor = cell.clock.pacing?.realTimeFactor();
      return {
        timeMs: cell.clock.nowMs(),
        phase: loop.phase(),
        mode: loop.mode(),
        driver: loop.driver(),
        ...(reason === undefined ? {} : { holdReason: reason }),
        ...(fault ? { fault } : {}),
        notices: noticesNow(),
        ...(open && loop.episodeOpen() ? { episodeId: open.id } : {}),
        step: open && loop.episodeOpen() ? open.steps : 0,
        ...(name === undefined ? {} : { policy: { name, candidate: desk.onTrial() } }),
        buffers: recorder.counts(),
        labels: writer?.labelCounts() ?? { positives: 0, negatives: 0 },
        success: success.status(),
        tick: {
          hz: report.hz,
          jitterP99Ms: report.jitterP99Ms,
          missedDeadlines: report.missedDeadlines,
          skippedEdges: report.skippedEdges,
          ...(realTimeFactor === undefined ? {} : { realTimeFactor }),
          policyLatencyMs: report.policyLatencyMs,
        },
        forceInTool: [...state.wrenchInTool],
        gripperOpeningM: state.gripperOpeningM,
        puckAxes: [...reading.axes],
        puckButtons: reading.buttons,
        inputDevices: options.inputDevices?.() ?? [],
        safety: loop.episodeOpen() ? [...loop.newestSafety()] : [],
        ...meter.read(),
        ...(rates.unaidedSuccessRate === undefined ? {} : { unaidedSuccessRate: rates.unaidedSuccessRate }),
        ...(rates.interventionRate === undefined ? {} : { interventionRate: rates.interventionRate }),
        holdsControls: false,
        controlsHeldByOther: false,
      };
    },
    rig: rigNow,
    takeover: () => settings.takeover,
    newestSnapshot: () => snapshot,
    onMessage: (listener) => subscribe(messageListeners, listener),
    onChanged: (listener) => subscribe(changeListeners, listener),
    onSnapshot: (listener) => subscribe(snapshotListeners, listener),
    windowsChanged: (windows) => {
      supervision.windows = windows;
      if (windows === 0 && !unattended && loop.phase() === 'running')
        loop.fault(FAULTS.alarm({ kind: 'unwatched', silentMs: 0 }, 0));
      startByItself();
    },
    usePolicy: async (name, manifestPath) => {
      desk.use(name, manifestPath);
      return loop.phase() === 'running' || loop.episodeOpen() ? done(undefined) : loadInUse();
    },
    publish: desk.publish,
    chooseClassifier: async (name, threshold) => {
      const chosen = await success.choose(name, threshold);
      if (chosen.kind === 'done') standing.over('classifier');
      send({ kind: 'classifier', state: success.state() });
      return chosen;
    },
    loadPolicyInUse: loadInUse,
    revertPolicy: (because) => {
      const answer = desk.revert(because);
      // Headless runs load between episodes themselves.
      if (answer.kind === 'done' && !headless && loop.phase() !== 'running')
        if (answer.kind === 'done' && !headless && loop.phase() !== 'running')
          owned(loadInUse().then((loaded) => stands('policy', 'error', loaded)));
      return answer;
    },
    candidate: desk.state,
    resume: async () => {
      if (!headless && !running)
        return closed
          ? refused('The engine is closing.', 'Start it again.')
          : refused('The engine is still starting: the arm is not ready yet.', 'Wait a moment, then press Resume.');
      const refusal = loop.resumeRefusal();
      if (refusal) return refused(refusal, 'Let go of the puck, then press Resume.');
      const holds = loop.holds();
      const loaded = await loadInUse();
      if (loaded.kind === 'refused' && loop.mode() === 'run') return loaded;
      stands('policy', 'warning', loaded);
      // Loading takes its time: who held the arm meanwhile, or pushed the puck, has the last word.
      if (loop.holds() !== holds) return refused('The arm was held again meanwhile.', 'Press Resume once more.');
      const late = loop.resumeRefusal();
      if (late) return refused(late, 'Let go of the puck, then press Resume.');
      fault = undefined;
      loop.release();
      owned(loop.reset(nextSeed()));
      return done(undefined);
    },
    nextSeed,
    verdict: episodes.verdict,
    discard: episodes.discard,
    undo: episodes.undo,
    endEpisode: () => {
      if (loop.phase() === 'running') {
        loop.request({ reset: true });
        return done(undefined);
      }
      if (loop.phase() === 'hold') return refused('The arm is held.', 'Press Resume first.');
      owned(loop.reset(nextSeed()));
      return done(undefined);
    },
    gripper: (command) => {
      if (!task.actionMask.at(-1)) return refused('This task leaves the gripper alone.', 'Go on without it.');
      if (loop.driver() !== 'human') return refused('The gripper follows you while you drive.', 'Take over first.');
      loop.gripper(command);
      return done(undefined);
    },
    setMode: (mode) => {
      const refusal = loop.setMode(mode);
      if (refusal) return refused(refusal, 'Press R again when the episode has ended.');
      changed();
      return done(undefined);
    },
    change: ({ autoStart: nextAutoStart, ...next }) => {
      if (next.limits) wideLimits = widened(next.limits, settings.limits, wideLimits);
      Object.assign(settings, Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined)));
      if (next.actingNoiseStd !== undefined) noiseIsChosen = true;
      if (nextAutoStart !== undefined) {
        autoStart = nextAutoStart;
        startByItself();
      }
      send({ kind: 'rig', rig: rigNow() });
      changed();
      const kept = options.keep?.({
        ...{ takeover: next.takeover, teleop: next.teleop, success: next.success, autoStart: nextAutoStart },
        limits: next.limits && wideLimits,
      });
      if (next.success) standing.over('judge');
      stands('settings', 'warning', kept);
    },
  };
}
