/**
 * The control loop. At each tick's edge: snapshot → the policy proposes → arbitration picks the actor → safety → command → record.
 *
 * The grid never moves: t_k = t_0 + k · period. The observation is taken at the edge; the action takes effect `effectDelayMs`
 * after it, as a set-point reached over one period from the pose measured at that moment; the previous one goes on until then.
 * A proposal that is not there yet makes the arm hold until it comes; after `deadlineMs` it is not used: the arm holds for the
 * tick, which is recorded as late with a zero action. A simulated clock stands still instead, at the effect time until the proposal is
 * there and at the next edge until the pictures are. All waiting goes through the cell's clock, so that a robot, the live cell
 * and headless runs use this same code. Nothing throws past a tick: fault → hold → report.
 *
 * Phases: RESETTING → READY (`start`) → RUNNING → RESETTING …; HOLD from every one of them, left by `release` and `reset` only.
 */

import type { PuckReading } from '../../../native/device.ts';
import { DEFAULT_ACTION_SCALE } from '../../api/action.ts';
import type { Mode, Phase } from '../../api/episode.ts';
import { IDENTITY, type Pose, type Vec3 } from '../../api/geometry.ts';
import type { SafetyEvent } from '../../api/limits.ts';
import { deflectionOf, isNeutral } from '../../api/teleop.ts';
import type { PolicyReply } from '../policy/policy-source.ts';
import { ask, type Pending, promiseOrTime } from '../policy/proposals.ts';
import { createCapture } from '../recording/capture.ts';
import { judgeStep } from '../recording/episode.ts';
import { createEpisodeLog, type Noted } from '../recording/episode-log.ts';
import { observationRecord } from '../recording/episode-recorder.ts';
import { proprioception } from '../recording/proprioception.ts';
import { expectFinitePose } from '../recording/sensor-check.ts';
import { type ArbitrationState, arbitrate, FRESH } from './arbitration.ts';
import { createCommander } from './commander.ts';
import { createDriving, DEFAULT_TIMING, type Flight } from './driving.ts';
import { FAULTS, type LoopFault, START_REFUSALS } from './faults.ts';
import type { ControlLoop, LoopOptions } from './loop-types.ts';
import { isFinite7 } from './set-point.ts';
import { createTickStats } from './tick-stats.ts';
import { maxHeartbeatAge, watch } from './watchdog.ts';

/** A camera silent for longer than this is a fault. */
const CAPTURE_PATIENCE_MS = 500;
/** Three seconds in which the arm only held: nobody learns from more of them. */
const MISSES_UNTIL_HOLD = 30;

