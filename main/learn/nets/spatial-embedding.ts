/**
 * Spatial learned embeddings (SERL, HIL-SERL). A frozen convolutional trunk gives a map of C channels over H × W positions. F
 * learned weightings of the positions turn it into a vector, each channel by itself:
 *   z[b,c,f] = Σ_p x[b,c,p] · w[c,p,f]  →  dropout  →  Dense → LayerNorm → tanh
 * Maps come flat, one camera after the other, each [C, H·W] row-major. Letters: B batch, C channels, P = H·W positions,
 * F features.
 */
import type { Node } from '../../tensor/ir.ts';
import { add, concat, layerNorm, matmul, mul, reshape, slice, tanh, transpose } from '../../tensor/tensor.ts';
import { denseParameters, layerNormParameters } from './mlp.ts';
import type { ParameterSpec, Parameters } from './parameters.ts';

export interface SpatialMaps {
  readonly cameras: number;
  readonly height: number;
  readonly width: number;
  /** C */
  readonly channels: number;
  /** F; HIL-SERL 8 */
  readonly features: number;
  /** Width of the Dense layer behind each camera; HIL-SERL 256 */
  readonly bottleneck: number;
}

const placesOf = ({ height, width }: SpatialMaps) => height * width;

/** Numbers in the maps of all cameras, which is the size of the embedding that holds them. */
export function mapsSize(maps: SpatialMaps): number {
  return maps.cameras * maps.channels * placesOf(maps);
}

/** Numbers in the dropout mask of one observation: one per z of every camera. */
export function dropoutSize(maps: SpatialMaps): number {
  return maps.cameras * maps.channels * maps.features;
}

/** Width of the result. */
export function spatialFeatures(maps: SpatialMaps): number {
  return maps.cameras * maps.bottleneck;
}

const prefixOf = (name: string, camera: number) => `${name}.camera ${camera}`;

export function spatialParameters(name: string, maps: SpatialMaps): ParameterSpec[] {
  const places = placesOf(maps);
  return Array.from({ length: maps.cameras }, (_, camera) => prefixOf(name, camera)).flatMap(
    (prefix): ParameterSpec[] => [
      {
        name: `${prefix}.places`,
        shape: [maps.channels, places, maps.features],
        // Differs from HIL-SERL, whose initial values count the channels as fan-in although no sum runs over them.
        initial: { fanIn: places, fanOut: maps.features },
      },
      ...denseParameters(prefix, [{ name: 'places', size: maps.channels * maps.features }], maps.bottleneck),
      ...layerNormParameters(prefix, maps.bottleneck),
    ],
  );
}

/**
 * Maps [B, cameras·C·P] → [B, cameras·bottleneck]. `dropout` [B, cameras·C·F] is the mask that multiplies z: 0 with the
 * dropout's probability q, else 1/(1 − q). Acting uses none.
 */
export function spatialEmbedding(
  parameters: Parameters,
  name: string,
  maps: SpatialMaps,
  flat: Node,
  dropout?: Node,
): Node {
  const [batch, places] = [flat.shape[0]!, placesOf(maps)];
  const [mapSize, width] = [maps.channels * places, maps.channels * maps.features];
  if (flat.shape[1] !== mapsSize(maps))
    throw new TypeError(
      `an embedding of ${flat.shape[1]} numbers holds no maps of ${maps.cameras} cameras with ${maps.channels} channels over ` +
        `${maps.height} × ${maps.width} places (${mapsSize(maps)}); use the encoder that these settings are for`,
    );
  const cameras = Array.from({ length: maps.cameras }, (_, camera) => {
    const prefix = prefixOf(name, camera);
    const map = reshape(slice(flat, 1, camera * mapSize, (camera + 1) * mapSize), [batch, maps.channels, places]);
    const weighted = matmul(transpose(map, [1, 0, 2]), parameters(`${prefix}.places`)); // [C, B, F]
    const z = reshape(transpose(weighted, [1, 0, 2]), [batch, width]);
    const kept = dropout ? mul(z, slice(dropout, 1, camera * width, (camera + 1) * width)) : z;
    const sum = add(matmul(kept, parameters(`${prefix}.kernel.places`)), parameters(`${prefix}.bias`));
    return tanh(layerNorm(sum, parameters(`${prefix}.scale`), parameters(`${prefix}.offset`)));
  });
  return concat(cameras, 1);
}
