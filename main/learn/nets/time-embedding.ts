/**
 * Embedding of the progress of a consistency, diffusion or flow head, as in ConRFT's released code: a number u becomes
 * 8 sines and 8 cosines with frequencies 10000^(−k/7) → Dense 32 → tanh → Dense 16. u is 1000 · ¼ · ln σ for a noise
 * level σ, or 1000 t for a time t from 0 to 1.
 */
import type { Node } from '../../tensor/ir.ts';
import { add, concat, constant, cos, log, matmul, mul, sin, tanh } from '../../tensor/tensor.ts';
import { denseParameters } from './mlp.ts';
import type { ParameterSpec, Parameters } from './parameters.ts';

export const TIME_FEATURES = 16;
const TIME_HIDDEN = 32;
const HALF = TIME_FEATURES / 2;
const BASE = 10_000;

export function timeEmbeddingParameters(name: string): ParameterSpec[] {
  return [
    ...denseParameters(`${name}.0`, [{ name: 'time', size: TIME_FEATURES }], TIME_HIDDEN),
    ...denseParameters(`${name}.1`, [{ name: 'hidden', size: TIME_HIDDEN }], TIME_FEATURES),
  ];
}

/** σ [B, 1] → sines and cosines [B, 16]. */
export function sinusoid(sigma: Node): Node {
  return waves(mul(log(sigma), 250));
}

/** `u` [B, 1] → [B, 16]. */
function waves(u: Node): Node {
  const frequencies = Array.from({ length: HALF }, (_, k) => BASE ** (-k / (HALF - 1)));
  const angle = mul(u, constant(frequencies, [1, HALF]));
  return concat([sin(angle), cos(angle)], 1);
}

/** σ [B, 1] → [B, 16]. */
export function timeEmbedding(parameters: Parameters, name: string, sigma: Node): Node {
  return embed(parameters, name, sinusoid(sigma));
}

/** `t` [B, 1] in [0, 1] → [B, 16]. */
export function progressEmbedding(parameters: Parameters, name: string, time: Node): Node {
  return embed(parameters, name, waves(mul(time, 1000)));
}

function embed(parameters: Parameters, name: string, features: Node): Node {
  const hidden = tanh(add(matmul(features, parameters(`${name}.0.kernel.time`)), parameters(`${name}.0.bias`)));
  return add(matmul(hidden, parameters(`${name}.1.kernel.hidden`)), parameters(`${name}.1.bias`));
}
