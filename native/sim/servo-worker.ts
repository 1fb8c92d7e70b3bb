/**
 * The live cell's servo thread: steps MuJoCo in real time, one substep every 1–2 ms, reading the set-point from shared
 * memory before each and publishing the measured state after. Sleeps between substeps, never spins. When the machine was
 * busy it catches up at most a few milliseconds and drops the rest, so that time never runs faster than real to make up.
 */
import { performance } from 'node:perf_hooks';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../main/api/clock.ts';
import type { SetPoint } from '../device.ts';
import { SCENE_BODIES } from './model.ts';
import { loadMujoco } from './mujoco.ts';
import { createPhysics, type Physics } from './physics.ts';
import { READINGS_SIZE } from './readings.ts';
import { COMMAND, COMMAND_SIZE, createSharedState, emptyReport } from './shared-state.ts';
import { SIM_TASKS } from './tasks/registry.ts';
import type { FromServo, ServoStart, ToServo } from './worker-messages.ts';

const MAX_CATCH_UP_MS = 8;
const FAULT_CHECK_SUBSTEPS = 50;

if (!parentPort) throw new Error('servo-worker.ts is the entry of a worker thread; open a realtime cell instead');
const port = parentPort;
const { shared: buffer, physicsHz, clockOriginMs }: ServoStart = workerData;
const shared = createSharedState(buffer);
const offsetMs = performance.timeOrigin - clockOriginMs;
const nowMs = () => systemClock.nowMs() + offsetMs;
const send = (message: FromServo) => port.postMessage(message);

const mujoco = await loadMujoco();
const scenes = {
  peg: createPhysics(mujoco, { object: 'peg', physicsHz }),
  block: createPhysics(mujoco, { object: 'block', physicsHz }),
};
let physics: Physics = scenes.peg;
const readings = new Float64Array(READINGS_SIZE);
const poses = new Float32Array(SCENE_BODIES.length * 7);
const commandNumbers = new Float64Array(COMMAND_SIZE);
const report = emptyReport();
let seenSequence = shared.commandSequence();
let faulted = false;
let stopped = false;

function publish(): void {
  physics.read(readings);
  physics.readScenePoses(poses);
  report.timeMs = nowMs();
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
  else physics.command(setPointOf(commandNumbers));
  report.firstUseNumber = commandNumbers[COMMAND.number]!;
  report.firstUseIssuedMs = commandNumbers[COMMAND.issuedMs]!;
  report.firstUseMs = nowMs();
}

function handle(message: ToServo): void {
  switch (message.kind) {
    case 'stop':
      stopped = true;
      return;
    case 'reset': {
      const task = SIM_TASKS[message.task];
      physics = scenes[task.object];
      task.arrange(physics, message.seed);
      faulted = false;
      seenSequence = shared.commandSequence(); // what was commanded before belongs to the old episode
      publish();
      send({ kind: 'reset-done', id: message.id });
      return;
    }
    default:
      message satisfies never;
  }
}

function checkFault(): void {
  const message = physics.fault();
  if (!message) return;
  faulted = true;
  send({ kind: 'fault', message });
}

function run(): void {
  const substepMs = 1000 / physicsHz;
  let dueMs = nowMs() + substepMs;
  let sinceCheck = 0;
  while (!stopped) {
    for (let received = receiveMessageOnPort(port); received; received = receiveMessageOnPort(port)) {
      handle(received.message);
      dueMs = nowMs() + substepMs;
    }
    const lateMs = nowMs() - dueMs;
    if (lateMs > MAX_CATCH_UP_MS) {
      report.overruns++;
      report.droppedMs += lateMs - MAX_CATCH_UP_MS;
      dueMs += lateMs - MAX_CATCH_UP_MS;
    }
    while (!faulted && nowMs() >= dueMs) {
      takeCommand();
      physics.step();
      dueMs += substepMs;
      if (++sinceCheck >= FAULT_CHECK_SUBSTEPS) {
        sinceCheck = 0;
        checkFault();
      }
      publish();
    }
    if (faulted) {
      // Frozen, but alive: the state stays readable and fresh until the next reset.
      dueMs = nowMs() + substepMs;
      publish();
    }
    shared.sleep(Math.max(0.05, dueMs - nowMs()));
  }
  scenes.peg.dispose();
  scenes.block.dispose();
  port.close();
}

publish();
send({ kind: 'ready' });
run();
