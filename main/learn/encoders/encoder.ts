/**
 * A small frozen encoder on pooled pictures, with one tower per camera and a trunk on both.
 *   tower:     picture, pooled and normalised by itself → convolutions (`nets/conv-trunk.ts`) → Dense → LayerNorm → ReLU;
 *   trunk:     towers side by side → (Dense → LayerNorm → ReLU) × layers;
 *   embedding: readouts (linear from the trunk, trained on labels, scaled and clipped) | features (Dense → LayerNorm).
 * The readouts are the trained labels, in units that suit a policy. The features carry the rest; a second linear
 * readout of the same labels trains them.
 * Letters: B batch, S side of a pooled picture, R readouts, F features, E embedding.
 */
import type { Node } from '../../tensor/ir.ts';
import { toOnnx } from '../../tensor/onnx/to-onnx.ts';
import { defineStep } from '../../tensor/step.ts';
import { add, clip, concat, exp, layerNorm, matmul, mul, neg, relu, reshape, slice, sub } from '../../tensor/tensor.ts';
import { weightInputs } from '../algorithms/step-inputs.ts';
import { type ConvTrunkSpec, convTrunk, convTrunkParameters, trunkMapSize } from '../nets/conv-trunk.ts';
import { denseParameters, layerNormParameters } from '../nets/mlp.ts';
import type { ParameterSpec, Parameters } from '../nets/parameters.ts';
import { normalisedPicture, type PooledCamera, pooledInGraph } from './pooled-picture.ts';

interface EncoderTower extends PooledCamera {
  /** The convolutions, which are named after the camera. */
  readonly net: Omit<ConvTrunkSpec, 'name' | 'sizePx'>;
  /** Width of the layer behind the maps. */
  readonly hidden: number;
}

/**
 * Labels that are read out together. They are trained as label / unit, or as asinh(label / unit), which resolves small values
 * finely; both are clipped to ±`trainedClip`. The embedding shows them as label / `shown.unit`, clipped, once per entry.
 */
export interface EncoderReadout {
  readonly label: string;
  /** Columns of the dataset's labels. */
  readonly columns: readonly number[];
  readonly curve: 'linear' | 'asinh';
  readonly unit: number;
  readonly trainedClip: number;
  /** Weight in the loss. */
  readonly weight: number;
  readonly shown: readonly { readonly unit: number; readonly clip: number }[];
}

export interface EncoderSpec {
  readonly towers: readonly EncoderTower[];
  readonly trunk: readonly number[];
  readonly readouts: readonly EncoderReadout[];
  readonly features: number;
  /** Scale of a feature in the embedding, in which readouts are about 1. */
  readonly featureScale: number;
}

const TRUNK = 'trunk';
const READOUT = 'readout';
const FEATURES = 'features';
const AUXILIARY = 'auxiliary';
/** Far beyond any label; it keeps the exponential finite. */
const MAX_ASINH = 8;

export function readoutCount(readouts: readonly EncoderReadout[]): number {
  return readouts.reduce((sum, { columns }) => sum + columns.length, 0);
}

/** Names each number of the readouts' part of an embedding. */
export function shownLayout(readouts: readonly EncoderReadout[]): string[] {
  return readouts.flatMap(({ label, columns, shown }) =>
    shown.flatMap(({ unit }) => columns.map((_, index) => `${label}[${index}] / ${unit}`)),
  );
}

/** Names each number of the embedding: first the readouts, then the features. */
export function embeddingLayout(spec: EncoderSpec): string[] {
  return [...shownLayout(spec.readouts), ...Array.from({ length: spec.features }, (_, index) => `feature ${index}`)];
}

const netOf = ({ net, camera, sizePx, poolPx }: EncoderTower): ConvTrunkSpec => ({
  ...net,
  name: camera,
  sizePx: sizePx / poolPx,
});

const mapsOf = (tower: EncoderTower): number => tower.net.channels * trunkMapSize(netOf(tower)) ** 2;

function blockParameters(name: string, inputSize: number, hidden: readonly number[]): ParameterSpec[] {
  return hidden.flatMap((size, layer) => [
    ...denseParameters(`${name}.${layer}`, [{ name: 'input', size: hidden[layer - 1] ?? inputSize }], size),
    ...layerNormParameters(`${name}.${layer}`, size),
  ]);
}

