/** T4: noise that grows along the way, σ(x) = 0.05 + 0.2 x. A Gaussian head trained by likelihood says how sure it is. */
import type { Rng } from '../../../main/api/rng.ts';
import { clampLogVariance } from '../../../main/learn/losses/likelihood/gaussian-nll.ts';
import { createHead } from '../../../main/learn/policies/heads.ts';
import { input, mul } from '../../../main/tensor/tensor.ts';
import { behaviour } from './behaviour.ts';
import { evaluate } from './fit.ts';
import { type ChunkData, chunksOf, featuresOf, fitHead } from './fit-head.ts';

const gaussian = { name: 'gaussian', act: 'mean' } as const;
const mse = { name: 'mse' } as const;
const DECILES = 10;
const NEAR = 0.15;
const fits = { updates: 2500, hidden: [32, 32], batchSize: 256 };
const deviation = (x: number) => 0.05 + 0.2 * x;

function samples(count: number, rng: Rng): ChunkData {
  const observations = Float32Array.from({ length: count }, () => rng.uniform());
  const chunks = observations.map((x) => 0.5 * Math.sin(5 * x) + deviation(x) * rng.normal());
  return { observations, chunks, shape: { observation: 1, steps: 1, size: 1 } };
}

/** Tenths of [0, 1] in which the claimed deviation is within 15 % of the true one. */
function rightDeciles(claimed: (x: number) => number): number {
  return Array.from({ length: DECILES }, (_, index) => {
    const points = Array.from({ length: 20 }, (_, part) => (index + (part + 0.5) / 20) / DECILES);
    const rms = (of: (x: number) => number) =>
      Math.sqrt(points.reduce((sum, x) => sum + of(x) ** 2, 0) / points.length);
    return Number(Math.abs(rms(claimed) / rms(deviation) - 1) <= NEAR);
  }).reduce((sum, right) => sum + right, 0);
}

behaviour({
  id: 'T4',
  claim: 'a Gaussian head knows how noisy its data is',
  expectations: [
    { measure: 'deciles', label: 'tenths of the range with σ within 15 %', role: 'claim', atLeast: 9 },
    {
      measure: 'inside',
      label: 'fresh samples within one σ (68 % is right)',
      role: 'claim',
      atLeast: 0.64,
      atMost: 0.72,
    },
    {
      measure: 'constantDeciles',
      label: 'one σ for all, from the residuals: tenths within 15 %',
      role: 'control',
      atMost: 5,
    },
  ],
  measure: async (rng) => {
    const data = samples(4000, rng.split('data'));
    const fitted = await fitHead({ head: gaussian, data, rng: rng.split('gaussian'), ...fits });
    const GRID = 1000;
    const head = createHead(gaussian, fitted.frame);
    const grid = Float32Array.from({ length: GRID }, (_, index) => (index + 0.5) / GRID);
    const read = await evaluate(
      head.parameters,
      fitted.weights,
      (parameters) => {
        const { mean, logVariance } = head.forward(
          parameters,
          input('x', [GRID, 2]),
          input('unused', [GRID, 1, 1]),
          {},
        ).inputs;
        if (!mean || !logVariance) throw new Error('the Gaussian head offers no deviation');
        return { mean, logStd: mul(clampLogVariance(logVariance), 0.5) };
      },
      { x: featuresOf(grid, GRID) },
    );
    const [mean, logStd] = [read('mean'), read('logStd')];
    const place = (x: number) => Math.min(GRID - 1, Math.floor(x * GRID));
    const fresh = samples(4000, rng.split('fresh'));
    const inside = fresh.chunks.filter((action, index) => {
      const at = place(fresh.observations[index]!);
      return Math.abs(action - mean[at]!) < Math.exp(logStd[at]!);
    }).length;

    const regression = await fitHead({ head: mse, data, rng: rng.split('mse'), ...fits });
    const answers = await chunksOf(regression, mse, data.observations, rng);
    const residual = Math.sqrt(
      answers.reduce((sum, each, index) => sum + (each - data.chunks[index]!) ** 2, 0) / answers.length,
    );
    return {
      deciles: rightDeciles((x) => Math.exp(logStd[place(x)]!)),
      inside: inside / fresh.chunks.length,
      constantDeciles: rightDeciles(() => residual),
    };
  },
});
