/**
 * The part of a net that reads an observation [B, D] = [embedding | proprioception]: either as it is, or with the
 * proprioception through Dense → LayerNorm → tanh (HIL-SERL, ConRFT). Nothing else needs normalising, because the
 * embedding is layer-normed and the proprioception is scaled to about [−1, 1].
 */
import type { Node } from '../../tensor/ir.ts';
import { add, concat, layerNorm, matmul, slice, tanh } from '../../tensor/tensor.ts';
import { denseParameters, layerNormParameters } from './mlp.ts';
import type { ParameterSpec, Parameters } from './parameters.ts';

export interface Observer {
  /** Prefix of its parameters' names. */
  readonly name: string;
  readonly embedding: number;
  readonly proprioception: number;
  /** Width of the proprioception's encoder; 0 = none. */
  readonly features: number;
}

const prefixOf = (observer: Observer) => `${observer.name}.proprioception`;

export function observerFeatures(observer: Observer): number {
  return observer.embedding + (observer.features || observer.proprioception);
}

export function observerParameters(observer: Observer): ParameterSpec[] {
  if (observer.features === 0) return [];
  const inputs = [{ name: 'input', size: observer.proprioception }];
  return [
    ...denseParameters(prefixOf(observer), inputs, observer.features),
    ...layerNormParameters(prefixOf(observer), observer.features),
  ];
}

/** [B, D] → [B, features] */
export function observe(parameters: Parameters, observer: Observer, observation: Node): Node {
  if (observer.features === 0) return observation;
  const prefix = prefixOf(observer);
  const embedding = slice(observation, 1, 0, observer.embedding);
  const proprioception = slice(observation, 1, observer.embedding, observer.embedding + observer.proprioception);
  const sum = add(matmul(proprioception, parameters(`${prefix}.kernel.input`)), parameters(`${prefix}.bias`));
  return concat([embedding, tanh(layerNorm(sum, parameters(`${prefix}.scale`), parameters(`${prefix}.offset`)))], 1);
}
