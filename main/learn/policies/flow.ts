/**
 * Flow matching (rectified flow; the head of π0 with its time reversed): a velocity field leads from noise (t = 0) to the chunk
 * (t = 1). A few steps along it are unrolled in the graph:
 *   euler     x ← x + h v(x, t)                                    N evaluations, error of order h;
 *   midpoint  x ← x + h v(x + h/2 v(x, t), t + h/2)                2 N evaluations, error of order h².
 * One step is not enough when there are several right answers: the straight paths cross in the middle, where v is their mean.
 */
import { z } from 'zod';
import type { Node } from '../../tensor/ir.ts';
import { add, constant, mul, reshape } from '../../tensor/tensor.ts';
import { flowAction, flowPoint, logitNormalTime, pi0TrainingTime } from '../losses/generative/flow-matching.ts';
import { denoiserNet } from './denoiser-net.ts';
import {
  chunkNoise,
  chunkNoiseSize,
  expectNoise,
  faded,
  type Head,
  type HeadFrame,
  normalInput,
  type RandomInput,
} from './head.ts';
import { settingsObject } from './settings-object.ts';

const timesSchema = z.enum(['uniform', 'logit-normal', 'pi0']);
const methodSchema = z.enum(['euler', 'midpoint']);
type OdeMethod = z.infer<typeof methodSchema>;

export const flowSchema = settingsObject({
  name: z.literal('flow'),
  method: methodSchema.default('euler'),
  /** Steps of the integration; π0 makes 10. A midpoint step is two evaluations. */
  steps: z.int().min(1).default(10),
  /** Distribution of the training times; π0 prefers times near the noise. */
  times: timesSchema.default('uniform'),
}).readonly();
type FlowOptions = z.infer<typeof flowSchema>;

export function flowHead({ method, steps, times }: FlowOptions, frame: HeadFrame): Head {
  const net = denoiserNet(frame);
  return {
    name: 'flow',
    parameters: net.parameters,
    noiseSize: chunkNoiseSize(frame),
    randomInputs: [
      normalInput('flowNoise', [frame.space.steps, frame.space.size]),
      { name: 'flowTime', shape: [], draw: trainingTime(times) },
    ],
    forward: (parameters, features, target, random) => {
      const time = random['flowTime']!;
      const { x, velocity: velocityTarget } = flowPoint(target, random['flowNoise']!, time);
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

function trainingTime(times: z.infer<typeof timesSchema>): RandomInput['draw'] {
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

/** v(x, t) */
type Velocity = (x: Node, time: number) => Node;

export function integrate(velocity: Velocity, noise: Node, method: OdeMethod, steps: number): Node {
  const h = 1 / steps;
  let x = noise;
  for (let index = 0; index < steps; index++) {
    const slope = velocity(x, index * h);
    x = add(x, mul(slopeOver(velocity, x, slope, index * h, h, method), h));
  }
  return x;
}

/** The slope that carries a whole step of length h. */
function slopeOver(velocity: Velocity, x: Node, slope: Node, time: number, h: number, method: OdeMethod): Node {
  switch (method) {
    case 'euler':
      return slope;
    case 'midpoint':
      return velocity(add(x, mul(slope, h / 2)), time + h / 2);
    default:
      throw new Error(`no method ${method satisfies never}`);
  }
}
