/**
 * T5: how much of a chunk of 16 to execute before planning again. Long: the wind of the second half is not seen. Short: a policy with
 * two ways in mind changes its mind at every step, which between 1 and 4 costs about what seeing the wind gains. And why T1 is
 * open-loop: squared error collides only when its chunks are executed.
 * Success without wind is bounded on average: among ten seeds it was between 0.26 and 1.
 * Changing its mind has no bound: in some seeds one step is enough to be on one side, and it does not happen.
 */
import type { HeadOptions } from '../../../main/learn/policies/heads.ts';
import { behaviour } from './behaviour.ts';
import { type FittedHead, fitHead, headPolicy } from './fit-head.ts';
import { windyDemonstrations, windyEpisodes } from './wind.ts';

const EPISODES = 200;
const WIND = 0.015;
const gmm: HeadOptions = { name: 'gmm', components: 8, stdMin: 1e-2, act: 'sample' };
const mse: HeadOptions = { name: 'mse' };

behaviour({
  id: 'T5',
  claim: 'receding horizon: executing 1, 4, 8 or 16 of 16 planned actions, in a wind',
  seeds: 10,
  expectations: [
    ...[1, 4, 8, 16].map((execute) => ({
      ...{
        measure: `error ${execute}`,
        label: `mixture, wind: final error, execute ${execute}`,
        role: 'seen' as const,
      },
    })),
    { measure: 'rise', label: 'least rise of that error from 4 to 8 and from 8 to 16', role: 'claim', atLeast: 0 },
    { measure: 'all', label: 'its rise from 1 to 16', role: 'claim', atLeast: 0.1 },
    { measure: 'gain', label: 'success in the wind, execute 1 or 4, minus execute 16', role: 'claim', atLeast: 0.3 },
    {
      ...{ measure: 'calm 16', label: 'mixture, no wind: success, execute 16' },
      ...({ role: 'control', atLeast: 0.4, of: 'mean' } as const),
    },
    { measure: 'flips 1', label: 'mixture: lateral turns per early step, execute 1', role: 'seen' },
    { measure: 'flips 8', label: 'mixture: lateral turns per early step, execute 8', role: 'seen' },
    {
      measure: 'dithering',
      label: 'the first minus five times the second (not above 0 in every seed: no bound)',
      role: 'seen',
    },
    { measure: 'mse 1', label: 'squared error: collisions, execute 1', role: 'seen' },
    { measure: 'mse 16', label: 'squared error: collisions, execute 16', role: 'seen' },
    { measure: 'averaging', label: 'the second minus the first', role: 'claim', atLeast: 0.3 },
  ],
  measure: async (rng) => {
    const data = windyDemonstrations(300, rng.split('demonstrations'));
    const fits = { data, updates: 2500, learningRate: 3e-3 };
    const [mixture, regression] = [
      await fitHead({ head: gmm, rng: rng.split('gmm'), ...fits, learningRate: 1e-2 }), // See T1.
      await fitHead({ head: mse, rng: rng.split('mse'), ...fits }),
    ];
    const run = async (fitted: FittedHead, head: HeadOptions, execute: number, wind: number) => {
      const chance = rng.split(`${head.name} ${execute} ${wind}`);
      const policy = await headPolicy(fitted, head, EPISODES, chance);
      const outcome = await windyEpisodes(policy.chunks, { count: EPISODES, execute, wind, rng: chance });
      await policy.dispose();
      return outcome;
    };
    const windy = [1, 4, 8, 16].map((execute) => run(mixture, gmm, execute, WIND));
    const [one, four, eight, all] = (await Promise.all(windy)) as [Outcome, Outcome, Outcome, Outcome];
    const errors = [one.finalError, four.finalError, eight.finalError, all.finalError];
    const [often, seldom] = [await run(regression, mse, 1, 0), await run(regression, mse, 16, 0)];
    return {
      ...Object.fromEntries([1, 4, 8, 16].map((execute, index) => [`error ${execute}`, errors[index]!])),
      rise: Math.min(eight.finalError - four.finalError, all.finalError - eight.finalError),
      all: all.finalError - one.finalError,
      gain: Math.max(one.success, four.success) - all.success,
      'calm 16': (await run(mixture, gmm, 16, 0)).success,
      'flips 1': one.flips,
      'flips 8': eight.flips,
      dithering: one.flips - 5 * eight.flips,
      'mse 1': often.collisions,
      'mse 16': seldom.collisions,
      averaging: seldom.collisions - often.collisions,
    };
  },
});

type Outcome = Awaited<ReturnType<typeof windyEpisodes>>;
