/**
 * Turns readings and poses into a tick's snapshot. The lockstep cell and the live one share it, so that both sense
 * alike.
 */
import type { CameraFrame, TactileFrame } from '../../main/api/observation.ts';
import { createRng } from '../../main/api/rng.ts';
import type { ScenePoses, Snapshot } from '../device.ts';
import { CELL_SHAPES } from './camera/look.ts';
import { createRenderer } from './camera/rasteriser.ts';
import { CAMERA_SIZE_PX, CAMERA_SUPERSAMPLE } from './cell-info.ts';
import { type Conditions, viewUnder } from './conditions.ts';
import { READING, robotStateOf, truthOf } from './physics/readings.ts';
import { stateEstimate } from './physics/state-estimate.ts';
import { createTactilePads } from './physics/tactile.ts';
import type { SimTask } from './tasks/task.ts';

export interface Episode {
  readonly task: SimTask;
  readonly seed: number;
}

export function createEyes(conditions: Conditions = 'usual') {
  const renderer = createRenderer(CELL_SHAPES, CAMERA_SIZE_PX, CAMERA_SUPERSAMPLE);
  let view = viewUnder(conditions, CELL_SHAPES, 0);
  return {
    /** Sets look and cameras to the conditions of the episode with this seed. */
    setView: (seed: number): void => {
      view = viewUnder(conditions, CELL_SHAPES, seed);
    },
    /** Draws one picture per camera of the cell. */
    look: (poses: ScenePoses): CameraFrame[] => {
      renderer.setScene(poses, view.look);
      return view.cameras.map((camera) => ({
        camera: camera.name,
        widthPx: CAMERA_SIZE_PX,
        heightPx: CAMERA_SIZE_PX,
        rgb: renderer.draw(camera),
      }));
    },
  };
}

export function createSkin() {
  const pads = createTactilePads();
  return {
    /** Reads both pads. The noise follows from seed and simulated time, so two calls at one instant agree. */
    feel: (poses: ScenePoses, readings: Float64Array, seed: number): TactileFrame[] => {
      const rng = createRng(seed)
        .split('tactile')
        .split(Math.round(readings[READING.simTimeSec]! * 1000));
      return pads.frames(poses, readings.subarray(READING.padTotals, READING.padTotals + 8), rng);
    },
  };
}

export function snapshotOf(
  readings: Float64Array,
  timeMs: number,
  episode: Episode | undefined,
  frames: readonly CameraFrame[],
  tactile: readonly TactileFrame[],
): Snapshot {
  const truth = truthOf(readings);
  return {
    state: robotStateOf(readings, timeMs),
    frames,
    tactile,
    task: episode?.task.outcome(truth),
    stateEstimate: episode && stateEstimate(truth),
  };
}
