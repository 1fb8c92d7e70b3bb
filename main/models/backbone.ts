/**
 * Makes an encoder for the cameras at hand from a backbone, a network for any picture: any number of cameras, each of any
 * size, and the weights once. The model is
 *   uint8 [1, H, W, 3] of each camera → [3, side, side] → all cameras as one batch → backbone → maps → `embedding` [1, E].
 * A picture of another size is stretched to the square, bilinearly with antialiasing. Nothing is cut off, because what
 * matters may lie at the edge; the distortion is the same in every picture of a camera.
 * The model names cameras and sizes, so its SHA-256 follows from them and from the backbone: embeddings of different
 * cameras never mix.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type BackboneManifest, backboneManifestSchema, type EncoderManifest } from '../api/policy.ts';
import { ELEMENT_TYPE, encodeModel, type OnnxNode, type OnnxTensor, readGraph } from '../tensor/onnx/proto.ts';
import { writeFolderAtomically } from './atomic-files.ts';
import { ModelError, reasonOf } from './model-error.ts';

/** A camera as a rig describes it. */
export interface RigCamera {
  readonly name: string;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** An encoder as it is written into a folder. */
interface MadeEncoder {
  readonly manifest: EncoderManifest;
  readonly model: Uint8Array;
}

const MODEL = 'encoder.onnx';
const OUTPUT = 'embedding';
/** The first opset whose Resize knows antialiasing. */
const FIRST_OPSET = 18;

const AGAIN = 'Choose another encoder, or make this backbone again.';

/** Returns `undefined` when the file is no backbone's manifest; throws a `ModelError` when it is a broken one. */
export function readBackbone(manifestPath: string): BackboneManifest | undefined {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(manifestPath, 'utf8'));
  } catch {
    return undefined;
  }
  if (typeof json !== 'object' || json === null || Reflect.get(json, 'kind') !== 'backbone') return undefined;
  const parsed = backboneManifestSchema.safeParse(json);
  if (!parsed.success)
    throw new ModelError(`${manifestPath} is not a usable backbone manifest: ${reasonOf(parsed.error)}`, AGAIN);
  return parsed.data;
}

/**
 * Writes the encoder for the cameras into a folder of its own below `folder`, unless it is there, and returns the path of its
 * manifest. Throws a `ModelError` when the backbone cannot be used or the cameras make no sense.
 */
export function encoderOnCameras(manifestPath: string, cameras: readonly RigCamera[], folder: string): string {
  const backbone = readBackbone(manifestPath);
  if (!backbone) throw new ModelError(`${manifestPath} is no backbone manifest`, AGAIN);
  const own = cameras.map(({ name, widthPx, heightPx }) => [name, widthPx, heightPx]);
  const key = createHash('sha256')
    .update(JSON.stringify([backbone.sha256, own]))
    .digest('hex')
    .slice(0, 12);
  const made = join(folder, `${backbone.name}-${key}`);
  const madeManifest = join(made, 'manifest.json');
  if (existsSync(madeManifest)) return madeManifest;
  const { manifest, model } = makeEncoder(backbone, modelOf(manifestPath, backbone), cameras);
  try {
    writeFolderAtomically(made, (temporary) => {
      writeFileSync(join(temporary, MODEL), model);
      writeFileSync(join(temporary, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
    });
  } catch (error) {
    throw new ModelError(`${made} cannot be written: ${reasonOf(error)}`, 'Name a project folder that can be written.');
  }
  return madeManifest;
}

function modelOf(manifestPath: string, { model, sha256 }: BackboneManifest): Uint8Array {
  const path = join(dirname(manifestPath), model);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new ModelError(`${path} cannot be read: ${reasonOf(error)}`, AGAIN);
  }
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) throw new ModelError(`${path} has SHA-256 ${found}, its manifest says ${sha256}`, AGAIN);
  return bytes;
}

