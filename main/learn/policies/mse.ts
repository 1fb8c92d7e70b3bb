/**
 * One chunk per observation, learned by regression: the baseline of every comparison. Acting is deterministic.
 * With two right answers, squared error learns their mean, which may be wrong; absolute error (ACT) learns the commoner one.
 */
import { z } from 'zod';
import type { Node } from '../../tensor/ir.ts';
import { reshape } from '../../tensor/tensor.ts';
import { mlp, mlpParameters, project } from '../nets/mlp.ts';
import type { Parameters } from '../nets/parameters.ts';
import { chunkSize, featuresMlp, type Head, type HeadFrame } from './head.ts';
import { settingsObject } from './settings-object.ts';

export const mseSchema = settingsObject({ name: z.literal('mse') }).readonly();

export function mseHead(frame: HeadFrame): Head {
  const net = featuresMlp(frame, chunkSize(frame));
  const predict = (parameters: Parameters, features: Node) => {
    const raw = mlp(parameters, net, [project(parameters, net, 'observation', features)]);
    return reshape(raw, [features.shape[0]!, frame.space.steps, frame.space.size]);
  };
  return {
    name: 'mse',
    parameters: mlpParameters(net),
    noiseSize: 0,
    randomInputs: [],
    forward: (parameters, features) => ({ inputs: { prediction: predict(parameters, features) }, metrics: {} }),
    act: predict,
  };
}
