/** T3: one label in twenty is a spike. Huber's bounded pull follows the rest; squared error follows the spikes. */
import type { Rng } from '../../../main/api/rng.ts';
import type { LossTerm } from '../../../main/learn/losses/combine.ts';
import { behaviour } from './behaviour.ts';
import { type ChunkData, chunksOf, fitHead } from './fit-head.ts';

const head = { name: 'mse' } as const;
const SQUARED: readonly LossTerm[] = [{ name: 'mse', weight: 1 }];
const HUBER: readonly LossTerm[] = [{ name: 'huber', weight: 1, options: { delta: 0.1 } }];
const FIT = { updates: 1500, hidden: [64, 64], batchSize: 64 };
const truth = (x: number) => 0.5 * Math.sin(3 * x);

function samples(count: number, spikes: number, rng: Rng): ChunkData {
  const observations = Float32Array.from({ length: count }, () => rng.range(-1, 1));
  const chunks = observations.map((x) => {
    const spike = rng.uniform() < spikes ? rng.range(1, 2) * (rng.uniform() < 0.5 ? -1 : 1) : 0;
    return truth(x) + 0.02 * rng.normal() + spike;
  });
  return { observations, chunks, shape: { observation: 1, steps: 1, size: 1 } };
}

behaviour({
  id: 'T3',
  claim: 'spikes in the labels: Huber against squared error',
  expectations: [
    { measure: 'squared', label: 'squared error: error of held-out actions (rms)', role: 'control', atLeast: 0.03 },
    { measure: 'clean', label: 'the same trained without spikes', role: 'control', atMost: 0.015 },
    { measure: 'huber', label: 'Huber: error of held-out actions (rms)', role: 'seen' },
    { measure: 'ratio', label: 'Huber over squared error', role: 'claim', atMost: 0.5 },
  ],
  measure: async (rng) => {
    const held = Float32Array.from({ length: 400 }, (_, index) => -1 + index / 200);
    const error = async (spikes: number, losses: readonly LossTerm[]) => {
      const data = samples(400, spikes, rng.split('data'));
      const fitted = await fitHead({ head, data, rng: rng.split('fit'), losses, ...FIT });
      const actions = await chunksOf(fitted, head, held, rng);
      const total = actions.reduce((sum, action, index) => sum + (action - truth(held[index]!)) ** 2, 0);
      return Math.sqrt(total / held.length);
    };
    const [squared, clean, huber] = [await error(0.05, SQUARED), await error(0, SQUARED), await error(0.05, HUBER)];
    return { squared, clean, huber, ratio: huber / squared };
  },
});
