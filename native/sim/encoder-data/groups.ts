/** Groups of training frames: a handful of posed scenes, a driven rollout, or a disturbed episode of a task. */
import type { Rng } from '../../../main/api/rng.ts';
import type { TaskId } from '../../../main/api/task.ts';
import { arrangeWidely, createEpisodeDriver, drawHand } from './episode.ts';
import { drawGrasp } from './grasp.ts';
import { drawKinematicScene, drawMode } from './kinematic.ts';
import { beginRollout, createRolloutDriver, rolloutModeOf } from './rollout.ts';
import { type EncoderFrame, type EncoderSplit, modeOf, type Stage } from './stage.ts';

/** Share of each kind among the groups; an episode gives more frames than a rollout, and that more than posed scenes. */
const GROUP_SHARES = { posed: 0.4, rollout: 0.32, insert: 0.06, lift: 0.08, 'pick-insert': 0.14 } as const;
type GroupKind = keyof typeof GROUP_SHARES;
const ROLLOUT_PERIODS = 40;
const ROLLOUT_FRAME_SHARE = 0.35;
const POSED_FRAMES = 12;
/** Share of an episode's periods that become frames, by where the hand is. */
const EPISODE_FRAME_SHARE = {
  ...{ above: 0.2, around: 0.3, grasp: 0.5, lifted: 0.25 },
  ...{ 'driven-far': ROLLOUT_FRAME_SHARE, 'driven-air': ROLLOUT_FRAME_SHARE },
  ...{ 'driven-rim': ROLLOUT_FRAME_SHARE, 'driven-hole': ROLLOUT_FRAME_SHARE, 'driven-beside': ROLLOUT_FRAME_SHARE },
} as const;
/** Makes the frames of one group. */
export function drawGroup(stage: Stage, split: EncoderSplit, rng: Rng): EncoderFrame[] {
  const kind = drawKind(rng);
  if (kind === 'posed') return posed(stage, split, rng);
  return kind === 'rollout' ? rollout(stage, split, rng) : episode(stage, kind, split, rng);
}

function posed(stage: Stage, split: EncoderSplit, rng: Rng): EncoderFrame[] {
  const frames: EncoderFrame[] = [];
  while (frames.length < POSED_FRAMES) {
    const mode = drawMode(rng);
    const scene = drawKinematicScene(mode, stage.grasps[split], stage.solver, rng);
    if (!scene) continue;
    const physics = scene.object === 'peg' ? stage.pegs : stage.blocks;
    physics.arrange(scene.arrangement);
    frames.push(stage.frame(physics, mode, scene.arrangement.socket !== undefined, rng));
  }
  return frames;
}

function rollout(stage: Stage, split: EncoderSplit, rng: Rng): EncoderFrame[] {
  beginRollout(stage.pegs, drawGrasp(stage.grasps[split], rng), rng);
  const drive = createRolloutDriver(stage.pegs, rng.split('driver'));
  const frames: EncoderFrame[] = [];
  for (let period = 0; period < ROLLOUT_PERIODS; period++) {
    const truth = drive();
    if (rng.uniform() < ROLLOUT_FRAME_SHARE) frames.push(stage.frame(stage.pegs, rolloutModeOf(truth), true, rng));
  }
  return frames;
}

function episode(stage: Stage, task: TaskId, split: EncoderSplit, rng: Rng): EncoderFrame[] {
  const physics = stage.physicsOf(task);
  if (task === 'insert') beginRollout(physics, drawGrasp(stage.grasps[split], rng), rng);
  else arrangeWidely(physics, task, stage.solver, rng);
  const drive = createEpisodeDriver(physics, task, drawHand(rng.split('hand')), rng.split('driver'));
  const frames: EncoderFrame[] = [];
  for (let truth = drive(); truth; truth = drive()) {
    const mode = modeOf(physics, truth);
    if (rng.uniform() < EPISODE_FRAME_SHARE[mode]) frames.push(stage.frame(physics, mode, task !== 'lift', rng));
  }
  return frames;
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
