/**
 * The observer of HIL-SERL: an observation [B, D] = [maps of a frozen trunk | proprioception] → maps through spatial learned
 * embeddings, 256 numbers a camera; proprioception through Dense 64 → LayerNorm → tanh; side by side.
 * A drop-in for `observer.ts`: the same four ingredients (name, features, parameters, observe), so an algorithm chooses by
 * whether its settings name `spatial`, for example for the trunk that ships
 *   spatial: { cameras: 2, height: 4, width: 4, channels: 32, features: 8, bottleneck: 256 }
 * The embedding's size must be `mapsSize(spatial)`. In HIL-SERL one set of these parameters serves critic and actor, and only
 * the critic trains it: give the actor `stopGradient` of the result.
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

/** What stands behind the maps: the plain observer, with their embeddings in place of the trunk's. */
const behindMaps = ({ name, spatial, proprioception, features }: SpatialObserver): Observer => ({
  ...{ name, proprioception, features },
  embedding: spatialFeatures(spatial),
});

/** Width of the result. */
export function spatialObserverFeatures(observer: SpatialObserver): number {
  return observerFeatures(behindMaps(observer));
}

export function spatialObserverParameters(observer: SpatialObserver): ParameterSpec[] {
  return [...spatialParameters(`${observer.name}.maps`, observer.spatial), ...observerParameters(behindMaps(observer))];
}

/** [B, D] → [B, features]. `dropout`: a mask [B, dropoutSize(spatial)] as in `spatialEmbedding`; none when acting. */
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
