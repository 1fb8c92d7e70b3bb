/**
 * Labelled pictures for the frozen encoder of the simulated cell. A group of frames follows from one seed of the
 * encoder's range: frames of an episode, of a driven rollout, or a handful of posed scenes. Every frame is taken in a way of its
 * own (`look.ts`). Renderer and picture size are those of the running cell. Groups of the hold-out set have other seeds and
 * other grasps than the training groups.
 */
import { createRng, type Rng } from '../../../main/api/rng.ts';
import { SEED_RANGES, type TaskId } from '../../../main/api/task.ts';
import type { ScenePoses } from '../../device.ts';
import { CELL_SHAPES } from '../camera/look.ts';
import { createRenderer } from '../camera/rasteriser.ts';
import { CAMERA_SIZE_PX, CAMERA_SUPERSAMPLE, CELL_INFO } from '../cell-info.ts';
import { type Conditions, type View, viewUnder } from '../conditions.ts';
import { SCENE_BODIES } from '../physics/model.ts';
import { loadMujoco } from '../physics/mujoco.ts';
import { createPhysics, type Physics, readReadings } from '../physics/physics.ts';
import { type Truth, truthOf } from '../physics/readings.ts';
import { SIM_TASKS } from '../tasks/task-registry.ts';
import { arrangeWidely, createEpisodeDriver, type EpisodeMode, episodeModeOf } from './episode.ts';
import { drawGrasp, type HeldPeg, realGrasps } from './grasp.ts';
import { createArmSolver } from './inverse-kinematics.ts';
import { drawKinematicScene, drawMode, type KinematicMode } from './kinematic.ts';
import { ENCODER_LABELS, encoderLabels } from './labels.ts';
import { drawTrainingView, type TrainingView } from './look.ts';
import { beginRollout, createRolloutDriver, type RolloutMode, rolloutModeOf } from './rollout.ts';
import { sense } from './sensor.ts';

export { ENCODER_LABEL_COUNT, ENCODER_LABELS, type EncoderLabelName } from './labels.ts';
export { TRAINING_VIEW_WORDS } from './look.ts';

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

export type EncoderDataSource = Awaited<ReturnType<typeof createEncoderData>>;

export const ENCODER_CAMERAS = CELL_INFO.cameras;

