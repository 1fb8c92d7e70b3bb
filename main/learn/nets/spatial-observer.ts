/**
 * The observer of HIL-SERL for an observation [B, D] = [maps of a frozen trunk | proprioception]. The maps go through
 * spatial learned embeddings, 256 numbers a camera; the proprioception goes through Dense 64 → LayerNorm → tanh. It
 * replaces `observer.ts` when the settings name `spatial`, for example for the trunk that ships
 *   spatial: { cameras: 2, height: 4, width: 4, channels: 32, features: 8, bottleneck: 256 }
 * The embedding's size must be `mapsSize(spatial)`. In HIL-SERL critic and actor share these parameters and only the
 * critic trains them: give the actor `stopGradient` of the result.
 */
import type { Node } from '../../tensor/ir.ts';
import { concat, slice } from '../../tensor/tensor.ts';
import { type Observer, observe, observerFeatures, observerParameters } from './observer.ts';
import type { ParameterSpec, Parameters } from './parameters.ts';
import {
  mapsSize,
  type SpatialMaps,
  spatialEmbedding,
  spatialFeatures,
  spatialParameters,
} from './spatial-embedding.ts';

export interface SpatialObserver {
  /** Prefix of its parameters' names. */
  readonly name: string;
  readonly spatial: SpatialMaps;
  readonly proprioception: number;
  /** Width of the proprioception's encoder, HIL-SERL 64; 0 = none. */
  readonly features: number;
}

/** The plain observer that reads the spatial embeddings of the maps in place of an embedding. */
const behindMaps = ({ name, spatial, proprioception, features }: SpatialObserver): Observer => ({
  name,
  proprioception,
  features,
  embedding: spatialFeatures(spatial),
});

/** Width of the result. */
export function spatialObserverFeatures(observer: SpatialObserver): number {
  return observerFeatures(behindMaps(observer));
}

export function spatialObserverParameters(observer: SpatialObserver): ParameterSpec[] {
  return [...spatialParameters(`${observer.name}.maps`, observer.spatial), ...observerParameters(behindMaps(observer))];
}

/** [B, D] → [B, features]. `dropout` is a mask [B, dropoutSize(spatial)] as in `spatialEmbedding`. */
export function observeSpatially(
  parameters: Parameters,
  observer: SpatialObserver,
  observation: Node,
  dropout?: Node,
): Node {
  const size = mapsSize(observer.spatial);
  const maps = slice(observation, 1, 0, size);
  const proprioception = slice(observation, 1, size, size + observer.proprioception);
  const seen = spatialEmbedding(parameters, `${observer.name}.maps`, observer.spatial, maps, dropout);
  return observe(parameters, behindMaps(observer), concat([seen, proprioception], 1));
}
