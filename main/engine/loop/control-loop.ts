/**
 * The control loop of one cell. `phases.ts` decides in which phase it is, this file carries the decisions out, and
 * `tick.ts` runs one tick of an episode.
 *
 * The grid of edges never moves: t_k = t_0 + k · period. The observation is taken at the edge. The action takes
 * effect `effectDelayMs` after it, as a set-point reached over one period from the pose measured at that moment; the
 * previous action goes on until then. All waiting goes through the cell's clock, so that a robot, the live cell and
 * headless runs use this same code. Nothing throws past a tick: fault → hold → report.
 */

import type { EpisodeStart, ObservationRecord } from '../../../data/records.ts';
import { DEFAULT_ACTION_SCALE } from '../../api/action.ts';
import type { Mode } from '../../api/episode.ts';
import type { SafetyEvent } from '../../api/limits.ts';
import { deflectionOf, isNeutral } from '../../api/teleop.ts';
import { ask } from '../policy/proposals.ts';
import { createCapture } from '../recording/capture.ts';
import type { Requests } from '../recording/episode.ts';
import { createEpisodeLog } from '../recording/episode-log.ts';
import { createCommander } from './commander.ts';
import { createDriving, DEFAULT_TIMING } from './driving.ts';
import { FAULTS, type LoopFault, START_REFUSALS } from './faults.ts';
import type { LoopOptions, Refusal } from './loop-types.ts';
import {
  advance,
  ENDS_MOTION,
  type LoopEffect,
  type LoopEvent,
  mayBegin,
  SWITCHED_ON,
  whyNotResume,
} from './phases.ts';
import { createResets } from './resets.ts';
import { createTakeover } from './takeover.ts';
import { checkWatchdogs, type LoopParts, runTick } from './tick.ts';
import { createGrid, createTickStats } from './tick-stats.ts';

export type ControlLoop = ReturnType<typeof createControlLoop>;

export function createControlLoop(options: LoopOptions) {
  const { cell, puck, settings } = options;
  const parts = assemble(options);
  const { state, dispatch, fault, resets, commander, takeover, log, stats, timing } = parts;
  const grid = createGrid(cell.clock, timing.periodMs, stats);
  return {
    timing,
    /**
     * Puts the grid's origin at `timeMs`. Called once when the engine ticks by itself, otherwise before every episode.
     */
    anchor: grid.anchor,
    tick: () => tick(parts, grid.nextEdgeMs()),
    phase: () => state().phase,
    holdReason: () => state().holdReason,
    driver: takeover.driver,
    /** True while an episode is being recorded, until its last step is handed to the store. */
    episodeOpen: () => state().episode === 'open',
    mode: () => state().mode,
    /** Returns the reason when the mode cannot be changed now. */
    setMode: (mode: Mode) => {
      if (state().phase === 'running') return 'An episode is running: end it, then change the mode.';
      dispatch({ kind: 'mode', mode });
      return undefined;
    },
    /**
     * Resolves with true when READY is reached. Refused, with false, in RUNNING, and after Stop or a fault until
     * `release`.
     */
    reset: resets.run,
    /** Opens the latch of Stop and faults, which lasts until this deliberate call. A reset must follow. */
    release: () => dispatch({ kind: 'release' }),
    /** Enters RUNNING at the next edge. Returns a refusal when it cannot. */
    start: () => {
      const refusal = whyNotStart(parts);
      if (!refusal) dispatch({ kind: 'start' });
      return refusal;
    },
    /** Holds at once, from every phase. */
    stop: (reason: string) => dispatch({ kind: 'halt', reason, by: 'human' }),
    fault,
    /**
     * Number of times the arm has been held. A caller that waits compares it, to see whether the arm was held
     * meanwhile.
     */
    holds: () => state().holds,
    /** Returns the reason why HOLD cannot be left now; `undefined` when it can. `release`, then `reset`, leave HOLD. */
    resumeRefusal: () => {
      const { axes, buttons } = puck.reading();
      return whyNotResume(state(), isNeutral(deflectionOf(axes), settings.takeover) && buttons === 0);
    },
    request: (asked: Partial<Requests>) => {
      if (state().phase === 'running' || state().episode === 'open') log.ask(asked);
    },
    takeoverKey: takeover.key,
    /** Counts only while a person drives. */
    gripper: takeover.gripper,
    stats: () => stats.report(cell.clock.nowMs()),
    newestSafety: log.newestSafety,
    dispose: () => {
      takeover.dispose();
      resets.abort();
      commander.hold();
    },
  };
}

