/**
 * T1: two right ways around a post. What regresses takes the middle and hits it; what models a distribution goes either way.
 * The mixture's bound is in four seeds of five: in some one component takes both ways (`gmm.ts`).
 * Chunks are executed open-loop: with replanning at every step even squared error escapes, because small deviations decide (T5).
 */
import type { Rng } from '../../../main/api/rng.ts';
import type { HeadOptions } from '../../../main/learn/policies/heads.ts';
import { behaviour, type Expectation } from './behaviour.ts';
import { chunksOf, type FittedHead, fitHead, type HeadFit } from './fit-head.ts';
import { wayDemonstrations, wayOutcome, wayStarts } from './obstacle.ts';

const ASKED = 500;
const flow = (steps: number, method: 'euler' | 'midpoint' = 'euler'): HeadOptions => ({
  ...{ name: 'flow', times: 'uniform', method, steps },
});
const diffusion = (target: 'x0' | 'v', samplingSteps = 10): HeadOptions => ({
  ...{ name: 'diffusion', target, trainingSteps: 100, samplingSteps },
});
/**
 * An even number of components and a high learning rate. The middle one of an odd number begins between the two ways and
 * may keep both for itself: with 5 components in two of five seeds. With 8 components and a third of the learning rate,
 * one component keeps both in three of five seeds.
 */
const gmm: HeadOptions = { name: 'gmm', components: 8, stdMin: 1e-2, act: 'sample' };
const gaussian = (act: 'mean' | 'sample'): HeadOptions => ({ name: 'gaussian', act });
const bins = (act: 'likeliest' | 'sample'): HeadOptions => ({ name: 'categorical', scheme: 'uniform', act });

type Role = Pick<Expectation, 'role' | 'atLeast' | 'atMost' | 'of'>;
const seen: Role = { role: 'seen' };

/** The training settings of each head, and the samplers that are judged. */
const HEADS: readonly {
  readonly fit: Pick<HeadFit, 'head' | 'updates' | 'learningRate' | 'hidden' | 'averaging' | 'batchSize' | 'losses'>;
  readonly judged: readonly { label: string; head: HeadOptions; collisions: Role; bothWays?: true }[];
}[] = [
  {
    fit: { head: { name: 'mse' }, updates: 500 },
    judged: [{ label: 'squared error', head: { name: 'mse' }, collisions: { role: 'control', atLeast: 0.95 } }],
  },
  {
    fit: { head: { name: 'mse' }, updates: 500, losses: [{ name: 'l1', weight: 1 }] },
    judged: [{ label: 'absolute error', head: { name: 'mse' }, collisions: seen }],
  },
  {
    fit: { head: gaussian('mean'), updates: 500 },
    judged: [
      { label: 'Gaussian, mean', head: gaussian('mean'), collisions: { role: 'control', atLeast: 0.95 } },
      { label: 'Gaussian, sampled', head: gaussian('sample'), collisions: { role: 'control', atLeast: 0.8 } },
    ],
  },
  {
    fit: { head: bins('sample'), updates: 400, batchSize: 32 },
    judged: [
      { label: 'independent bins, sampled', head: bins('sample'), collisions: { role: 'control', atLeast: 0.8 } },
      { label: 'independent bins, likeliest', head: bins('likeliest'), collisions: seen },
    ],
  },
  {
    fit: { head: gmm, updates: 2000, learningRate: 1e-2 },
    judged: [
      { label: 'mixture of 8', head: gmm, collisions: { role: 'claim', atMost: 0.02, of: 'most' }, bothWays: true },
    ],
  },
  {
    fit: { head: diffusion('x0'), updates: 4000, averaging: 0.01 },
    judged: [
      {
        label: 'diffusion, x0, 10 steps',
        head: diffusion('x0'),
        collisions: { role: 'claim', atMost: 0.05 },
        bothWays: true,
      },
    ],
  },
  {
    // The v target makes the net pass 32 numbers of noise through: with 128 units it hits the post twice in five. After half
    // the updates and with a faster average it hits once in ten.
    fit: { head: diffusion('v'), updates: 6000, averaging: 0.003, hidden: [256, 256] },
    judged: [
      {
        label: 'diffusion, v, 10 steps',
        head: diffusion('v'),
        collisions: { role: 'claim', atMost: 0.05 },
        bothWays: true,
      },
      { label: 'diffusion, v, 20 steps', head: diffusion('v', 20), collisions: seen },
    ],
  },
  {
    fit: { head: flow(10), updates: 6000, averaging: 0.003 },
    judged: [
      { label: 'flow, Euler 1 step', head: flow(1), collisions: { role: 'control', atLeast: 0.8 } },
      { label: 'flow, Euler 4 steps', head: flow(4), collisions: seen },
      { label: 'flow, midpoint 4 steps', head: flow(4, 'midpoint'), collisions: seen },
      {
        label: 'flow, Euler 10 steps',
        head: flow(10),
        collisions: { role: 'claim', atMost: 0.1 },
        bothWays: true,
      },
    ],
  },
];

const judgements = HEADS.flatMap(({ judged }) => judged);

async function outcome(fitted: FittedHead, head: HeadOptions, rng: Rng) {
  return wayOutcome(await chunksOf(fitted, head, wayStarts(ASKED, rng), rng));
}

behaviour({
  id: 'T1',
  claim: 'two ways around a post, chunks of 16 executed open-loop',
  seeds: 10,
  expectations: judgements.flatMap(({ label, collisions, bothWays }): Expectation[] => [
    { measure: `${label}: hits`, label: `${label}: share that hits the post`, ...collisions },
    ...(bothWays
      ? [
          {
            ...{ measure: `${label}: above`, label: `${label}: share that passes above` },
            ...({ role: 'claim', atLeast: 0.35, atMost: 0.65 } as const),
          },
        ]
      : []),
  ]),
  measure: async (rng) => {
    const data = wayDemonstrations(2000, rng.split('demonstrations'));
    const measured: Record<string, number> = {};
    for (const [index, { fit, judged }] of HEADS.entries()) {
      const fitted = await fitHead({ learningRate: 3e-3, ...fit, data, rng: rng.split(`head ${index}`) });
      for (const { label, head } of judged) {
        const { collisions, above } = await outcome(fitted, head, rng.split(label));
        measured[`${label}: hits`] = collisions;
        measured[`${label}: above`] = above;
      }
    }
    return measured;
  },
});
