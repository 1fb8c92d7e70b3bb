/**
 * The part of a net that reads an observation [B, D] = [embedding | proprioception], as HIL-SERL and ConRFT do:
 *   embedding        a vector, as it is; or maps of a frozen trunk, through spatial learned embeddings (`spatial`)
 *   proprioception   as it is, or through Dense → LayerNorm → tanh (`features`)
 * Nothing else needs normalising, because an embedding is layer-normed and the proprioception is scaled to about [−1, 1].
 *
 * For the trunk that ships, HIL-SERL's numbers are
 *   spatial: { cameras: 2, height: 4, width: 4, channels: 32, features: 8, bottleneck: 256 }
 */
import type { Node } from '../../tensor/ir.ts';
import { add, concat, layerNorm, matmul, slice, tanh } from '../../tensor/tensor.ts';
import { denseParameters, layerNormParameters } from './mlp.ts';
import type { ParameterSpec, Parameters } from './parameters.ts';
import { type SpatialMaps, spatialEmbedding, spatialFeatures, spatialParameters } from './spatial-embedding.ts';

export interface Observer {
  /** Prefix of its parameters' names. */
  readonly name: string;
  /** E; `mapsSize(spatial)` when the embedding holds maps. */
  readonly embedding: number;
  /** P */
  readonly proprioception: number;
  /** Width of the proprioception's encoder, HIL-SERL 64; 0 = none. */
  readonly features: number;
  /** The embedding holds maps of a frozen trunk; absent = it is a vector. */
  readonly spatial?: SpatialMaps | undefined;
}

const prefixOf = (observer: Observer) => `${observer.name}.proprioception`;
const mapsPrefixOf = (observer: Observer) => `${observer.name}.maps`;

/** Width of the result. */
export function observerFeatures({ embedding, proprioception, features, spatial }: Observer): number {
  return (spatial ? spatialFeatures(spatial) : embedding) + (features || proprioception);
}

export function observerParameters(observer: Observer): ParameterSpec[] {
  const maps = observer.spatial ? spatialParameters(mapsPrefixOf(observer), observer.spatial) : [];
  if (observer.features === 0) return maps;
  const inputs = [{ name: 'input', size: observer.proprioception }];
  return [
    ...maps,
    ...denseParameters(prefixOf(observer), inputs, observer.features),
    ...layerNormParameters(prefixOf(observer), observer.features),
  ];
}

/**
 * [B, D] → [B, features]. `dropout` is a mask [B, dropoutSize(spatial)] as in `spatialEmbedding`; only maps have one.
 */
export function observe(parameters: Parameters, observer: Observer, observation: Node, dropout?: Node): Node {
  const { embedding: size, features, spatial } = observer;
  if (features === 0 && !spatial) return observation;
  const embedding = slice(observation, 1, 0, size);
  const proprioception = slice(observation, 1, size, size + observer.proprioception);
  const seen = spatial ? spatialEmbedding(parameters, mapsPrefixOf(observer), spatial, embedding, dropout) : embedding;
  if (features === 0) return concat([seen, proprioception], 1);
  const prefix = prefixOf(observer);
  const sum = add(matmul(proprioception, parameters(`${prefix}.kernel.input`)), parameters(`${prefix}.bias`));
  return concat([seen, tanh(layerNorm(sum, parameters(`${prefix}.scale`), parameters(`${prefix}.offset`)))], 1);
}