/** Connects the parts of one loop with each other and with its phase machine. */
function assemble(options: LoopOptions): LoopParts {
  const { cell, recorder, settings, task, success, events } = options;
  const timing = options.timing ?? DEFAULT_TIMING;
  let current = SWITCHED_ON;
  const state = () => current;
  const dispatch = (event: LoopEvent) => {
    if (ENDS_MOTION.has(event.kind)) commander.hold();
    const { state: next, effects } = advance(current, event);
    current = next;
    for (const effect of effects) perform(parts, effect);
  };
  const fault = (what: LoopFault) => {
    dispatch({ kind: 'halt', reason: what.what, by: 'engine' });
    events.fault?.(what);
  };
  const heldBySafety = (cause: SafetyEvent | undefined) => {
    if (!cause) return;
    const { timeMs, wrenchInTool } = cell.state();
    const measured = { forceN: Math.hypot(...wrenchInTool.slice(0, 3)), ageMs: cell.clock.nowMs() - timeMs };
    fault(FAULTS.safety(cause, measured, settings.limits));
  };
  const commander = createCommander(
    cell,
    () => settings.limits,
    (setPoint) => events.command?.(setPoint),
  );
  const driving = createDriving({
    cell,
    commander,
    timing,
    scale: options.scale ?? DEFAULT_ACTION_SCALE,
    mask: () => task().actionMask,
    takeover: () => settings.takeover,
    teleop: () => settings.teleop,
  });
  const capture = createCapture(cell, {
    snapshot: (snapshot) => events.snapshot?.(snapshot),
    trouble: (what) => {
      // Pictures are taken while the arm is held too, so the same trouble is reported once.
      if (current.phase !== 'hold' || current.holdReason !== what.what) fault(what);
    },
  });
  const resets = createResets({ options, state, dispatch, fault, forgetPictures: capture.forget });
  const log = createEpisodeLog({
    recorder,
    success,
    events,
    effectDelayMs: timing.effectDelayMs,
    commandedM: commander.commandedM,
    opening: (first) => openingOf(parts, first),
  });
  const takeover = createTakeover({ loop: options, driving, commander, state, held: heldBySafety });
  const stats = createTickStats();
  const parts: LoopParts = {
    options,
    timing,
    state,
    dispatch,
    fault,
    heldBySafety,
    resets,
    commander,
    driving,
    takeover,
    capture,
    log,
    stats,
  };
  return parts;
}

/** Carries out an effect of the phase machine. */
function perform({ options, resets, driving, takeover, log }: LoopParts, effect: LoopEffect) {
  const { events } = options;
  switch (effect.kind) {
    case 'announce': {
      events.phase?.(effect.phase, effect.reason);
      const driver = takeover.driver();
      if (driver !== 'policy') events.driver?.(driver);
      return;
    }
    case 'abort-reset':
      return resets.abort();
    case 'cut-step':
      return driving.cut(effect.step);
    case 'mark-stopped':
      return log.ask({ stopped: log.requests().stopped ?? effect.by });
    case 'open-episode':
      return log.open(effect.first);
    case 'store-step':
      return log.storeStep(effect.step, effect.judged, effect.next);
    case 'close-episode':
      return log.close(effect.end);
    default:
      return effect satisfies never;
  }
}

async function tick(parts: LoopParts, edgeMs: number): Promise<void> {
  const { options, state, stats } = parts;
  const { clock } = options.cell;
  await clock.sleepUntilMs(edgeMs);
  stats.edge(edgeMs, clock.nowMs() + (clock.pacing?.lagMs() ?? 0));
  try {
    checkWatchdogs(parts);
    if (mayBegin(state())) beginEpisode(parts);
    if (state().phase === 'running' || state().step) await runTick(parts, edgeMs);
    else await idleTick(parts, edgeMs);
  } catch (error) {
    parts.fault(FAULTS.loop(error));
    parts.dispatch({ kind: 'abandon' });
  }
}

/** Takes pictures for the window while nothing is recorded. */
async function idleTick({ options, capture, timing }: LoopParts, edgeMs: number): Promise<void> {
  if (options.headless) return;
  const pending = ask(options.cell.clock, options.pace, () => capture.take());
  await pending.arrivalOrTime(edgeMs + timing.periodMs / 2);
}

function beginEpisode({ options, resets, driving, takeover, log, stats, dispatch }: LoopParts): void {
  const { cell, policy, success, settings, observation } = options;
  const { seed, baseFromTool } = resets.newest();
  takeover.begin();
  log.begin();
  stats.keptDeadline();
  success.begin();
  driving.begin(baseFromTool, cell.state().gripperOpeningM);
  policy.startEpisode({ seed, actingNoiseStd: settings.actingNoiseStd, observation });
  cell.begin();
  dispatch({ kind: 'begin' });
}

/** Describes the episode that opens with its first observation. */
function openingOf({ options, state, resets, timing }: LoopParts, first: ObservationRecord): EpisodeStart {
  const { task, policy, settings, observation, success, cell } = options;
  const { mode } = state();
  return {
    task: task().id,
    mode,
    observation,
    seed: resets.newest().seed,
    policy: mode === 'run' ? policy.name() : undefined,
    policyIsCandidate: mode === 'run' && options.policyIsCandidate(),
    actingNoiseStd: mode === 'run' ? settings.actingNoiseStd : 0,
    periodMs: timing.periodMs,
    successBy: success.by(),
    startedAtMs: cell.clock.wallTimeMs(),
    encoderSha256: policy.encoderSha256(),
    first,
  };
}

function whyNotStart({ options, state }: LoopParts): Refusal | undefined {
  const { phase, mode } = state();
  if (phase !== 'ready') return START_REFUSALS.phase(phase);
  if (mode === 'run' && options.policy.name() === undefined) return START_REFUSALS.noPolicy;
  const unfit = mode === 'run' ? options.policyRefusal?.() : undefined;
  if (unfit !== undefined) return unfit;
  const room = options.recorder.room();
  return room === 'stopped' || room === 'unreachable' || room === 'disk-full' ? START_REFUSALS[room] : undefined;
}
