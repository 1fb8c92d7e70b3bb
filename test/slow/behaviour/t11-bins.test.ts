/**
 * T11: an insertion with a tolerance of 0.002 of the range. RT-1's 256 bins are 0.0078 wide and decode to their left edge: not even
 * a perfect classifier is good enough. A continuous head is.
 */
import type { Rng } from '../../../main/api/rng.ts';
import type { HeadOptions } from '../../../main/learn/policies/heads.ts';
import { behaviour } from './behaviour.ts';
import { type ChunkData, chunksOf, fitHead } from './fit-head.ts';

const TOLERANCE = 0.002;
const FIT = { hidden: [128, 128], batchSize: 128, learningRate: 3e-3 };
const depth = (x: number) => 0.7 * Math.sin(2 * x);
const bins = (scheme: 'rt1' | 'openvla'): HeadOptions => ({ name: 'categorical', scheme, act: 'likeliest' });

function samples(count: number, rng: Rng): ChunkData {
  const observations = Float32Array.from({ length: count }, () => rng.range(-1, 1));
  return { observations, chunks: observations.map(depth), shape: { observation: 1, steps: 1, size: 1 } };
}

/** Share of `actions` within the tolerance of what is right at `observations`. */
const fitting = (observations: Float32Array, actions: Float32Array) =>
  actions.filter((action, index) => Math.abs(action - depth(observations[index]!)) < TOLERANCE).length / actions.length;

/** RT-1's rule on the right answers themselves: what a classifier without errors would do. */
const perfectRt1 = (action: number) => (Math.floor(((action + 1) / 2) * 255) / 255) * 2 - 1;

behaviour({
  id: 'T11',
  claim: 'bins are too coarse for a tight insertion',
  expectations: [
    { measure: 'continuous', label: 'regression: insertions that fit', role: 'claim', atLeast: 0.9 },
    { measure: 'rt1', label: 'RT-1 bins: insertions that fit', role: 'control', atMost: 0.4 },
    { measure: 'perfect', label: 'RT-1 bins without a classification error', role: 'control', atMost: 0.4 },
    { measure: 'openvla', label: 'OpenVLA bins (decode to the middle): insertions that fit', role: 'seen' },
  ],
  measure: async (rng) => {
    const data = samples(4000, rng.split('data'));
    const asked = samples(1000, rng.split('asked')).observations;
    const run = async (head: HeadOptions, updates: number) => {
      const options = { head, data, rng: rng.split('fit'), updates, averaging: 0.01, ...FIT };
      return fitting(asked, await chunksOf(await fitHead(options), head, asked, rng));
    };
    return {
      continuous: await run({ name: 'mse' }, 8000),
      rt1: await run(bins('rt1'), 2000),
      openvla: await run(bins('openvla'), 2000),
      perfect: fitting(asked, asked.map(depth).map(perfectRt1)),
    };
  },
});
