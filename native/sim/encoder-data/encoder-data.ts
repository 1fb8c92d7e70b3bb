/**
 * Labelled pictures for the frozen encoder of the simulated cell. A group of frames follows from one seed of the
 * encoder's range: frames of an episode, of a driven rollout, or a handful of posed scenes. Every frame is taken in a way of its
 * own (`look.ts`). Renderer and picture size are those of the running cell. Groups of the hold-out set have other seeds and
 * other grasps than the training groups.
 */
import { createRng } from '../../../main/api/rng.ts';
import { SEED_RANGES, type TaskId } from '../../../main/api/task.ts';
import { CELL_SHAPES } from '../camera/look.ts';
import { CELL_INFO } from '../cell-info.ts';
import { type Conditions, viewUnder } from '../conditions.ts';
import { SIM_TASKS } from '../tasks/task-registry.ts';
import { CAREFUL, createEpisodeDriver, MISTAKEN } from './episode.ts';
import { drawGrasp } from './grasp.ts';
import { drawGroup } from './groups.ts';
import { beginRollout } from './rollout.ts';
import { createStage, type EncoderFrame, type EncoderSplit, type MeasuredFrame } from './stage.ts';

export { ENCODER_LABEL_COUNT, ENCODER_LABELS, type EncoderLabelName } from './labels.ts';
export { TRAINING_VIEW_WORDS } from './look.ts';
export type { EncoderFrame, EncoderMode, EncoderSplit, MeasuredFrame } from './stage.ts';

export type EncoderDataSource = Awaited<ReturnType<typeof createEncoderData>>;

export const ENCODER_CAMERAS = CELL_INFO.cameras;

const HOLD_OUT_OFFSET = SEED_RANGES.encoder.count / 2;
const HANDS = { careful: CAREFUL, mistaken: MISTAKEN } as const;
export type MeasuredHand = keyof typeof HANDS;
/** Share of the frames of the hold-out measurement. */
const MEASURED_FRAME_SHARE = 0.35;

export function encoderGroupSeed(split: EncoderSplit, index: number): number {
  if (index < 0 || index >= HOLD_OUT_OFFSET) throw new RangeError(`group ${index} is outside the encoder's seeds`);
  return SEED_RANGES.encoder.first + index + (split === 'hold-out' ? HOLD_OUT_OFFSET : 0);
}

export async function createEncoderData() {
  const stage = await createStage();
  return {
    /** Names of the cameras, in the order of `EncoderFrame.pictures`. */
    cameras: ENCODER_CAMERAS.map(({ name }) => name),
    /** Draws one picture per camera of a posed scene. */
    pictures: stage.draw,
    /** Makes the frames of one group. The same index gives the same bytes. */
    group: (split: EncoderSplit, index: number): EncoderFrame[] =>
      drawGroup(stage, split, createRng(encoderGroupSeed(split, index)).split('encoder')),
    /**
     * Makes frames of one undisturbed episode of the task on a seed of the hold-out set, each seen under every one of the
     * conditions. The task starts it, except that `insert` takes the hold-out grasps. The hand is careful, or mistaken about the
     * hole.
     */
    measuredEpisode: (
      task: TaskId,
      index: number,
      conditions: readonly Conditions[],
      hand: MeasuredHand = 'careful',
    ): MeasuredFrame[] => {
      const seed = encoderGroupSeed('hold-out', index);
      const rng = createRng(seed).split(`measured ${task}`);
      const physics = stage.physicsOf(task);
      if (task === 'insert') beginRollout(physics, drawGrasp(stage.grasps['hold-out'], rng), rng);
      else SIM_TASKS[task].arrange(physics, seed);
      const drive = createEpisodeDriver(physics, task, HANDS[hand], rng.split('driver'));
      const views = conditions.map((each) => [each, viewUnder(each, CELL_SHAPES, seed)] as const);
      const frames: MeasuredFrame[] = [];
      for (let truth = drive(); truth; truth = drive())
        if (rng.uniform() < MEASURED_FRAME_SHARE) frames.push(stage.measured(physics, task !== 'lift', views));
      return frames;
    },
    dispose: stage.dispose,
  };
}
