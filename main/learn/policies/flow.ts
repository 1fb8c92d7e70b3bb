/**
 * Flow matching (rectified flow; π0's head in its convention of time reversed): a velocity field from noise to the chunk, followed
 * by a few Euler or midpoint steps, unrolled. One step is not enough where there are several right answers: all straight paths
 * cross in the middle, and the field there is their mean.
 */
import { z } from 'zod';
import { constant, reshape } from '../../tensor/tensor.ts';
import { flowAction, flowPoint, logitNormalTime, pi0TrainingTime } from '../losses/generative/flow-matching.ts';
import { denoiserNet } from './denoiser-net.ts';
import { integrate, odeMethodSchema } from './flow-ode.ts';
import {
  type Chance,
  chunkNoise,
  chunkNoiseSize,
  expectNoise,
  faded,
  type Head,
  type HeadFrame,
  normalChance,
} from './head.ts';
import { settingsObject } from './settings-object.ts';

const timesSchema = z.enum(['uniform', 'logit-normal', 'pi0']);

export const flowSchema = settingsObject({
  name: z.literal('flow'),
  method: odeMethodSchema.default('euler'),
  /** Steps of the integration; π0 makes 10. A midpoint step is two evaluations. */
  steps: z.int().min(1).default(10),
  /** Which times are trained on; π0 prefers those near the noise. */
  times: timesSchema.default('uniform'),
}).readonly();
export type FlowOptions = z.infer<typeof flowSchema>;

export function flowHead({ method, steps, times }: FlowOptions, frame: HeadFrame): Head {
  const net = denoiserNet(frame);
  return {
    name: 'flow',
    parameters: net.parameters,
    noiseSize: chunkNoiseSize(frame),
    chance: [
      normalChance('flowNoise', [frame.space.steps, frame.space.size]),
      { name: 'flowTime', shape: [], draw: trainingTime(times) },
    ],
    offer: (parameters, features, target, chance) => {
      const time = chance['flowTime']!;
      const { x, velocity: velocityTarget } = flowPoint(target, chance['flowNoise']!, time);
      const velocity = net.at(parameters, features)(x, reshape(time, [time.shape[0]!, 1]));
      return {
        inputs: { velocity, velocityTarget, denoised: faded(flowAction(velocity, x, time), time) },
        metrics: {},
      };
    },
    act: (parameters, features, noise) => {
      const field = net.at(parameters, features);
      const start = chunkNoise(frame, expectNoise(noise, 'flow'));
      return integrate((x, time) => field(x, constant([time], [1, 1])), start, method, steps);
    },
  };
}

function trainingTime(times: z.infer<typeof timesSchema>): Chance['draw'] {
  switch (times) {
    case 'uniform':
      return (rng) => rng.uniform();
    case 'logit-normal':
      return (rng) => logitNormalTime(rng.normal());
    case 'pi0':
      return (rng) => pi0TrainingTime(rng.uniform());
    default:
      throw new Error(`no training times ${times satisfies never}`);
  }
}