/** All parameters. Those of the auxiliary readout serve training only and are left out of the model. */
export function encoderParameters(spec: EncoderSpec): ParameterSpec[] {
  const width = spec.towers.reduce((sum, { hidden }) => sum + hidden, 0);
  const trunk = [{ name: 'input', size: spec.trunk.at(-1)! }];
  const readouts = readoutCount(spec.readouts);
  return [
    ...spec.towers.flatMap((tower) => [
      ...convTrunkParameters(netOf(tower)),
      ...blockParameters(tower.camera, mapsOf(tower), [tower.hidden]),
    ]),
    ...blockParameters(TRUNK, width, spec.trunk),
    ...denseParameters(READOUT, trunk, readouts),
    ...denseParameters(FEATURES, trunk, spec.features),
    ...layerNormParameters(FEATURES, spec.features),
    ...denseParameters(AUXILIARY, [{ name: 'input', size: spec.features }], readouts),
  ];
}

function dense(parameters: Parameters, name: string, x: Node): Node {
  return add(matmul(x, parameters(`${name}.kernel.input`)), parameters(`${name}.bias`));
}

function block(parameters: Parameters, name: string, layers: number, x: Node): Node {
  let hidden = x;
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `${name}.${layer}`;
    const sum = dense(parameters, prefix, hidden);
    hidden = relu(layerNorm(sum, parameters(`${prefix}.scale`), parameters(`${prefix}.offset`)));
  }
  return hidden;
}

interface EncoderOutputs {
  /** [B, R] in training units. */
  readonly readouts: Node;
  /** [B, F], layer-normed. */
  readonly features: Node;
}

/** `pictures` holds per camera the pooled pictures [B, S, S, 3] in levels 0 … 255. */
export function encoderNet(
  spec: EncoderSpec,
  parameters: Parameters,
  pictures: Readonly<Record<string, Node>>,
): EncoderOutputs {
  const towers = spec.towers.map((tower) => {
    const maps = convTrunk(parameters, netOf(tower), normalisedPicture(pictures[tower.camera]!));
    return block(parameters, tower.camera, 1, reshape(maps, [maps.shape[0]!, mapsOf(tower)]));
  });
  const trunk = block(parameters, TRUNK, spec.trunk.length, concat(towers, 1));
  const features = layerNorm(
    dense(parameters, FEATURES, trunk),
    parameters(`${FEATURES}.scale`),
    parameters(`${FEATURES}.offset`),
  );
  return { readouts: dense(parameters, READOUT, trunk), features };
}

/** Features [B, F] → readouts [B, R] from the features alone. */
export function auxiliaryReadouts(parameters: Parameters, features: Node): Node {
  return dense(parameters, AUXILIARY, features);
}

/** Readouts in training units [B, R] → their part of the embedding. */
export function shownReadouts(specs: readonly EncoderReadout[], readouts: Node): Node {
  let start = 0;
  const parts = specs.flatMap(({ columns, curve, unit, shown }) => {
    const trained = slice(readouts, 1, start, start + columns.length);
    start += columns.length;
    const label = curve === 'asinh' ? sinh(trained) : trained;
    return shown.map((each) => clip(mul(label, unit / each.unit), -each.clip, each.clip));
  });
  return concat(parts, 1);
}

function sinh(x: Node): Node {
  const bounded = clip(x, -MAX_ASINH, MAX_ASINH);
  return mul(sub(exp(bounded), exp(neg(bounded))), 0.5);
}

/** Inputs: one uint8 [1, size, size, 3] per camera, by its name. Output: `embedding` [1, E]. Weights are stored as float16. */
export function encoderModel(
  spec: EncoderSpec,
  weights: Float32Array,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const specs = encoderParameters(spec);
  const used = specs.filter(({ name }) => !name.startsWith(AUXILIARY));
  const parameters = weightInputs(used);
  const pictures = Object.fromEntries(spec.towers.map((tower) => [tower.camera, pooledInGraph(tower)]));
  const { readouts, features } = encoderNet(spec, parameters, pictures);
  const embedding = concat([shownReadouts(spec.readouts, readouts), mul(features, spec.featureScale)], 1);
  return toOnnx(defineStep({ embedding }), {
    name: 'encoder',
    metadata,
    initializers: weightsByName(specs, weights, used),
    stored: Object.fromEntries([
      ...spec.towers.map(({ camera }) => [camera, 'uint8' as const]),
      ...used.map(({ name }) => [name, 'float16' as const]),
    ]),
  });
}

/** The `used` parameters out of the flat weights. */
export function weightsByName(
  specs: readonly ParameterSpec[],
  weights: Float32Array,
  used: readonly ParameterSpec[],
): Record<string, Float32Array> {
  const wanted = new Set(used.map(({ name }) => name));
  const named: Record<string, Float32Array> = {};
  let offset = 0;
  for (const spec of specs) {
    const end = offset + spec.shape.reduce((product, size) => product * size, 1);
    if (wanted.has(spec.name)) named[spec.name] = weights.subarray(offset, end);
    offset = end;
  }
  return named;
}
