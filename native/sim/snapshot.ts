/**
 * Turns readings and poses into a tick's snapshot. The lockstep cell and the live one share it, so that both sense
 * alike.
 */
import type { CameraFrame, TactileFrame } from '../../main/api/observation.ts';
import { createRng } from '../../main/api/rng.ts';
import type { ScenePoses, Snapshot } from '../device.ts';
import { CELL_SHAPES } from './camera/look.ts';
import { createRenderer } from './camera/rasteriser.ts';
import { CAMERA_SIZE_PX } from './cell-info.ts';
import { type Conditions, viewUnder } from './conditions.ts';
import { READING, robotStateOf, truthOf } from './physics/readings.ts';
import { stateEstimate } from './physics/state-estimate.ts';
import { createTactilePads } from './physics/tactile.ts';
import type { SimTask } from './tasks/task.ts';

const SUPERSAMPLE = 2;

export interface Episode {
  readonly task: SimTask;
  readonly seed: number;
}

export interface Eyes {
  /** Draws one picture per camera of the cell. */
  look(poses: ScenePoses): CameraFrame[];
  /** Sets look and cameras to the conditions of the episode with this seed. */
  setView(seed: number): void;
}

export function createEyes(conditions: Conditions = 'usual'): Eyes {
  const renderer = createRenderer(CELL_SHAPES, { size: CAMERA_SIZE_PX, supersample: SUPERSAMPLE });
  let view = viewUnder(conditions, CELL_SHAPES, 0);
  return {
    setView: (seed) => {
      view = viewUnder(conditions, CELL_SHAPES, seed);
    },
    look: (poses) => {
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

export interface Skin {
  /** Reads both pads. The noise follows from seed and simulated time, so two calls at one instant agree. */
  feel(poses: ScenePoses, readings: Float64Array, seed: number): TactileFrame[];
}

export function createSkin(): Skin {
  const pads = createTactilePads();
  return {
    feel: (poses, readings, seed) => {
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
