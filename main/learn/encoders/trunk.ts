/**
 * A frozen convolutional trunk on pooled pictures, one per camera, in place of HIL-SERL's pretrained ResNet-10. The
 * model that ships gives maps, one camera after the other, each [C, H·W], which spatial learned embeddings
 * (`nets/spatial-embedding.ts`) read. Training puts such embeddings and a linear readout of the labels behind the maps;
 * the model leaves them out. Differs from HIL-SERL: trained on the simulated cell's own labels, without ImageNet; one
 * trunk per camera, not one for all.
 * Letters: B batch, C channels, H × W the map, E = cameras · C·H·W, R readouts.
 */

import type { Node } from '../../tensor/ir.ts';
import { toOnnx } from '../../tensor/onnx/to-onnx.ts';
import { defineStep } from '../../tensor/step.ts';
import { add, concat, input, matmul, reshape } from '../../tensor/tensor.ts';
import { weightInputs } from '../algorithms/step-inputs.ts';
import { type ConvTrunkSpec, convTrunk, convTrunkParameters, trunkMapSize } from '../nets/conv-trunk.ts';
import { denseParameters } from '../nets/mlp.ts';
import type { ParameterSpec, Parameters } from '../nets/parameters.ts';
import {
  mapsSize,
  type SpatialMaps,
  spatialEmbedding,
  spatialFeatures,
  spatialParameters,
} from '../nets/spatial-embedding.ts';
import { type EncoderReadout, readoutCount, shownReadouts, weightsByName } from './encoder.ts';
import { normalisedPicture, type PooledCamera, pooledInGraph } from './pooled-picture.ts';

export interface TrunkSpec {
  readonly cameras: readonly PooledCamera[];
  /** The trunk of each camera, which is named after the camera. All maps have one size. */
  readonly net: Omit<ConvTrunkSpec, 'name' | 'sizePx'>;
  /** Sizes of the spatial embeddings that training reads the maps through. */
  readonly taught: Pick<SpatialMaps, 'features' | 'bottleneck'>;
  readonly readouts: readonly EncoderReadout[];
}

const HEAD = 'head';
const READOUT = 'readout';

function netOf({ net }: TrunkSpec, { camera, sizePx, poolPx }: PooledCamera): ConvTrunkSpec {
  return { ...net, name: camera, sizePx: sizePx / poolPx };
}

/** The shape of the maps, with the embeddings of training. */
export function trunkMaps(spec: TrunkSpec): SpatialMaps {
  const sides = spec.cameras.map((camera) => trunkMapSize(netOf(spec, camera)));
  const side = sides[0]!;
  if (sides.some((each) => each !== side))
    throw new TypeError(`the cameras' maps are of ${sides.join(', ')} places a side; pool them to one size`);
  return { cameras: spec.cameras.length, height: side, width: side, channels: spec.net.channels, ...spec.taught };
}

const shippedParameters = (spec: TrunkSpec): ParameterSpec[] =>
  spec.cameras.flatMap((camera) => convTrunkParameters(netOf(spec, camera)));

function headParameters(spec: TrunkSpec): ParameterSpec[] {
  const maps = trunkMaps(spec);
  const width = [{ name: 'maps', size: spatialFeatures(maps) }];
  return [...spatialParameters(HEAD, maps), ...denseParameters(READOUT, width, readoutCount(spec.readouts))];
}

/** All parameters; those of the model come first. */
export function trunkParameters(spec: TrunkSpec): ParameterSpec[] {
  return [...shippedParameters(spec), ...headParameters(spec)];
}

/** Pooled pictures [B, cells, cells, 3] in levels, by camera → maps [B, E]. */
export function trunkNet(spec: TrunkSpec, parameters: Parameters, pictures: Readonly<Record<string, Node>>): Node {
  const maps = spec.cameras.map((camera) => {
    const map = convTrunk(parameters, netOf(spec, camera), normalisedPicture(pictures[camera.camera]!));
    return reshape(map, [map.shape[0]!, -1]);
  });
  return concat(maps, 1);
}

/** Maps [B, E] → readouts in training units [B, R]. */
export function trunkReadouts(spec: TrunkSpec, parameters: Parameters, maps: Node): Node {
  const seen = spatialEmbedding(parameters, HEAD, trunkMaps(spec), maps);
  return add(matmul(seen, parameters(`${READOUT}.kernel.maps`)), parameters(`${READOUT}.bias`));
}

/** Inputs: one uint8 [1, size, size, 3] per camera, by its name. Output: `embedding` [1, E]. Weights are stored as float16. */
export function trunkModel(
  spec: TrunkSpec,
  weights: Float32Array,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const used = shippedParameters(spec);
  const parameters = weightInputs(used);
  const pictures = Object.fromEntries(spec.cameras.map((camera) => [camera.camera, pooledInGraph(camera)]));
  return toOnnx(defineStep({ embedding: trunkNet(spec, parameters, pictures) }), {
    name: 'trunk',
    metadata,
    initializers: weightsByName(trunkParameters(spec), weights, used),
    stored: Object.fromEntries([
      ...spec.cameras.map(({ camera }) => [camera, 'uint8' as const]),
      ...used.map(({ name }) => [name, 'float16' as const]),
    ]),
  });
}

/** A model that reads the labels from the maps of `trunkModel`: `embedding` [1, E] → `readouts` in shown units. */
export function trunkReadoutModel(spec: TrunkSpec, weights: Float32Array): Uint8Array {
  const used = headParameters(spec);
  const parameters = weightInputs(used);
  const maps = input('embedding', [1, mapsSize(trunkMaps(spec))]);
  const readouts = shownReadouts(spec.readouts, trunkReadouts(spec, parameters, maps));
  return toOnnx(defineStep({ readouts }), {
    name: 'trunk readouts',
    initializers: weightsByName(trunkParameters(spec), weights, used),
  });
}
