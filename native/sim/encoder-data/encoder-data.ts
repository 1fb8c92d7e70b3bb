/**
 * Labelled pictures for the frozen encoder of the simulated cell. A group of frames follows from one seed of the
 * encoder's range and has one look: frames of a driven rollout, or a handful of posed scenes. Renderer, camera poses
 * and picture size are those of the running cell. Groups of the hold-out set have other seeds and other grasps than the
 * training groups.
 */
import { createRng } from '../../../main/api/rng.ts';
import { SEED_RANGES } from '../../../main/api/task.ts';
import type { ScenePoses } from '../../device.ts';
import { CELL_SHAPES } from '../camera/look.ts';
import { createRenderer } from '../camera/rasteriser.ts';
import { DEFAULT_LOOK, type RenderLook } from '../camera/render-scene.ts';
import { CAMERA_SIZE_PX, CAMERA_SUPERSAMPLE, CELL_INFO } from '../cell-info.ts';
import { SCENE_BODIES } from '../physics/model.ts';
import { loadMujoco } from '../physics/mujoco.ts';
import { createPhysics, type Physics, readReadings } from '../physics/physics.ts';
import { truthOf } from '../physics/readings.ts';
import { drawGrasp, type HeldPeg, realGrasps } from './grasp.ts';
import { createArmSolver } from './inverse-kinematics.ts';
import { drawKinematicScene, drawMode, type KinematicMode } from './kinematic.ts';
import { encoderLabels } from './labels.ts';
import { randomLook } from './look.ts';
import { beginRollout, createRolloutDriver, type RolloutMode, rolloutModeOf } from './rollout.ts';

export { ENCODER_LABEL_COUNT, ENCODER_LABELS, type EncoderLabelName } from './labels.ts';

export type EncoderMode = KinematicMode | RolloutMode;
export type EncoderSplit = 'train' | 'hold-out';

export interface EncoderFrame {
  readonly mode: EncoderMode;
  /** True when the frame has the look of the running cell. */
  readonly defaultLook: boolean;
  /** One picture per camera, in the order of `ENCODER_CAMERAS`: `size`² RGB bytes. */
  readonly pictures: readonly Uint8Array[];
  /** [ENCODER_LABEL_COUNT], SI units. */
  readonly labels: Float32Array;
  /** [ENCODER_LABEL_COUNT], 1 for a label that the scene defines. */
  readonly known: Uint8Array;
}

export type EncoderDataSource = Awaited<ReturnType<typeof createEncoderData>>;

export const ENCODER_CAMERAS = CELL_INFO.cameras;

const HOLD_OUT_OFFSET = SEED_RANGES.encoder.count / 2;
const ROLLOUT_SHARE = 0.4;
const ROLLOUT_PERIODS = 36;
const ROLLOUT_FRAME_SHARE = 0.35;
const POSED_FRAMES = 6;

export function encoderGroupSeed(split: EncoderSplit, index: number): number {
  if (index < 0 || index >= HOLD_OUT_OFFSET) throw new RangeError(`group ${index} is outside the encoder's seeds`);
  return SEED_RANGES.encoder.first + index + (split === 'hold-out' ? HOLD_OUT_OFFSET : 0);
}

export async function createEncoderData() {
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

  const draw = (scene: ScenePoses, look: RenderLook = DEFAULT_LOOK): Uint8Array[] => {
    renderer.setScene(scene, look);
    return CELL_SHAPES.cameras.map((camera) => renderer.draw(camera));
  };

  const frameOf = (physics: Physics, mode: EncoderMode, socket: boolean, look: RenderLook): EncoderFrame => {
    physics.readScenePoses(poses);
    const truth = truthOf(readReadings(physics));
    return {
      mode,
      defaultLook: look === DEFAULT_LOOK,
      pictures: draw(poses, look),
      ...encoderLabels(truth, { object: physics.object, socket }),
    };
  };

  return {
    /** Names of the cameras, in the order of `EncoderFrame.pictures`. */
    cameras: ENCODER_CAMERAS.map(({ name }) => name),
    /** Draws one picture per camera of a posed scene. */
    pictures: draw,
    /** Makes the frames of one group. The same index gives the same bytes. */
    group: (split: EncoderSplit, index: number): EncoderFrame[] => {
      const rng = createRng(encoderGroupSeed(split, index)).split('encoder');
      const look = randomLook(CELL_SHAPES, rng.split('look'));
      const frames: EncoderFrame[] = [];
      if (rng.uniform() < ROLLOUT_SHARE) {
        beginRollout(pegs, drawGrasp(grasps[split], rng), rng);
        const drive = createRolloutDriver(pegs, rng.split('driver'));
        for (let period = 0; period < ROLLOUT_PERIODS; period++) {
          const truth = drive();
          if (rng.uniform() < ROLLOUT_FRAME_SHARE) frames.push(frameOf(pegs, rolloutModeOf(truth), true, look));
        }
        return frames;
      }
      while (frames.length < POSED_FRAMES) {
        const mode = drawMode(rng);
        const scene = drawKinematicScene(mode, grasps[split], solver, rng);
        if (!scene) continue;
        const physics = scene.object === 'peg' ? pegs : blocks;
        physics.arrange(scene.arrangement);
        frames.push(frameOf(physics, mode, scene.arrangement.socket !== undefined, look));
      }
      return frames;
    },
    dispose: () => {
      solver.dispose();
      pegs.dispose();
      blocks.dispose();
    },
  };
}
