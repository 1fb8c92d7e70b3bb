/**
 * Two tasks for one policy: 8 features, of which the last says which task it is, to 2 actions. Each task is a fixed random network.
 * The new task's answer also depends on touch (2 numbers), which the old policy did not have; in the old task touch means nothing.
 */
import type { Rng } from '../../../main/api/rng.ts';

export const FEATURES = 8;
export const TOUCH = 2;
export const ACTIONS = 2;

export type Task = 'old' | 'new';

export interface Samples {
  /** [n, 8] */
  readonly features: Float32Array;
  /** [n, 2] */
  readonly touch: Float32Array;
  /** [n, 2] */
  readonly actions: Float32Array;
}

export function createTwoTasks(rng: Rng) {
  const answers = {
    old: randomNetwork(FEATURES - 1, rng.split('old')),
    new: randomNetwork(FEATURES - 1, rng.split('new')),
  };
  const ofTouch = randomNetwork(TOUCH, rng.split('touch'));
  return {
    /** With `felt`, what is touched changes what is right in the new task. */
    samples: (task: Task, count: number, draws: Rng, felt = false): Samples => {
      const features = new Float32Array(count * FEATURES);
      const touch = Float32Array.from({ length: count * TOUCH }, () => draws.normal());
      const actions = new Float32Array(count * ACTIONS);
      for (let row = 0; row < count; row++) {
        const seen = Float64Array.from({ length: FEATURES - 1 }, () => draws.normal());
        features.set([...seen, task === 'old' ? -1 : 1], row * FEATURES);
        const from = answers[task](seen);
        const extra = ofTouch(Float64Array.from(touch.subarray(row * TOUCH, (row + 1) * TOUCH)));
        for (let action = 0; action < ACTIONS; action++)
          actions[row * ACTIONS + action] = from[action]! + (felt && task === 'new' ? 0.5 * extra[action]! : 0);
      }
      return { features, touch, actions };
    },
  };
}

const HIDDEN = 8;

function randomNetwork(inputs: number, rng: Rng): (x: Float64Array) => readonly number[] {
  const first = Array.from({ length: HIDDEN }, () =>
    Float64Array.from({ length: inputs }, () => rng.normal() / Math.sqrt(inputs)),
  );
  const second = Array.from({ length: ACTIONS }, () =>
    Float64Array.from({ length: HIDDEN }, () => (1.5 * rng.normal()) / Math.sqrt(HIDDEN)),
  );
  const dot = (row: Float64Array, x: Float64Array) => row.reduce((sum, weight, index) => sum + weight * x[index]!, 0);
  return (x) => {
    const hidden = Float64Array.from(first, (row) => Math.tanh(dot(row, x)));
    return second.map((row) => dot(row, hidden));
  };
}
