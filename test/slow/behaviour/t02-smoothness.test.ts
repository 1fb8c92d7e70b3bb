/**
 * T2: demonstrations by a trembling hand. The tremor is in step with the control rate, so squared error learns it as if it were
 * meant; the smoothness term takes it out and leaves the way around the post. Chunks of 16 points, executed to their end.
 */
import type { Rng } from '../../../main/api/rng.ts';
import type { LossTerm } from '../../../main/learn/losses/combine.ts';
import type { HeadOptions } from '../../../main/learn/policies/heads.ts';
import { behaviour } from './behaviour.ts';
import { type ChunkData, chunksOf, fitHead } from './fit-head.ts';
import { WAY_STEPS, wayDemonstrations, wayOutcome, wayStarts } from './obstacle.ts';

const TREMOR = 0.05;
const ASKED = 200;
const head: HeadOptions = { name: 'mse' };

/** One side of the post only: two sides are T1's question. */
function trembling(rng: Rng): ChunkData {
  const data = wayDemonstrations(200, rng);
  const chunks = data.chunks.map((value, index) => {
    const [step, lateral] = [Math.floor(index / 2) % WAY_STEPS, index % 2 === 1];
    return lateral ? Math.abs(value) + TREMOR * (step % 2 === 0 ? 1 : -1) : value;
  });
  return { ...data, chunks };
}

/** Root mean square of the third difference of y. */
function jerk(chunks: Float32Array): number {
  let [total, count] = [0, 0];
  for (let row = 0; row < chunks.length; row += 2 * WAY_STEPS)
    for (let step = 3; step < WAY_STEPS; step++) {
      const y = (back: number) => chunks[row + 2 * (step - back) + 1]!;
      total += (y(0) - 3 * y(1) + 3 * y(2) - y(3)) ** 2;
      count += 1;
    }
  return Math.sqrt(total / count);
}

const smooth = (acceleration: number, jerkWeight: number): LossTerm[] => [
  { name: 'mse', weight: 1 },
  { name: 'smoothness', weight: 1, options: { velocity: 0, acceleration, jerk: jerkWeight } },
];

behaviour({
  id: 'T2',
  claim: 'a smoothness term takes the tremor out of a policy',
  expectations: [
    { measure: 'plainJerk', label: 'squared error alone: jerk over that of the tremor', role: 'control', atLeast: 0.8 },
    { measure: 'handbookGain', label: 'λ 1e-2, 1e-3: jerk falls by a factor', role: 'seen' },
    { measure: 'gain', label: 'λ 1e-2, 5e-2: jerk falls by a factor', role: 'claim', atLeast: 3 },
    { measure: 'lost', label: 'λ 1e-2, 5e-2: successes lost', role: 'claim', atMost: 0.02 },
    { measure: 'tooSmoothLost', label: 'λ 100: successes lost', role: 'control', atLeast: 0.1 },
  ],
  measure: async (rng) => {
    const data = trembling(rng.split('demonstrations'));
    const run = async (losses: readonly LossTerm[]) => {
      const fitted = await fitHead({ head, data, rng: rng.split('fit'), updates: 600, losses });
      const chunks = await chunksOf(fitted, head, wayStarts(ASKED, rng.split('asked')), rng);
      return { jerk: jerk(chunks), success: 1 - wayOutcome(chunks).collisions };
    };
    const plain = await run([{ name: 'mse', weight: 1 }]);
    const [handbook, strong, tooStrong] = [
      await run(smooth(1e-2, 1e-3)),
      await run(smooth(0.01, 0.05)),
      await run(smooth(100, 0)),
    ];
    return {
      plainJerk: plain.jerk / (8 * TREMOR), // The third difference of ±a is 8 a.
      handbookGain: plain.jerk / handbook.jerk,
      gain: plain.jerk / strong.jerk,
      lost: plain.success - strong.success,
      tooSmoothLost: plain.success - tooStrong.success,
    };
  },
});
