/**
 * A mixture of M Gaussians over the whole chunk (robomimic's BC-GMM, over trajectories instead of steps). Each component is one
 * way to do the task. Acting draws a component and takes its mean, never the mean of components.
 *   L = −ln Σ_m π_m N(chunk; μ_m, σ_m),   σ = softplus(x) + σmin      Letters: M components, U used dimensions.
 * The means start spread over half the range, because components that start equal stay equal. A component that starts between
 * two ways may still take both and leave no gradient for the others (behaviour test T1: in one of ten seeds).
 */
import { z } from 'zod';
import type { Node } from '../../tensor/ir.ts';
import {
  add,
  constant,
  exp,
  logSoftmax,
  matmul,
  mean,
  mul,
  neg,
  reshape,
  slice,
  softmax,
  sum,
} from '../../tensor/tensor.ts';
import { MIXTURE_COMPONENTS, MIXTURE_STD_MIN, mixtureStd } from '../losses/likelihood/gmm-nll.ts';
import { mlp, mlpParameters, project } from '../nets/mlp.ts';
import type { Parameters } from '../nets/parameters.ts';
import { choose, likeliest, NOISE_PER_CHOICE, pick, uniformFromNormals } from './choice.ts';
import { chunkSize, expectNoise, featuresMlp, type Head, type HeadFrame } from './head.ts';
import { settingsObject } from './settings-object.ts';

export const gmmSchema = settingsObject({
  name: z.literal('gmm'),
  components: z.int().min(1).default(MIXTURE_COMPONENTS),
  /** σmin; robomimic has 1e-4, whose density is unbounded in practice. */
  stdMin: z.number().positive().default(MIXTURE_STD_MIN),
  act: z.enum(['sample', 'likeliest']).default('sample'),
}).readonly();
type GmmOptions = z.infer<typeof gmmSchema>;

/** Outermost initial means of the components. */
const SPREAD = 0.5;

export function gmmHead({ components: M, stdMin, act }: GmmOptions, frame: HeadFrame): Head {
  const size = chunkSize(frame);
  const net = featuresMlp(frame, M + 2 * M * size);
  const { steps, size: U } = frame.space;
  const starts = Array.from({ length: M }, (_, m) => (M === 1 ? 0 : SPREAD * ((2 * m) / (M - 1) - 1)));
  const predict = (parameters: Parameters, features: Node) => {
    const B = features.shape[0]!;
    const raw = mlp(parameters, net, [project(parameters, net, 'observation', features)]);
    const chunks = (start: number) => reshape(slice(raw, 1, start, start + M * size), [B, M, steps, U]);
    return {
      logits: slice(raw, 1, 0, M),
      mean: add(chunks(M), constant(starts, [1, M, 1, 1])),
      std: mixtureStd(chunks(M + M * size), stdMin),
    };
  };
  return {
    name: 'gmm',
    parameters: mlpParameters(net),
    noiseSize: act === 'sample' ? NOISE_PER_CHOICE : 0,
    randomInputs: [],
    forward: (parameters, features) => {
      const mixture = predict(parameters, features);
      const entropy = neg(sum(mul(softmax(mixture.logits), logSoftmax(mixture.logits)), 1));
      // The exponential of the weights' entropy counts the components in use.
      return { inputs: { mixture }, metrics: { std: mean(mixture.std), componentsUsed: mean(exp(entropy)) } };
    },
    act: (parameters, features, noise) => {
      const B = features.shape[0]!;
      const mixture = predict(parameters, features);
      const chosen =
        act === 'likeliest'
          ? likeliest(mixture.logits)
          : choose(softmax(mixture.logits), reshape(uniformFromNormals(expectNoise(noise, 'gmm')), [B, 1]));
      const picks = reshape(pick(chosen, M), [B, 1, M]);
      return reshape(matmul(picks, reshape(mixture.mean, [B, M, size])), [B, steps, U]);
    },
  };
}