const USUAL: View = viewUnder('usual', CELL_SHAPES, 0);
const HELD_COLUMN = ENCODER_LABELS.slice(
  0,
  ENCODER_LABELS.findIndex(({ name }) => name === 'held'),
).reduce((sum, { size }) => sum + size, 0);
const HOLD_OUT_OFFSET = SEED_RANGES.encoder.count / 2;
/** Share of each kind among the groups; an episode gives more frames than a rollout, and that more than posed scenes. */
const GROUP_SHARES = { posed: 0.46, rollout: 0.31, insert: 0.06, lift: 0.08, 'pick-insert': 0.09 } as const;
type GroupKind = keyof typeof GROUP_SHARES;
const ROLLOUT_PERIODS = 36;
const ROLLOUT_FRAME_SHARE = 0.35;
const POSED_FRAMES = 12;
/** Share of an episode's periods that become frames, by where the hand is. */
const EPISODE_FRAME_SHARE = { above: 0.2, around: 0.3, grasp: 0.5, lifted: 0.25 } as const;
/** Share of the frames of the hold-out measurement. */
const MEASURED_FRAME_SHARE = 0.35;

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

  const draw = (scene: ScenePoses, view: View = USUAL): Uint8Array[] => {
    renderer.setScene(scene, view.look);
    return view.cameras.map((camera) => renderer.draw(camera));
  };
  const physicsOf = (task: TaskId): Physics => (SIM_TASKS[task].object === 'peg' ? pegs : blocks);

  const sceneOf = (physics: Physics, socket: boolean) => {
    physics.readScenePoses(poses);
    const truth = truthOf(readReadings(physics));
    return { truth, ...encoderLabels(truth, { object: physics.object, socket }) };
  };

  const frameOf = (physics: Physics, mode: EncoderMode, socket: boolean, rng: Rng): EncoderFrame => {
    const { labels, known } = sceneOf(physics, socket);
    const view: TrainingView = drawTrainingView(CELL_SHAPES, rng);
    const pictures = draw(poses, view);
    const { sensor } = view;
    return {
      mode,
      usual: view.usual,
      pictures: sensor ? pictures.map((rgb) => sense(rgb, CAMERA_SIZE_PX, sensor, rng)) : pictures,
      ...{ labels, known },
    };
  };

  const posed = (split: EncoderSplit, rng: Rng): EncoderFrame[] => {
    const frames: EncoderFrame[] = [];
    while (frames.length < POSED_FRAMES) {
      const mode = drawMode(rng);
      const scene = drawKinematicScene(mode, grasps[split], solver, rng);
      if (!scene) continue;
      const physics = scene.object === 'peg' ? pegs : blocks;
      physics.arrange(scene.arrangement);
      frames.push(frameOf(physics, mode, scene.arrangement.socket !== undefined, rng));
    }
    return frames;
  };

  const rollout = (split: EncoderSplit, rng: Rng): EncoderFrame[] => {
    beginRollout(pegs, drawGrasp(grasps[split], rng), rng);
    const drive = createRolloutDriver(pegs, rng.split('driver'));
    const frames: EncoderFrame[] = [];
    for (let period = 0; period < ROLLOUT_PERIODS; period++) {
      const truth = drive();
      if (rng.uniform() < ROLLOUT_FRAME_SHARE) frames.push(frameOf(pegs, rolloutModeOf(truth), true, rng));
    }
    return frames;
  };

  const episode = (task: TaskId, split: EncoderSplit, rng: Rng): EncoderFrame[] => {
    const physics = physicsOf(task);
    if (task === 'insert') beginRollout(physics, drawGrasp(grasps[split], rng), rng);
    else arrangeWidely(physics, task, solver, rng);
    const drive = createEpisodeDriver(physics, task, true, rng.split('driver'));
    const frames: EncoderFrame[] = [];
    for (let truth = drive(); truth; truth = drive()) {
      const mode = modeOf(physics, truth);
      const share = mode in EPISODE_FRAME_SHARE ? EPISODE_FRAME_SHARE[mode as EpisodeMode] : ROLLOUT_FRAME_SHARE;
      if (rng.uniform() < share) frames.push(frameOf(physics, mode, task !== 'lift', rng));
    }
    return frames;
  };

  /** A peg in the hand near the socket has the rollout's modes. */
  const modeOf = (physics: Physics, truth: Truth): EncoderMode => {
    const { labels } = encoderLabels(truth, { object: physics.object, socket: physics.object === 'peg' });
    const held = labels[HELD_COLUMN] === 1;
    const region = rolloutModeOf(truth);
    return physics.object === 'peg' && held && region !== 'driven-far' ? region : episodeModeOf(truth, held);
  };

  return {
    /** Names of the cameras, in the order of `EncoderFrame.pictures`. */
    cameras: ENCODER_CAMERAS.map(({ name }) => name),
    /** Draws one picture per camera of a posed scene. */
    pictures: draw,
    /** Makes the frames of one group. The same index gives the same bytes. */
    group: (split: EncoderSplit, index: number): EncoderFrame[] => {
      const rng = createRng(encoderGroupSeed(split, index)).split('encoder');
      const kind = drawKind(rng);
      if (kind === 'posed') return posed(split, rng);
      return kind === 'rollout' ? rollout(split, rng) : episode(kind, split, rng);
    },
    /**
     * Makes frames of one undisturbed episode of the task on a seed of the hold-out set, each seen under every one of the
     * conditions in turn. The task starts it, except that `insert` takes the hold-out grasps.
     */
    measuredEpisode: (task: TaskId, index: number, conditions: readonly Conditions[]): MeasuredFrame[] => {
      const seed = encoderGroupSeed('hold-out', index);
      const rng = createRng(seed).split(`measured ${task}`);
      const physics = physicsOf(task);
      if (task === 'insert') beginRollout(physics, drawGrasp(grasps['hold-out'], rng), rng);
      else SIM_TASKS[task].arrange(physics, seed);
      const drive = createEpisodeDriver(physics, task, false, rng.split('driver'));
      const views = conditions.map((each) => [each, viewUnder(each, CELL_SHAPES, seed)] as const);
      const frames: MeasuredFrame[] = [];
      for (let truth = drive(); truth; truth = drive()) {
        if (rng.uniform() >= MEASURED_FRAME_SHARE) continue;
        const { labels, known } = sceneOf(physics, task !== 'lift');
        const pictures = Object.fromEntries(views.map(([name, view]) => [name, draw(poses, view)]));
        frames.push({ mode: modeOf(physics, truth), truth, labels, known, pictures });
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

function drawKind(rng: Rng): GroupKind {
  let left = rng.uniform();
  for (const [kind, share] of Object.entries(GROUP_SHARES)) {
    left -= share;
    // The entries' names are the keys of GROUP_SHARES, but `Object.entries` returns strings.
    if (left < 0) return kind as GroupKind;
  }
  return 'posed';
}
