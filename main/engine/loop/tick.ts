/**
 * One tick of a running episode, as a pipeline. At the edge: arbitrate, take the snapshot, judge the step that led to it,
 * ask the policy. At the effect time: command the arm through safety. Before the next edge: record.
 *
 * A proposal that is not there at the effect time makes the arm rest until it comes. After `deadlineMs` it is not used:
 * the arm rests for the tick, which is recorded as late with a zero action. A simulated clock stands still instead, at
 * the effect time until the proposal is there and at the next edge until the pictures are.
 */
import type { SafetyEvent } from '../../api/limits.ts';
import type { PolicyReply } from '../policy/policy-source.ts';
import { ask, type Pending, promiseOrTime } from '../policy/proposals.ts';
import type { Capture } from '../recording/capture.ts';
import { judgeStep } from '../recording/episode.ts';
import type { EpisodeLog, Noted } from '../recording/episode-log.ts';
import { observationRecord } from '../recording/episode-recorder.ts';
import { proprioception } from '../recording/proprioception.ts';
import type { Commander } from './commander.ts';
import { type Driving, type Flight, newFlight, type Timing } from './driving.ts';
import { FAULTS, holding, type LoopFault, STORE_FAULTS } from './faults.ts';
import type { LoopOptions } from './loop-types.ts';
import { type LoopEvent, type LoopState, mayMove } from './phases.ts';
import type { Resets } from './resets.ts';
import { isFinite7 } from './set-point.ts';
import type { Takeover } from './takeover.ts';
import type { TickStats } from './tick-stats.ts';
import { maxHeartbeatAge, watch } from './watchdog.ts';

/** A camera silent for longer than this is a fault. */
const CAPTURE_PATIENCE_MS = 500;
/**
 * Number of deadlines missed in a row at which the arm holds: after three seconds of resting there is nothing to
 * learn.
 */
const MISSES_UNTIL_HOLD = 30;

/** The parts of one control loop. */
export interface LoopParts {
  readonly options: LoopOptions;
  readonly timing: Timing;
  readonly state: () => LoopState;
  readonly dispatch: (event: LoopEvent) => void;
  readonly fault: (fault: LoopFault) => void;
  /** Holds and reports when safety has held the arm; does nothing for `undefined`. */
  readonly heldBySafety: (cause: SafetyEvent | undefined) => void;
  readonly resets: Resets;
  readonly commander: Commander;
  readonly driving: Driving;
  readonly takeover: Takeover;
  readonly capture: Capture;
  readonly log: EpisodeLog;
  readonly stats: TickStats;
}

/** Holds and reports when a watchdog raises an alarm, in every phase in which the arm may move. */
export function checkWatchdogs({ options, state, takeover, fault }: LoopParts): void {
  const { phase } = state();
  if (phase !== 'running' && phase !== 'resetting') return;
  const { cell, settings } = options;
  const { maxStateAgeMs } = settings.limits;
  const maxHeartbeatAgeMs = maxHeartbeatAge(cell.info.simulated, takeover.driver() === 'human');
  const supervision = options.supervision();
  // A simulated scene may be set up before the first window opens.
  const unattended = supervision.unattended || (phase === 'resetting' && cell.info.simulated);
  const watched = { stateTimeMs: cell.state().timeMs, ...supervision, unattended };
  const alarm = watch(watched, { maxStateAgeMs, maxHeartbeatAgeMs }, cell.clock.nowMs());
  if (alarm) fault(FAULTS.alarm(alarm, maxStateAgeMs));
}

export async function runTick(parts: LoopParts, edgeMs: number): Promise<void> {
  const { options, state, dispatch, takeover, timing } = parts;
  takeover.atEdge();
  dispatch({ kind: 'edge', next: newFlight(edgeMs, takeover.driver() === 'human' ? 'human' : 'policy') });
  const tick = observeAndAsk(parts, edgeMs);
  const effectMs = edgeMs + timing.effectDelayMs;
  await tick.pending.arrivalOrTime(effectMs);
  await options.cell.clock.sleepUntilMs(effectMs);
  checkWatchdogs(parts);
  if (state().step) await command(parts, tick);
  await tick.pending.arrivalOrTime(edgeMs + timing.deadlineMs);
  if (!tick.noted()) await waitForPictures(parts, tick);
  const noted = tick.noted();
  if (noted) {
    await makeRoom(parts);
    record(parts, noted, tick.pending);
  } else {
    dispatch({ kind: 'abandon' });
    if (state().phase === 'running') parts.fault(FAULTS.lateCapture(CAPTURE_PATIENCE_MS));
  }
}

type Tick = ReturnType<typeof observeAndAsk>;

function observeAndAsk(parts: LoopParts, edgeMs: number) {
  const { cell, pace } = parts.options;
  const seen = Promise.withResolvers<void>();
  let noted: Noted | undefined;
  const note = (observation: Noted) => {
    noted = observation;
    seen.resolve();
  };
  /** The policy's answer to this tick's snapshot. */
  const pending = ask(cell.clock, pace, () => observe(parts, note));
  // `seen` resolves when the snapshot has been taken and judged; `noted` returns it from then on.
  return { edgeMs, pending, seen: seen.promise, noted: () => noted };
}