export function createControlLoop(options: LoopOptions): ControlLoop {
  const { cell, puck, policy, recorder, settings, task, pace, success, events } = options;
  const { clock } = cell;
  const timing = options.timing ?? DEFAULT_TIMING;
  const commander = createCommander(cell, () => settings.limits);
  const driving = createDriving({
    cell,
    commander,
    timing,
    scale: options.scale ?? DEFAULT_ACTION_SCALE,
    mask: task.actionMask,
    takeover: () => settings.takeover,
    teleop: () => settings.teleop,
  });
  commander.onCommand((setPoint) => {
    if (setPoint) commandedM = setPoint.baseFromTool.positionM;
    events.command?.(setPoint);
  });
  const stats = createTickStats();
  const log = createEpisodeLog({
    ...{ recorder, success, events },
    effectDelayMs: timing.effectDelayMs,
    commandedM: () => commandedM,
    opening: (first) => ({
      task: task.id,
      mode,
      observation: options.observation,
      seed,
      policy: mode === 'run' ? policy.name() : undefined,
      policyIsCandidate: mode === 'run' && options.policyIsCandidate(),
      actingNoiseStd: mode === 'run' ? settings.actingNoiseStd : 0,
      periodMs: timing.periodMs,
      successBy: success.by(),
      startedAtMs: clock.wallTimeMs(),
      encoderSha256: policy.encoderSha256(),
      first,
    }),
  });

  let phase: Phase = 'hold';
  /** Set by Stop or a fault. While it is set, no reset leaves HOLD; `release` clears it. */
  let latched = false;
  let holdReason: string | undefined = 'The cell is starting.';
  let mode: Mode = 'run';
  let originMs = clock.nowMs();
  let tickIndex = -1;
  let startAsked = false;
  let flight: Flight | undefined;
  let arbitration: ArbitrationState = FRESH;
  let seed = 0;
  let resetPose: Pose = { positionM: [0, 0, 0], orientation: IDENTITY };
  let resetting: AbortController | undefined;
  let commandedM: Vec3 = resetPose.positionM;
  let buttonsBefore = 0;
  let lateStreak = 0;
  let holds = 0;
  /** Changes whenever what is observed belongs to another episode, or to none. */
  let recording = 0;

  const enter = (next: Phase, reason?: string) => {
    phase = next;
    holdReason = next === 'hold' ? reason : undefined;
    events.phase?.(next, holdReason);
    if (next !== 'running') events.driver?.('nobody');
  };
  const driver = () => (phase !== 'running' ? 'nobody' : mode === 'demonstrate' ? 'human' : arbitration.driver);

  const halt = (reason: string, by: 'human' | 'engine') => {
    holds++;
    latched = true;
    commander.hold();
    resetting?.abort();
    resetting = undefined;
    startAsked = false;
    if (flight && !flight.cut) driving.cut(flight);
    if (phase === 'running') log.ask({ stopped: log.requests().stopped ?? by });
    enter('hold', reason);
  };
  const fault = (what: LoopFault) => {
    halt(what.what, 'engine');
    events.fault?.(what);
  };
  const heldBySafety = (cause: SafetyEvent) => {
    const { timeMs, wrenchInTool } = cell.state();
    fault(
      FAULTS.safety(
        cause,
        { forceN: Math.hypot(...wrenchInTool.slice(0, 3)), ageMs: clock.nowMs() - timeMs },
        settings.limits,
      ),
    );
  };

  const offReading = puck.onReading((reading) => {
    const pressed = reading.buttons & ~buttonsBefore;
    buttonsBefore = reading.buttons;
    if (phase !== 'running') return;
    requestGripperFrom(pressed);
    if (mode !== 'run' || !flight || flight.cut) return;
    apply({ kind: 'reading', timeMs: clock.nowMs(), ...puckNumbers(reading) }, reading);
  });

  const puckNumbers = (reading: PuckReading) => ({
    deflection: deflectionOf(reading.axes),
    buttons: reading.buttons,
  });

  /** Feeds arbitration; on a takeover between edges the set-point follows the person at once. */
  const apply = (input: Parameters<typeof arbitrate>[1], reading: PuckReading) => {
    const step = arbitrate(arbitration, input, settings.takeover);
    arbitration = step.state;
    if (step.change) events.driver?.(step.change === 'takeover' ? 'human' : 'policy');
    if (step.change === 'takeover' && input.kind !== 'edge' && flight && flight.actor === 'policy') {
      const held = driving.takeOver(flight, reading);
      if (held) heldBySafety(held);
    }
  };

  const requestGripper = (wanted: 'open' | 'close' | 'toggle') => {
    const other = commander.gripper() === 'open' ? 'close' : 'open';
    driving.requestGripper(wanted === 'toggle' ? other : wanted);
  };

  /** Button 0 closes and button 1 opens; where one of them is the hold button, the other toggles. */
  const requestGripperFrom = (pressed: number) => {
    const holdButton = settings.takeover.mode === 'hold' ? settings.takeover.holdButton : undefined;
    for (const button of [0, 1]) {
      if (button === holdButton || ((pressed >>> button) & 1) === 0) continue;
      requestGripper(holdButton === 0 || holdButton === 1 ? 'toggle' : button === 0 ? 'close' : 'open');
    }
  };

  /** In every phase in which the arm may move. */
  const checkWatchdogs = () => {
    if (phase !== 'running' && phase !== 'resetting') return;
    const maxHeartbeatAgeMs = maxHeartbeatAge(cell.info.simulated, driver() === 'human');
    const limits = { maxStateAgeMs: settings.limits.maxStateAgeMs, maxHeartbeatAgeMs };
    const supervision = options.supervision();
    // A simulated scene may be set up before the first window opens.
    const unattended = supervision.unattended || (phase === 'resetting' && cell.info.simulated);
    const watched = { stateTimeMs: cell.state().timeMs, ...supervision, unattended };
    const alarm = watch(watched, limits, clock.nowMs());
    if (alarm) fault(FAULTS.alarm(alarm, limits.maxStateAgeMs));
  };

  const nextEdgeMs = () => {
    tickIndex++;
    const lateMs = clock.nowMs() - (originMs + tickIndex * timing.periodMs);
    if (lateMs > timing.periodMs / 2) {
      const skipped = Math.ceil(lateMs / timing.periodMs);
      tickIndex += skipped;
      stats.skipped(skipped);
    }
    return originMs + tickIndex * timing.periodMs;
  };

  const beginRunning = () => {
    startAsked = false;
    arbitration = FRESH;
    log.begin();
    recording++;
    lateStreak = 0;
    success.begin();
    driving.begin(resetPose, cell.state().gripperOpeningM);
    policy.startEpisode({ seed, actingNoiseStd: settings.actingNoiseStd, observation: options.observation });
    cell.begin();
    enter('running');
    if (mode === 'demonstrate') events.driver?.('human');
  };

  const tick = async () => {
    const edgeMs = nextEdgeMs();
    await clock.sleepUntilMs(edgeMs);
    stats.edge(edgeMs, clock.nowMs() + (clock.pacing?.lagMs() ?? 0));
    try {
      checkWatchdogs();
      if (phase === 'ready' && startAsked) beginRunning();
      if (phase === 'running' || flight) await runningTick(edgeMs);
      else await idleTick(edgeMs);
    } catch (error) {
      fault(FAULTS.loop(error));
      abandon();
    }
  };

  /** Takes pictures for the window while nothing is recorded. */
  const idleTick = async (edgeMs: number) => {
    if (options.headless) return;
    const pending = ask(clock, pace, () => capture.take());
    await pending.arrivalOrTime(edgeMs + timing.periodMs / 2);
  };

  const capture = createCapture(cell, {
    snapshot: (snapshot) => events.snapshot?.(snapshot),
    trouble: (what) => {
      // Pictures are taken while the arm is held too; the same trouble is reported once.
      if (phase !== 'hold' || holdReason !== what.what) fault(what);
    },
  });

  const runningTick = async (edgeMs: number) => {
    const closing = flight;
    arbitrateAtEdge();
    flight = phase === 'running' ? driving.newFlight(edgeMs, driver() === 'human' ? 'human' : 'policy') : undefined;
    let noted: Noted | undefined;
    const seen = Promise.withResolvers<void>();
    const pending = ask(clock, pace, () =>
      observe(closing, (observation) => {
        noted = observation;
        seen.resolve();
      }),
    );
    const effectMs = edgeMs + timing.effectDelayMs;
    await pending.arrivalOrTime(effectMs);
    await clock.sleepUntilMs(effectMs);
    checkWatchdogs();
    if (flight) await act(flight, pending, edgeMs);
    await pending.arrivalOrTime(edgeMs + timing.deadlineMs);
    if (!noted) await latePictures(seen.promise, pending, edgeMs);
    if (!noted) {
      abandon();
      if (phase === 'running') fault(FAULTS.lateCapture(CAPTURE_PATIENCE_MS));
      return;
    }
    await makeRoom();
    log.handOver(noted, pending);
  };

  /**
   * On the host's clock a slow camera costs late ticks and skipped edges. A camera that does not answer ends the
   * episode.
   */
  const latePictures = async (seen: Promise<void>, pending: Pending<unknown>, edgeMs: number) => {
    if (pace.kind === 'host') await promiseOrTime(clock, seen, edgeMs + CAPTURE_PATIENCE_MS);
    else await Promise.race([seen, pending.settled]); // it resolves without pictures when the cell has given up
  };

  const arbitrateAtEdge = () => {
    if (phase !== 'running' || mode !== 'run') return;
    const reading = puck.reading();
    apply({ kind: 'edge', timeMs: clock.nowMs(), ...puckNumbers(reading) }, reading);
    if (arbitration.driver === 'policy') driving.forgetGripperRequest();
  };

  /** Snapshot, the verdict on the step that led to it, and the policy's answer. Never rejects. */
  const observe = async (
    closing: Flight | undefined,
    note: (noted: Noted) => void,
  ): Promise<PolicyReply | undefined> => {
    const mine = recording;
    const scenePoses = cell.scenePoses(); // poses at the edge: time may pass while the pictures are drawn
    const snapshot = await capture.take();
    // It may come when its episode was given up, or the next one has begun.
    if (!snapshot || mine !== recording) return undefined;
    const simulated = success.by() === 'simulator' ? snapshot.task : undefined;
    const judged = closing && judgeStep(task, log.observations(), simulated, log.requests(), success.detected());
    if (judged?.end) finishMotion();
    const index = log.observed();
    const numbers = proprioception(snapshot.state, snapshot.tactile, resetPose);
    note({ index, record: observationRecord(snapshot, numbers, scenePoses), judged, closing });
    return policy.propose({
      sequence: index,
      snapshot,
      proprioception: numbers,
      wantAction: mode === 'run' && !judged?.end && phase === 'running',
      interrupted: closing !== undefined && (closing.actor !== 'policy' || closing.late || closing.cut),
    });
  };

  /** The episode is over: no motion any more, at once. */
  const finishMotion = () => {
    flight = undefined;
    commander.hold();
    if (phase === 'running') enter('resetting');
  };

  /** At the effect time: somebody's action goes to the arm. */
  const act = async (current: Flight, pending: Pending<PolicyReply | undefined>, edgeMs: number) => {
    const stillPolicy = () => flight === current && current.actor === 'policy' && !current.cut;
    if (current.actor === 'human' && !current.cut) {
      const held = driving.applyHuman(current, puck.reading());
      if (held) heldBySafety(held);
    } else if (stillPolicy() && !pending.value()) {
      driving.rest();
    }
    // Whoever acts, what the policy would have done is stored beside it; only its own tick waits on the arm.
    await pending.arrivalOrTime(edgeMs + timing.deadlineMs);
    const reply = pending.value();
    const latencyMs = (pending.arrivedMs() ?? clock.nowMs()) - edgeMs;
    stats.policyLatency(pending.hostLatencyMs() ?? latencyMs);
    if (mode !== 'run') return;
    if (reply?.kind === 'failed') {
      if (stillPolicy()) fault(FAULTS.policy(reply));
      return;
    }
    const action = reply?.action;
    if (reply && action) {
      if (!isFinite7(action)) return rejectAction(stillPolicy());
      log.proposed(reply.saturation);
      current.policyAction = action;
    }
    if (!stillPolicy()) return;
    if (!reply || latencyMs > timing.deadlineMs) return missDeadline(current, latencyMs);
    if (!action) return fault(FAULTS.noPolicy());
    lateStreak = 0;
    const held = driving.applyPolicy(current, action);
    if (held) heldBySafety(held);
  };

  const rejectAction = (acting: boolean) => {
    const name = policy.name() ?? 'the policy';
    if (acting) fault(FAULTS.badAction(name));
    events.badPolicy?.(name, 'its action was not a finite number');
  };

  const missDeadline = (current: Flight, latencyMs: number) => {
    driving.rest();
    current.late = true;
    current.effectDelayMs ??= latencyMs;
    stats.missedDeadline();
    lateStreak++;
    if (lateStreak === MISSES_UNTIL_HOLD) return fault(FAULTS.silentPolicy(lateStreak, timing.deadlineMs));
    if (lateStreak === 1)
      events.late?.(
        `The policy missed its deadline of ${timing.deadlineMs} ms; the arm held for the tick.`,
        'Close other programs, or use a smaller policy.',
      );
  };

  /** The step in flight cannot be completed: what is recorded stays, the episode is closed. */
  const abandon = () => {
    recording++;
    flight = undefined;
    commander.hold();
    if (log.isOpen()) log.end({ outcome: 'aborted', judge: 'engine' });
  };

  /**
   * Waits for the store in simulated time. When a robot fills the store faster than it writes, the arm holds and
   * reports it.
   */
  const makeRoom = async () => {
    const room = recorder.room();
    if (room === 'plenty') return;
    if (room === 'none' && pace.kind === 'simulated' && (await recorder.drained()) === 'drained') return;
    if (phase !== 'running') return;
    switch (room) {
      case 'none':
        return fault(FAULTS.storeBehind());
      case 'unreachable':
        return fault(FAULTS.storeAway());
      case 'disk-full':
        return fault(FAULTS.diskFull());
      case 'stopped':
        return fault(FAULTS.storeStopped());
      default:
        return room satisfies never;
    }
  };

  const reset = async (nextSeed: number): Promise<boolean> => {
    if (phase === 'running' || latched) return false;
    resetting?.abort();
    const abort = new AbortController();
    resetting = abort;
    startAsked = false;
    enter('resetting');
    try {
      await cell.reset(task.id, nextSeed, abort.signal);
      expectFinitePose(cell.state().baseFromTool);
    } catch (error) {
      if (abort.signal.aborted) return false;
      fault(FAULTS.reset(error));
      return false;
    }
    if (abort.signal.aborted || phase !== 'resetting') return false;
    resetting = undefined;
    seed = nextSeed;
    resetPose = cell.state().baseFromTool;
    commandedM = resetPose.positionM;
    capture.forget();
    options.onReset?.();
    enter('ready');
    return true;
  };

  return {
    timing,
    anchor: (timeMs) => {
      originMs = timeMs;
      tickIndex = -1;
    },
    tick,
    phase: () => phase,
    holdReason: () => holdReason,
    driver,
    episodeOpen: log.isOpen,
    mode: () => mode,
    setMode: (next) => {
      if (phase === 'running') return 'An episode is running: end it, then change the mode.';
      mode = next;
      return undefined;
    },
    reset,
    release: () => {
      latched = false;
    },
    start: () => {
      if (phase !== 'ready') return START_REFUSALS.phase(phase);
      if (mode === 'run' && policy.name() === undefined) return START_REFUSALS.noPolicy;
      const unfit = mode === 'run' ? options.policyRefusal?.() : undefined;
      if (unfit !== undefined) return unfit;
      const room = recorder.room();
      if (room === 'stopped' || room === 'unreachable' || room === 'disk-full') return START_REFUSALS[room];
      startAsked = true;
      return undefined;
    },
    stop: (reason) => halt(reason, 'human'),
    fault,
    holds: () => holds,
    resumeRefusal: () => {
      if (phase !== 'hold') return `The arm is not held; this is ${phase.toUpperCase()}.`;
      if (flight) return 'The last step is still being recorded: try again in a moment.';
      const reading = puck.reading();
      const neutral = isNeutral(deflectionOf(reading.axes), settings.takeover) && reading.buttons === 0;
      return neutral ? undefined : 'The puck is not at neutral: let go of it, then resume.';
    },
    request: (asked) => {
      if (phase === 'running' || log.isOpen()) log.ask(asked);
    },
    takeoverKey: (engaged) => {
      if (phase === 'running' && mode === 'run') apply({ kind: 'key', timeMs: clock.nowMs(), engaged }, puck.reading());
    },
    gripper: (command) => {
      if (driver() === 'human') requestGripper(command);
    },
    stats: () => stats.report(clock.nowMs()),
    newestSafety: log.newestSafety,
    dispose: () => {
      offReading();
      resetting?.abort();
      commander.hold();
    },
  };
}