/** The model and its manifest. The same backbone and cameras give the same bytes. */
export function makeEncoder(
  backbone: BackboneManifest,
  backboneModel: Uint8Array,
  cameras: readonly RigCamera[],
): MadeEncoder {
  expectCameras(cameras);
  const graph = readGraph(backboneModel);
  if (!graph.inputs.includes(backbone.input) || !graph.outputs.includes(backbone.output))
    throw new ModelError(
      `the backbone ${backbone.name} has the inputs ${graph.inputs.join(', ')} and the outputs ${graph.outputs.join(', ')}; ` +
        `its manifest names ${backbone.input} and ${backbone.output}`,
      AGAIN,
    );
  const opset = graph.opsets[''] ?? 0;
  if (opset < FIRST_OPSET)
    throw new ModelError(
      `the backbone ${backbone.name} is of ONNX opset ${opset}; pictures are resized by that of ${FIRST_OPSET}`,
      'Convert it to a newer opset.',
    );
  const inputs = cameras.map((camera) => ({ ...camera, input: `camera.${camera.name}` }));
  const prepared = inputs.map((camera) => prepare(camera, backbone.sidePx));
  const shape: OnnxTensor = { name: 'embedding.shape', shape: [2], dtype: 'int64', values: [1, -1] };
  const { channels, height, width } = backbone.map;
  const embeddingSize = cameras.length * channels * height * width;
  const model = encodeModel({
    name: backbone.name,
    docString: `${backbone.name} on ${cameras.map(({ name }) => name).join(', ')}`,
    producer: 'takeover',
    opsets: graph.opsets,
    metadata: { source: backbone.trainedOn.source },
    nodes: [
      ...prepared.flatMap(({ nodes }) => nodes),
      {
        ...{ opType: 'Concat', inputs: prepared.map(({ result }) => result), outputs: [backbone.input] },
        ints: { axis: 0 },
      },
      ...graph.nodes,
      { opType: 'Reshape', inputs: [backbone.output, shape.name], outputs: [OUTPUT] },
    ],
    initializers: [...prepared.flatMap(({ initializers }) => initializers), ...graph.initializers, shape],
    inputs: inputs.map(({ input, widthPx, heightPx }) => ({
      ...{ name: input, shape: [1, heightPx, widthPx, 3], dtype: 'uint8' },
    })),
    outputs: [{ name: OUTPUT, shape: [1, embeddingSize], dtype: 'float32' }],
  });
  const { labels, frames, source } = backbone.trainedOn;
  const manifest: EncoderManifest = {
    kind: 'encoder',
    name: backbone.name,
    model: MODEL,
    sha256: createHash('sha256').update(model).digest('hex'),
    cameras: inputs.map(({ name, input, widthPx, heightPx }) => ({ name, input, widthPx, heightPx })),
    embeddingSize,
    maps: { cameras: cameras.length, height, width, channels },
    output: OUTPUT,
    trainedOn: { labels: `${labels}; ${source}`, frames, seedRange: 'none: no picture of the cell' },
    holdOut: {},
  };
  return { manifest, model };
}

function expectCameras(cameras: readonly RigCamera[]): void {
  const remedy = 'Name every camera once, with its width and height in pixels.';
  if (cameras.length === 0) throw new ModelError('there is no camera to make an encoder for', remedy);
  for (const { name, widthPx, heightPx } of cameras)
    for (const size of [widthPx, heightPx])
      if (!Number.isInteger(size) || size < 1)
        throw new ModelError(
          `camera ${name} is of ${widthPx}×${heightPx} pixels; expected whole numbers above 0`,
          remedy,
        );
  const names = cameras.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new ModelError(`two cameras are named ${twice}`, remedy);
}

/** uint8 [1, H, W, 3] → levels [1, 3, side, side]. */
function prepare({ input, widthPx, heightPx }: RigCamera & { readonly input: string }, sidePx: number) {
  const nodes: OnnxNode[] = [];
  const then = (opType: string, inputs: readonly string[], options: Pick<OnnxNode, 'ints' | 'strings'>) => {
    const result = `${input}.${opType}`;
    nodes.push({ opType, inputs, outputs: [result], ...options });
    return result;
  };
  const levels = then('Cast', [input], { ints: { to: ELEMENT_TYPE.float32 } });
  const planes = then('Transpose', [levels], { ints: { perm: [0, 3, 1, 2] } });
  if (widthPx === sidePx && heightPx === sidePx) return { nodes, result: planes, initializers: [] };
  const sizes: OnnxTensor = { name: `${input}.sizes`, shape: [4], dtype: 'int64', values: [1, 3, sidePx, sidePx] };
  const result = then('Resize', [planes, '', '', sizes.name], {
    ints: { antialias: 1 },
    strings: { mode: 'linear', coordinate_transformation_mode: 'half_pixel' },
  });
  return { nodes, result, initializers: [sizes] };
}