/** Takes the snapshot, judges the step that led to it, and asks the policy. Never rejects. */
async function observe(parts: LoopParts, note: (noted: Noted) => void): Promise<PolicyReply | undefined> {
  const { options, state, log } = parts;
  const { cell, task, policy, success } = options;
  const { recording, closing } = state();
  // Time may pass while the pictures are drawn, so the poses are read at the edge.
  const scenePoses = cell.scenePoses();
  const snapshot = await parts.capture.take();
  // The episode may have been abandoned, or the next one begun, before the snapshot came.
  if (!snapshot || recording !== state().recording) return undefined;
  const simulated = success.by() === 'simulator' ? snapshot.task : undefined;
  const judged = closing && judgeStep(task(), log.observations(), simulated, log.requests(), success.detected());
  if (judged?.end) parts.dispatch({ kind: 'judged-end' });
  const index = log.observed();
  const numbers = proprioception(snapshot.state, snapshot.tactile, parts.resets.newest().baseFromTool);
  note({ index, record: observationRecord(snapshot, numbers, scenePoses), judged });
  const { mode, phase } = state();
  return policy.propose({
    sequence: index,
    snapshot,
    proprioception: numbers,
    wantAction: mode === 'run' && !judged?.end && phase === 'running',
    interrupted: closing !== undefined && (closing.actor !== 'policy' || closing.late || closing.cut),
  });
}

/** Sends the actor's action to the arm at the effect time. The policy's proposal is stored whoever acts. */
async function command(parts: LoopParts, { pending, edgeMs }: Tick): Promise<void> {
  const { options, state, driving, log, stats, timing, fault } = parts;
  const { cell, puck } = options;
  const { step } = state();
  if (!step) return;
  const policyActs = () => mayMove(state()) && step.actor === 'policy';
  if (step.actor === 'human' && mayMove(state())) parts.heldBySafety(driving.applyHuman(step, puck.reading()));
  else if (policyActs() && !pending.value()) driving.rest();
  await pending.arrivalOrTime(edgeMs + timing.deadlineMs);
  const reply = pending.value();
  const latencyMs = (pending.arrivedMs() ?? cell.clock.nowMs()) - edgeMs;
  stats.policyLatency(pending.hostLatencyMs() ?? latencyMs);
  if (state().mode !== 'run') return;
  if (reply?.kind === 'failed') {
    if (policyActs()) fault(holding(reply.message, reply.remedy));
    return;
  }
  const action = reply?.action;
  if (reply && action) {
    if (!isFinite7(action)) return rejectAction(parts, policyActs());
    log.proposed(reply.saturation);
    step.policyAction = action;
  }
  if (!policyActs()) return;
  if (!reply || latencyMs > timing.deadlineMs) return missDeadline(parts, step, latencyMs);
  if (!action) return fault(FAULTS.noPolicy());
  stats.keptDeadline();
  parts.heldBySafety(driving.applyPolicy(step, action));
}

function rejectAction({ options, fault }: LoopParts, policyActs: boolean) {
  const name = options.policy.name() ?? 'the policy';
  if (policyActs) fault(FAULTS.badAction(name));
  options.events.badPolicy?.(name, 'its action was not a finite number');
}

function missDeadline({ options, driving, stats, fault, timing }: LoopParts, step: Flight, latencyMs: number) {
  driving.rest();
  step.late = true;
  step.effectDelayMs ??= latencyMs;
  const inARow = stats.missedDeadline();
  if (inARow === MISSES_UNTIL_HOLD) return fault(FAULTS.silentPolicy(inARow, timing.deadlineMs));
  if (inARow === 1)
    options.events.late?.(
      `The policy missed its deadline of ${timing.deadlineMs} ms; the arm held for the tick.`,
      'Close other programs, or use a smaller policy.',
    );
}

/**
 * On the host's clock a slow camera costs late ticks and skipped edges, and one that does not answer ends the
 * episode.
 */
async function waitForPictures({ options }: LoopParts, { seen, pending, edgeMs }: Tick): Promise<void> {
  const { cell, pace } = options;
  if (pace.kind === 'host') await promiseOrTime(cell.clock, seen, edgeMs + CAPTURE_PATIENCE_MS);
  // `settled` resolves without pictures when the cell has given up.
  else await Promise.race([seen, pending.settled]);
}

/** Hands the observation to the store, and with it the step that led to it. */
function record({ log, dispatch }: LoopParts, noted: Noted, pending: Pending<PolicyReply | undefined>): void {
  const observation = log.complete(noted, pending);
  dispatch({ kind: 'observed', entry: { observation, judged: noted.judged } });
  log.addLateEmbedding(noted, pending);
}

/**
 * Waits for the store in simulated time. When a robot fills the store faster than it writes, the arm holds and the
 * fault is reported.
 */
async function makeRoom({ options, state, fault }: LoopParts): Promise<void> {
  const { recorder, pace } = options;
  const room = recorder.room();
  if (room === 'plenty') return;
  if (room === 'none' && pace.kind === 'simulated' && (await recorder.drained()) === 'drained') return;
  if (state().phase === 'running') fault(STORE_FAULTS[room]);
}
