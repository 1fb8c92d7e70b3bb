/**
 * The live cell's servo thread: steps MuJoCo up to the granted substep, at most as fast as the host's time. Reads the
 * set-point from shared memory before each substep and publishes the measured state after it. Sleeps between substeps,
 * never spins. After a delay it catches up a few milliseconds; the rest makes simulated time fall behind the host's for
 * good.
 */
import { performance } from 'node:perf_hooks';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../../main/api/clock.ts';
import type { SetPoint } from '../../device.ts';
import { SCENE_BODIES, SUBSTEP_MS } from '../physics/model.ts';
import { loadMujoco } from '../physics/mujoco.ts';
import { createPhysics, type Physics } from '../physics/physics.ts';
import { READINGS_SIZE } from '../physics/readings.ts';
import { SIM_TASKS } from '../tasks/task-registry.ts';
import { COMMAND, COMMAND_SIZE, createSharedState, emptyReport } from './shared-state.ts';
import type { FromServo, ServoStart, ToServo } from './worker-messages.ts';

const MAX_CATCH_UP_MS = 20;
const FAULT_CHECK_SUBSTEPS = 50;

if (!parentPort) throw new Error('servo-worker.ts is the entry of a worker thread; open a realtime cell instead');
const port = parentPort;
const { shared: buffer, clockOriginMs }: ServoStart = workerData;
const shared = createSharedState(buffer);
const offsetMs = performance.timeOrigin - clockOriginMs;
const hostNowMs = () => systemClock.nowMs() + offsetMs;
const send = (message: FromServo) => port.postMessage(message);

const mujoco = await loadMujoco();
const scenes = {
  peg: createPhysics(mujoco, { object: 'peg' }),
  block: createPhysics(mujoco, { object: 'block' }),
};
let physics: Physics = scenes.peg;
const readings = new Float64Array(READINGS_SIZE);
const poses = new Float32Array(SCENE_BODIES.length * 7);
const commandNumbers = new Float64Array(COMMAND_SIZE);
const report = emptyReport();
let seenSequence = shared.commandSequence();
/** The simulated clock: substeps since the cell was opened. */
let substeps = 0;
let dueHostMs = hostNowMs();
let arrivedAt = -1;
let sinceCheck = 0;
let faulted = false;

function publish(): void {
  physics.read(readings);
  physics.readScenePoses(poses);
  report.timeMs = substeps * SUBSTEP_MS;
  report.dueHostMs = dueHostMs;
  shared.writeState(readings, poses, report);
}

function setPointOf(numbers: Float64Array): SetPoint {
  return {
    baseFromTool: {
      positionM: [numbers[0]!, numbers[1]!, numbers[2]!],
      orientation: [numbers[3]!, numbers[4]!, numbers[5]!, numbers[6]!],
    },
    gripper: numbers[COMMAND.gripperOpen] === 1 ? 'open' : 'close',
    rampMs: numbers[COMMAND.rampMs]!,
  };
}

function takeCommand(): void {
  const sequence = shared.commandSequence();
  if (sequence === seenSequence) return;
  shared.readCommand(commandNumbers);
  seenSequence = sequence;
  if (commandNumbers[COMMAND.isHold] === 1) physics.hold();
  else {
    shared.setResting(false);
    physics.command(setPointOf(commandNumbers));
  }
  report.firstUseNumber = commandNumbers[COMMAND.number]!;
  report.firstUseIssuedMs = commandNumbers[COMMAND.issuedMs]!;
  report.firstUseMs = hostNowMs();
}

function handle(message: ToServo): void {
  switch (message.kind) {
    case 'set-time':
      substeps = message.substeps;
      dueHostMs = hostNowMs();
      publish();
      return;
    case 'reset': {
      // The arm stays where it is when the reset was called off.
      if (!shared.beginReset(message.id)) return;
      const task = SIM_TASKS[message.task];
      physics = scenes[task.object];
      task.arrange(physics, message.seed);
      faulted = false;
      // Commands that were issued until now belong to the old episode.
      seenSequence = shared.commandSequence();
      shared.setResting(true);
      publish();
      send({ kind: 'reset-done', id: message.id });
      return;
    }
    default:
      message satisfies never;
  }
}

function checkFault(): void {
  if (++sinceCheck < FAULT_CHECK_SUBSTEPS) return;
  sinceCheck = 0;
  const message = physics.fault();
  if (!message) return;
  faulted = true;
  send({ kind: 'fault', message });
}

/**
 * Advances simulated time by one substep. A cell at fault does not move until the next reset, but it still publishes
 * its state.
 */
function substep(): void {
  if (!faulted) {
    takeCommand();
    if (!shared.resting()) {
      physics.step();
      checkFault();
    }
  }
  substeps++;
  dueHostMs += SUBSTEP_MS;
  publish();
}

/** Steps while host time and the grant allow it. Returns the milliseconds until the next substep is due. */
function advance(): number {
  const lateMs = hostNowMs() - dueHostMs - SUBSTEP_MS;
  if (lateMs > MAX_CATCH_UP_MS) {
    report.overruns++;
    report.droppedMs += lateMs - MAX_CATCH_UP_MS;
    dueHostMs += lateMs - MAX_CATCH_UP_MS;
  }
  const limit = shared.granted();
  while (substeps < limit && hostNowMs() >= dueHostMs + SUBSTEP_MS) substep();
  if (substeps < limit) return Math.max(0.05, dueHostMs + SUBSTEP_MS - hostNowMs());
  if (arrivedAt !== limit) {
    arrivedAt = limit;
    send({ kind: 'arrived', substeps });
  }
  return Number.POSITIVE_INFINITY;
}

publish();
send({ kind: 'ready' });
// The loop ends with the thread, which is terminated from outside.
for (;;) {
  const seen = shared.wakes();
  for (let received = receiveMessageOnPort(port); received; received = receiveMessageOnPort(port))
    handle(received.message);
  shared.sleep(seen, advance());
}
