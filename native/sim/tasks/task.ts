/**
 * A task of the cell: the start of an episode and its outcome. Starts follow from the seed alone. Outcomes are pure
 * functions of the simulator's truth, so that the live cell can judge on another thread than the one that steps.
 */
import type { Vec3 } from '../../../main/api/geometry.ts';
import type { Workspace } from '../../../main/api/limits.ts';
import { createRng, type Rng } from '../../../main/api/rng.ts';
import { SEED_RANGES, type SeedRange, type TaskId } from '../../../main/api/task.ts';
import type { TaskOutcome } from '../../device.ts';
import { ARM_JOINTS, HOME_RAD, type LooseObject, PHYSICS_HZ } from '../physics/model.ts';
import type { Physics } from '../physics/physics.ts';
import type { Truth } from '../physics/readings.ts';

export interface SimTask {
  readonly id: TaskId;
  readonly object: LooseObject;
  /** Brings the scene to the start of the episode, settled and holding. */
  arrange(physics: Physics, seed: number): void;
  outcome(truth: Truth): TaskOutcome;
  /** Returns the box for the tool point, given where it started. */
  workspace(start: Vec3): Workspace;
}

/** The peg is inserted when its tip is deeper than the first and less far off axis than the second. */
export const SUCCESS_DEPTH_M = 0.024;
export const SUCCESS_LATERAL_M = 0.004;
const SETTLE_SEC = 0.1;

/** Returns the range of a seed. Seeds outside all ranges, such as a user's own number, count as training seeds. */
export function seedRangeOf(seed: number): SeedRange {
  if (seed >= SEED_RANGES.report.first) return 'report';
  if (seed >= SEED_RANGES.selection.first) return 'selection';
  if (seed >= SEED_RANGES.encoder.first && seed < SEED_RANGES.encoder.first + SEED_RANGES.encoder.count)
    return 'encoder';
  return 'training';
}

/** Returns the random stream that arranges an episode. */
export function sceneRng(seed: number): Rng {
  return createRng(seed).split('scene');
}

/** Draws a posture close to the home posture. */
export function homePosture(rng: Rng): number[] {
  return Array.from({ length: ARM_JOINTS }, (_, joint) => HOME_RAD[joint]! + rng.range(-0.02, 0.02));
}

/** Runs the dynamics for a moment, so that placed objects settle, then holds the arm. */
export function settle(physics: Physics): void {
  const steps = Math.round(SETTLE_SEC * PHYSICS_HZ);
  for (let step = 0; step < steps; step++) physics.step();
  physics.hold();
}

/** Returns the distance to an insertion: off-axis distance plus height above the depth that counts. */
export function remainingToInsertM(truth: Truth): number {
  return truth.lateralErrorM + Math.max(0, SUCCESS_DEPTH_M - truth.depthM);
}

export function isInserted(truth: Truth): boolean {
  return truth.lateralErrorM < SUCCESS_LATERAL_M && truth.depthM > SUCCESS_DEPTH_M;
}

export function toolToObjectM(truth: Truth): number {
  const [toolX, toolY, toolZ] = truth.baseFromTool.positionM;
  const [x, y, z] = truth.baseFromObject.positionM;
  return Math.hypot(toolX - x, toolY - y, toolZ - z);
}
