/**
 * A Gaussian per step and dimension whose variance the network predicts, learned by likelihood
 * (`losses/likelihood/gaussian-nll.ts`). It acts with its mean or with a sample. It has one mode: with two right
 * answers the mean lies between them.
 */
import { z } from 'zod';
import type { Node } from '../../tensor/ir.ts';
import { add, exp, mean, mul, reshape, slice } from '../../tensor/tensor.ts';
import { clampLogVariance } from '../losses/likelihood/gaussian-nll.ts';
import { mlp, mlpParameters, project } from '../nets/mlp.ts';
import type { Parameters } from '../nets/parameters.ts';
import { chunkNoise, chunkNoiseSize, chunkSize, expectNoise, featuresMlp, type Head, type HeadFrame } from './head.ts';
import { settingsObject } from './settings-object.ts';

export const gaussianSchema = settingsObject({
  name: z.literal('gaussian'),
  act: z.enum(['mean', 'sample']).default('mean'),
}).readonly();
type GaussianOptions = z.infer<typeof gaussianSchema>;

export function gaussianHead({ act }: GaussianOptions, frame: HeadFrame): Head {
  const size = chunkSize(frame);
  const net = featuresMlp(frame, 2 * size);
  const predict = (parameters: Parameters, features: Node) => {
    const raw = mlp(parameters, net, [project(parameters, net, 'observation', features)]);
    const part = (start: number) =>
      reshape(slice(raw, 1, start, start + size), [features.shape[0]!, frame.space.steps, frame.space.size]);
    return { mean: part(0), logVariance: part(size) };
  };
  return {
    name: 'gaussian',
    parameters: mlpParameters(net),
    noiseSize: act === 'sample' ? chunkNoiseSize(frame) : 0,
    randomInputs: [],
    forward: (parameters, features) => {
      const inputs = predict(parameters, features);
      return { inputs, metrics: { std: mean(exp(logStandardDeviation(inputs.logVariance))) } };
    },
    act: (parameters, features, noise) => {
      const predicted = predict(parameters, features);
      if (act === 'mean') return predicted.mean;
      const normals = chunkNoise(frame, expectNoise(noise, 'gaussian'));
      return add(predicted.mean, mul(exp(logStandardDeviation(predicted.logVariance)), normals));
    },
  };
}

const logStandardDeviation = (logVariance: Node) => mul(clampLogVariance(logVariance), 0.5);
