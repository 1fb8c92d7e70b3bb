/**
 * A recorded episode of the simulated cell for the contract engine to play back: the scripted expert drives in
 * lockstep, one stretch of it labelled as a person's. Poses at 30 Hz, pictures and pads at every step. The same seed
 * gives the same tape.
 */
import { Quaternion, Vector3 } from 'three';
import type { Actor, CameraFrame, StepSummary, TactileFrame } from '../../main/api/index.ts';
import { createRng } from '../../main/api/rng.ts';
import { createLockstepCell } from '../../native/sim/lockstep-cell.ts';
import { createExpert } from '../../native/sim/people/expert.ts';

export interface TapeStep {
  readonly summary: StepSummary;
  readonly frames: readonly CameraFrame[];
  readonly tactile: readonly TactileFrame[];
  /** Three sets of body poses within the step. */
  readonly poses: readonly Float32Array[];
  readonly wrench: readonly number[];
  readonly toolPositionM: readonly number[];
  /** The set-point: x, y, z, qx, qy, qz, qw. */
  readonly setPoint: readonly number[];
}
export interface Tape {
  readonly steps: readonly TapeStep[];
}

const PERIOD_MS = 100;
const SUBSTEPS = 3;

/** Returns who drove a step. */
function actorAt(index: number): Actor {
  if (index === 9) return 'mixed';
  return index > 9 && index < 19 ? 'human' : 'policy';
}

export async function recordTape(seed: number, maxSteps = 70): Promise<Tape> {
  const cell = createLockstepCell();
  await cell.open();
  await cell.reset('insert', seed, new AbortController().signal);
  const expert = createExpert('insert', createRng(seed));
  const steps: TapeStep[] = [];
  const orientation = new Quaternion(...cell.state().baseFromTool.orientation);
  for (let index = 0; index < maxSteps; index++) {
    const snapshot = await cell.capture();
    const action = expert.nextAction(cell.truth());
    const actor = actorAt(index);
    // The policy of the tape errs sideways until the person has helped.
    const drift = actor === 'policy' && index < 9 ? 0.35 * Math.sin(index / 3) : 0;
    const move = new Vector3(action[0]! + drift, action[1]! - drift, action[2]! * (index < 9 ? 0.5 : 1));
    const { positionM } = snapshot.state.baseFromTool;
    move
      .multiplyScalar(0.01)
      .applyQuaternion(orientation)
      .add(new Vector3(...positionM));
    const turn = new Vector3(action[3], action[4], action[5]).multiplyScalar(0.05);
    const angle = turn.length();
    if (angle > 1e-6)
      orientation.multiply(new Quaternion().setFromAxisAngle(turn.divideScalar(angle), angle)).normalize();
    const q = orientation;
    cell.command({
      baseFromTool: { positionM: [move.x, move.y, move.z], orientation: [q.x, q.y, q.z, q.w] },
      gripper: 'close',
      rampMs: PERIOD_MS,
    });
    const poses: Float32Array[] = [];
    for (let part = 1; part <= SUBSTEPS; part++) {
      poses.push(cell.scenePoses());
      cell.clock.advanceToMs(index * PERIOD_MS + (part * PERIOD_MS) / SUBSTEPS);
    }
    const wrench = snapshot.state.wrenchInTool;
    const success = snapshot.task?.success ?? false;
    steps.push({
      summary: {
        index,
        actor,
        idle: false,
        action: [...action],
        reward: success ? 10 : -0.05,
        forceN: Math.hypot(wrench[0], wrench[1], wrench[2]),
        gripperOpeningM: snapshot.state.gripperOpeningM,
        safety: [],
      },
      frames: snapshot.frames,
      tactile: snapshot.tactile,
      poses,
      wrench: [...wrench],
      toolPositionM: [...positionM],
      setPoint: [move.x, move.y, move.z, q.x, q.y, q.z, q.w],
    });
    if (success) break;
  }
  await cell.close();
  return { steps };
}
