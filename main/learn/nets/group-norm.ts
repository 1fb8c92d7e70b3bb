/**
 * Group normalisation (Wu & He 2018): each group of channels of each image gets mean 0 and spread 1 over its channels and
 * positions, then a scale and an offset per channel. Unlike batch normalisation it is the same in training and in use.
 */
import type { Node } from '../../tensor/ir.ts';
import { add, mul, normalize, reshape } from '../../tensor/tensor.ts';
import type { ParameterSpec, Parameters } from './parameters.ts';

export function groupNormParameters(prefix: string, channels: number): ParameterSpec[] {
  return [
    { name: `${prefix}.scale`, shape: [channels, 1, 1], initial: 'ones' },
    { name: `${prefix}.offset`, shape: [channels, 1, 1], initial: 'zeros' },
  ];
}

/** `x` [B, C, H, W] → the same shape; `groups` divides C. */
export function groupNorm(parameters: Parameters, prefix: string, groups: number, x: Node): Node {
  const [batch, channels] = [x.shape[0]!, x.shape[1]!];
  if (channels % groups !== 0)
    throw new TypeError(`${prefix}: ${channels} channels do not make ${groups} equal groups; choose a multiple`);
  const normal = reshape(normalize(reshape(x, [batch, groups, -1])), x.shape);
  return add(mul(normal, parameters(`${prefix}.scale`)), parameters(`${prefix}.offset`));
}
