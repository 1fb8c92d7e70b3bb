/**
 * Two heads that treat actions as bins (`losses/likelihood/action-bins.ts`):
 *   categorical                  every step and dimension on its own: a product of marginals, which cannot express a choice across them;
 *   categorical-autoregressive   one position after the other, in the order of steps, then dimensions (RT-2, OpenVLA):
 *                                p(a) = Π_t p(a_t | a_<t, o), any joint distribution.
 * Both learn by cross-entropy; the autoregressive head is given the recorded earlier bins.
 * Letters: B batch, K steps, U used dimensions, V bins, T = K · U positions, H hidden.
 */
import { z } from 'zod';
import type { Node } from '../../tensor/ir.ts';
import { add, cast, concat, constant, mul, reshape, slice, softmax } from '../../tensor/tensor.ts';
import { BIN_SCHEMES, binCount, decodeBins, encodeBins } from '../losses/likelihood/action-bins.ts';
import { type MlpSpec, mlp, mlpParameters, project } from '../nets/mlp.ts';
import type { Parameters } from '../nets/parameters.ts';
import { choose, likeliest, NOISE_PER_CHOICE, uniformFromNormals } from './choice.ts';
import {
  ACTOR,
  chunkNoise,
  chunkNoiseSize,
  chunkSize,
  expectNoise,
  featuresMlp,
  type Head,
  type HeadFrame,
} from './head.ts';
import { settingsObject } from './settings-object.ts';

const options = {
  scheme: z.enum(BIN_SCHEMES).default('openvla'),
  /** RT-1 and OpenVLA take the likeliest bin; drawing keeps every mode. */
  act: z.enum(['likeliest', 'sample']).default('sample'),
};
export const categoricalSchema = settingsObject({ name: z.literal('categorical'), ...options }).readonly();
export const autoregressiveSchema = settingsObject({
  name: z.literal('categorical-autoregressive'),
  ...options,
}).readonly();
type CategoricalOptions = z.infer<typeof categoricalSchema> | z.infer<typeof autoregressiveSchema>;

export function categoricalHead(options: CategoricalOptions, frame: HeadFrame): Head {
  const V = binCount(options.scheme);
  const size = chunkSize(frame);
  const net = featuresMlp(frame, size * V);
  const predict = (parameters: Parameters, features: Node) =>
    reshape(mlp(parameters, net, [project(parameters, net, 'observation', features)]), [
      ...[features.shape[0]!, frame.space.steps, frame.space.size],
      V,
    ]);
  return {
    name: 'categorical',
    parameters: mlpParameters(net),
    noiseSize: noiseSize(options, frame),
    randomInputs: [],
    forward: (parameters, features, target) => ({
      inputs: { logits: predict(parameters, features), bins: encodeBins(target, options.scheme) },
      metrics: {},
    }),
    act: (parameters, features, noise) => {
      const logits = predict(parameters, features);
      const [B, K, U] = logits.shape as readonly [number, number, number, number];
      const uniform = uniformsOf(options, frame, noise, B);
      return reshape(actionOf(options, logits, uniform && reshape(uniform, [B, K, U, 1])), [B, K, U]);
    },
  };
}

export function autoregressiveHead(options: CategoricalOptions, frame: HeadFrame): Head {
  const V = binCount(options.scheme);
  const { steps, size: U } = frame.space;
  const T = chunkSize(frame);
  const net: MlpSpec = {
    name: ACTOR,
    inputs: [
      { name: 'observation', size: frame.features },
      { name: 'earlier', size: T },
      { name: 'place', size: T }, // Part of stored parameters' names
    ],
    hidden: frame.hidden,
    output: V,
  };
  const H = frame.hidden[0]!;
  const row = (kernel: Node, position: number) => slice(kernel, 0, position, position + 1);
  return {
    name: 'categorical-autoregressive',
    parameters: mlpParameters(net),
    noiseSize: noiseSize(options, frame),
    randomInputs: [],
    forward: (parameters, features, target) => {
      const B = features.shape[0]!;
      const bins = encodeBins(target, options.scheme);
      const values = decodeBins(bins, options.scheme);
      const earlier = mul(reshape(values, [B, 1, T]), strictlyBefore(T));
      const shares = add(
        add(
          reshape(project(parameters, net, 'observation', features), [B, 1, H]),
          reshape(project(parameters, net, 'earlier', reshape(earlier, [B * T, T])), [B, T, H]),
        ),
        reshape(parameters(`${ACTOR}.0.kernel.place`), [1, T, H]),
      );
      const logits = reshape(mlp(parameters, net, [reshape(shares, [B * T, H])]), [B, steps, U, V]);
      return { inputs: { logits, bins }, metrics: {} };
    },
    act: (parameters, features, noise) => {
      const B = features.shape[0]!;
      const positions = parameters(`${ACTOR}.0.kernel.place`);
      const kernel = parameters(`${ACTOR}.0.kernel.earlier`);
      let known = project(parameters, net, 'observation', features);
      const uniform = uniformsOf(options, frame, noise, B);
      const values: Node[] = [];
      for (let position = 0; position < T; position++) {
        const logits = mlp(parameters, net, [known, row(positions, position)]);
        const value = actionOf(options, logits, uniform && slice(uniform, 1, position, position + 1));
        values.push(value);
        known = add(known, mul(value, row(kernel, position)));
      }
      return reshape(concat(values, 1), [B, steps, U]);
    },
  };
}

/** The size does not depend on what the task masks. */
const noiseSize = ({ act }: CategoricalOptions, frame: HeadFrame) =>
  act === 'sample' ? chunkNoiseSize(frame) * NOISE_PER_CHOICE : 0;

/** One uniform number for each position, [B, T]; `undefined` when the head takes the likeliest bin. */
function uniformsOf({ name, act }: CategoricalOptions, frame: HeadFrame, noise: Node | undefined, B: number) {
  if (act === 'likeliest') return undefined;
  const size = chunkNoiseSize(frame);
  const uniform = uniformFromNormals(reshape(expectNoise(noise, name), [B, size, NOISE_PER_CHOICE]));
  return reshape(chunkNoise(frame, uniform), [B, chunkSize(frame)]);
}

/** `logits` […, V], `uniform` […, 1] → the chosen bin's action […, 1]. */
function actionOf({ scheme }: CategoricalOptions, logits: Node, uniform: Node | undefined): Node {
  const bin = uniform ? choose(softmax(logits), uniform) : likeliest(logits);
  return decodeBins(cast(bin, 'int64'), scheme);
}

/** [1, T, T]: 1 where the column's position comes before the row's. */
function strictlyBefore(T: number): Node {
  const values = Array.from({ length: T * T }, (_, index) => Number(index % T < Math.floor(index / T)));
  return constant(values, [1, T, T]);
}
