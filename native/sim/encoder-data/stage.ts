/**
 * The stage on which the encoder's frames are made: the cell's physics with each object, the arm's inverse kinematics, the grasps and
 * the renderer. A frame is a scene's pictures, taken in some way, with the labels of its truth.
 */
import type { Rng } from '../../../main/api/rng.ts';
import type { TaskId } from '../../../main/api/task.ts';
import type { ScenePoses } from '../../device.ts';
import { CELL_SHAPES } from '../camera/look.ts';
import { createRenderer } from '../camera/rasteriser.ts';
import { CAMERA_SIZE_PX, CAMERA_SUPERSAMPLE } from '../cell-info.ts';
import { type View, viewUnder } from '../conditions.ts';
import { SCENE_BODIES } from '../physics/model.ts';
import { loadMujoco } from '../physics/mujoco.ts';
import { createPhysics, type Physics, readReadings } from '../physics/physics.ts';
import { type Truth, truthOf } from '../physics/readings.ts';
import { SIM_TASKS } from '../tasks/task-registry.ts';
import { type EpisodeMode, episodeModeOf } from './episode.ts';
import { type HeldPeg, realGrasps } from './grasp.ts';
import { createArmSolver } from './inverse-kinematics.ts';
import type { KinematicMode } from './kinematic.ts';
import { ENCODER_LABELS, encoderLabels } from './labels.ts';
import { drawTrainingView } from './look.ts';
import { type RolloutMode, rolloutModeOf } from './rollout.ts';
import { sense } from './sensor.ts';

export type EncoderMode = KinematicMode | RolloutMode | EpisodeMode;
export type EncoderSplit = 'train' | 'hold-out';

export interface EncoderFrame {
  readonly mode: EncoderMode;
  /** True when the picture is taken as the running cell takes it. */
  readonly usual: boolean;
  /** One picture per camera, in the order of `ENCODER_CAMERAS`: `size`² RGB bytes. */
  readonly pictures: readonly Uint8Array[];
  /** [ENCODER_LABEL_COUNT], SI units. */
  readonly labels: Float32Array;
  /** [ENCODER_LABEL_COUNT], 1 for a label that the scene defines. */
  readonly known: Uint8Array;
}

/** A frame of an undisturbed episode, under several conditions. */
export interface MeasuredFrame extends Omit<EncoderFrame, 'usual' | 'pictures'> {
  readonly truth: Truth;
  /** One picture per camera, by conditions. */
  readonly pictures: Readonly<Record<string, readonly Uint8Array[]>>;
}

const USUAL: View = viewUnder('usual', CELL_SHAPES, 0);
const HELD_COLUMN = ENCODER_LABELS.slice(
  0,
  ENCODER_LABELS.findIndex(({ name }) => name === 'held'),
).reduce((sum, { size }) => sum + size, 0);

export type Stage = Awaited<ReturnType<typeof createStage>>;

export async function createStage() {
  const mujoco = await loadMujoco();
  const solver = createArmSolver(mujoco);
  const pegs = createPhysics(mujoco, { object: 'peg' });
  const blocks = createPhysics(mujoco, { object: 'block' });
  const renderer = createRenderer(CELL_SHAPES, CAMERA_SIZE_PX, CAMERA_SUPERSAMPLE);
  const grasps: Readonly<Record<EncoderSplit, readonly HeldPeg[]>> = {
    train: realGrasps(pegs, 'train'),
    'hold-out': realGrasps(pegs, 'hold-out'),
  };
  const poses = new Float32Array(SCENE_BODIES.length * 7);

  const draw = (scene: ScenePoses, view: View = USUAL): Uint8Array[] => {
    renderer.setScene(scene, view.look);
    return view.cameras.map((camera) => renderer.draw(camera));
  };
  const read = (physics: Physics, socket: boolean) => {
    physics.readScenePoses(poses);
    const truth = truthOf(readReadings(physics));
    return { truth, ...encoderLabels(truth, { object: physics.object, socket }) };
  };

  return {
    ...{ solver, grasps, draw, pegs, blocks },
    physicsOf: (task: TaskId): Physics => (SIM_TASKS[task].object === 'peg' ? pegs : blocks),
    /** Makes a training frame of the scene as it is now, taken in a way that `rng` draws. */
    frame: (physics: Physics, mode: EncoderMode, socket: boolean, rng: Rng): EncoderFrame => {
      const { labels, known } = read(physics, socket);
      const view = drawTrainingView(CELL_SHAPES, rng);
      const pictures = draw(poses, view);
      const { usual, sensor } = view;
      return {
        ...{ mode, usual, labels, known },
        pictures: sensor ? pictures.map((rgb) => sense(rgb, CAMERA_SIZE_PX, sensor, rng)) : pictures,
      };
    },
    /** Makes a frame of the scene as it is now, seen in each of the views. */
    measured: (
      physics: Physics,
      socket: boolean,
      views: readonly (readonly [name: string, view: View])[],
    ): MeasuredFrame => {
      const { truth, labels, known } = read(physics, socket);
      const pictures = Object.fromEntries(views.map(([name, view]) => [name, draw(poses, view)]));
      return { mode: modeOf(physics, truth), truth, labels, known, pictures };
    },
    dispose: () => {
      solver.dispose();
      pegs.dispose();
      blocks.dispose();
    },
  };
}

/** Names the part of an episode; a peg in the hand near the socket has the rollout's modes. */
export function modeOf(physics: Physics, truth: Truth): RolloutMode | EpisodeMode {
  const { labels } = encoderLabels(truth, { object: physics.object, socket: physics.object === 'peg' });
  const held = labels[HELD_COLUMN] === 1;
  const region = rolloutModeOf(truth);
  return physics.object === 'peg' && held && region !== 'driven-far' ? region : episodeModeOf(truth, held);
}
