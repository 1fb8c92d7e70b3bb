/**
 * The encoder for any cameras: the maps against a float32 run of the released weights, any number and size of cameras,
 * hashes that keep embeddings of different cameras apart, and refusals.
 */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { CameraFrame } from '../../main/api/observation.ts';
import { createRng } from '../../main/api/rng.ts';
import { GENERAL_BACKBONE_MANIFEST } from '../../main/models/assets.ts';
import { encoderOnCameras, makeEncoder, type RigCamera, readBackbone } from '../../main/models/backbone.ts';
import { readEncoderManifest } from '../../main/models/encoder-manifest.ts';
import { type EncoderRuntime, loadEncoder } from '../../main/models/encoder-runtime.ts';
import { encoderFor, mapsOf } from '../../main/runs/encoder-choice.ts';
import { randomWeights, writeBackbone } from '../../main/study/assets/general-backbone.ts';
import { encodeModel, readGraph } from '../../main/tensor/onnx/proto.ts';

const oracle: { maps: readonly (readonly number[])[] } = JSON.parse(
  readFileSync(new URL('../oracle/general-encoder.json', import.meta.url), 'utf8'),
);
const backbone = readBackbone(GENERAL_BACKBONE_MANIFEST)!;
const backboneModel = readFileSync(join(dirname(GENERAL_BACKBONE_MANIFEST), backbone.model));
const SIDE = 128;
const PER_CAMERA = 112 * 4 * 4;
const square = (name: string): RigCamera => ({ name, widthPx: SIDE, heightPx: SIDE });

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'takeover-backbone-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function encoderOf(t: TestContext, cameras: readonly RigCamera[]): Promise<EncoderRuntime> {
  const encoder = await loadEncoder(encoderOnCameras(GENERAL_BACKBONE_MANIFEST, cameras, temporaryFolder(t)));
  t.after(() => encoder.dispose());
  return encoder;
}

/** A disc on a slope, as in the oracle; `zoom` repeats every pixel in both directions. */
function scene(
  kind: number,
  zoom: { readonly x: number; readonly y: number } = { x: 1, y: 1 },
): Omit<CameraFrame, 'camera'> {
  const [widthPx, heightPx] = [SIDE * zoom.x, SIDE * zoom.y];
  const disc = [200, 60 + 40 * kind, 40];
  const rgb = Uint8Array.from({ length: widthPx * heightPx * 3 }, (_, at) => {
    const [row, column] = [Math.floor(at / (3 * widthPx * zoom.y)), Math.floor(((at / 3) % widthPx) / zoom.x)];
    const isDisc = Math.hypot(row - 40 - 10 * kind, column - 60 + 15 * kind) < 22;
    return isDisc ? disc[at % 3]! : Math.floor((row + column * ((at % 3) + 1)) / ((at % 3) + 2));
  });
  return { widthPx, heightPx, rgb };
}

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const dot = (x: ArrayLike<number>, y: ArrayLike<number>) =>
    Array.from(x).reduce((sum, value, at) => sum + value * y[at]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

test('two cameras give the maps of the released network, one after the other', async (t) => {
  const encoder = await encoderOf(t, [square('scene'), square('wrist')]);
  assert.equal(encoder.manifest.embeddingSize, 2 * PER_CAMERA);
  assert.deepEqual(encoder.manifest.maps, { cameras: 2, height: 4, width: 4, channels: 112 });
  const frames = [0, 1].map((kind) => ({ camera: ['scene', 'wrist'][kind]!, ...scene(kind) }));
  const embedding = await encoder.embed(frames.toReversed());
  for (const [camera, expected] of oracle.maps.entries()) {
    const own = embedding.subarray(camera * PER_CAMERA, (camera + 1) * PER_CAMERA);
    const found = expected.map((_, index) => own[7 * index]!);
    assert.ok(cosine(found, expected) > 0.9999, `camera ${camera}: cosine ${cosine(found, expected)}`);
    assert.ok(cosine(found, oracle.maps[1 - camera]!) < 0.95, 'the pictures are told apart');
  }
});

test('one camera or three, of different sizes: each is read by itself', async (t) => {
  const cameras = [
    { name: 'left', widthPx: 640, heightPx: 480 },
    square('wrist'),
    { name: 'top', widthPx: 256, heightPx: 384 },
  ];
  const three = await encoderOf(t, cameras);
  const frames = [
    { camera: 'left', widthPx: 640, heightPx: 480, rgb: new Uint8Array(640 * 480 * 3).map((_, at) => at % 251) },
    { camera: 'wrist', ...scene(0) },
    { camera: 'top', ...scene(1, { x: 2, y: 3 }) },
  ];
  const all = await three.embed(frames);
  assert.equal(all.length, 3 * PER_CAMERA);
  for (const [index, camera] of cameras.entries()) {
    const one = await encoderOf(t, [camera]);
    const alone = await one.embed([frames[index]!]);
    assert.equal(alone.length, PER_CAMERA);
    const own = all.subarray(index * PER_CAMERA, (index + 1) * PER_CAMERA);
    assert.ok(cosine(alone, own) > 0.999999, `${camera.name} does not depend on the others`);
  }
});

test('a picture of another shape is stretched, smoothly and as a whole', async (t) => {
  const wide = await encoderOf(t, [{ name: 'wrist', widthPx: 3 * SIDE, heightPx: 2 * SIDE }]);
  const plain = await encoderOf(t, [square('wrist')]);
  const large = await wide.embed([{ camera: 'wrist', ...scene(0, { x: 3, y: 2 }) }]);
  const small = await plain.embed([{ camera: 'wrist', ...scene(0) }]);
  const other = await plain.embed([{ camera: 'wrist', ...scene(1) }]);
  assert.ok(cosine(large, small) > 0.97, `${cosine(large, small)}`);
  assert.ok(cosine(large, other) < 0.9, `${cosine(large, other)}`);
  // Lines of one pixel, which would alias to white, become grey; at the edges the filter sees fewer or more of them.
  const lines = Uint8Array.from({ length: 6 * SIDE * SIDE * 3 }, (_, at) => (Math.floor(at / 3) % 3 === 0 ? 0 : 255));
  const greyOf = (column: number) => (column === 0 ? 142 : column === SIDE - 1 ? 198 : 170);
  const grey = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, at) => greyOf(Math.floor(at / 3) % SIDE));
  const [fine, even] = [
    await wide.embed([{ camera: 'wrist', widthPx: 3 * SIDE, heightPx: 2 * SIDE, rgb: lines }]),
    await plain.embed([{ camera: 'wrist', widthPx: SIDE, heightPx: SIDE, rgb: grey }]),
  ];
  assert.ok(cosine(fine, even) > 0.99, `${cosine(fine, even)}`);
});

test('the hash follows from backbone and cameras: the same ones give the same bytes, others another', () => {
  const hashOf = (cameras: readonly RigCamera[]) => makeEncoder(backbone, backboneModel, cameras).manifest.sha256;
  const [scene, wrist] = [square('scene'), square('wrist')];
  assert.equal(hashOf([scene, wrist]), hashOf([square('scene'), square('wrist')]));
  const sets = [[scene], [wrist], [scene, wrist], [wrist, scene], [{ ...scene, widthPx: 160 }, wrist]];
  assert.equal(new Set(sets.map(hashOf)).size, sets.length);
});

test('the program makes it for the cell’s cameras in the project folder, once', (t) => {
  const folder = temporaryFolder(t);
  const path = encoderFor('pixels', 'general', folder)!;
  assert.ok(path.startsWith(join(folder, 'encoders', 'general-')));
  const manifest = readEncoderManifest(path);
  assert.deepEqual(
    manifest.cameras.map(({ name, widthPx }) => [name, widthPx]),
    [
      ['side', 128],
      ['wrist', 128],
    ],
  );
  assert.deepEqual(manifest.maps, mapsOf('pixels', 'general'));
  const { mtimeMs } = statSync(path);
  assert.equal(encoderFor('pixels', 'general', folder), path);
  assert.equal(encoderFor('pixels', GENERAL_BACKBONE_MANIFEST, folder), path, 'its manifest’s path is as good');
  assert.equal(statSync(path).mtimeMs, mtimeMs);
  assert.notEqual(encoderFor('pixels', 'general', folder, [square('other')]), path);
  assert.equal(readdirSync(join(folder, 'encoders')).length, 2);
  assert.equal(encoderFor('blind', 'general', join(folder, 'none')), undefined);
  assert.throws(
    () => encoderFor('pixels', 'general', join(folder, 'none')),
    /none is not there, and the encoder general would be made in it/,
  );
  assert.equal(mapsOf('state', 'general'), undefined);
  assert.equal(mapsOf('pixels', undefined), undefined, 'the cell’s encoder gives a vector');
  assert.ok(!existsSync(join(folder, 'none')));
});

test('a picture of a size that the encoder was not made for is refused with both sizes', async (t) => {
  const encoder = await encoderOf(t, [square('scene')]);
  const refused = (frames: readonly CameraFrame[], words: RegExp) => assert.rejects(encoder.embed(frames), words);
  await refused(
    [{ camera: 'scene', widthPx: 64, heightPx: 64, rgb: new Uint8Array(64 * 64 * 3) }],
    /needs camera scene at 128×128, got 64×64/,
  );
  await refused([], /needs camera scene at 128×128, got none/);
});

test('cameras and backbones that make no sense are refused in words', (t) => {
  const make = (cameras: readonly RigCamera[]) => () => makeEncoder(backbone, backboneModel, cameras);
  assert.throws(make([]), /there is no camera/);
  assert.throws(make([{ ...square('a'), widthPx: 0 }]), /camera a is of 0×128 pixels; expected whole numbers above 0/);
  assert.throws(make([{ ...square('a'), heightPx: 12.5 }]), /camera a is of 128×12.5 pixels/);
  assert.throws(make([square('a'), square('a')]), /two cameras are named a/);
  const named = { ...backbone, input: 'image' };
  assert.throws(
    () => makeEncoder(named, backboneModel, [square('a')]),
    /has the inputs picture and .* names image and map/,
  );
  const graph = readGraph(backboneModel);
  const values = {
    inputs: [{ name: 'picture', shape: [1], dtype: 'float32' }],
    outputs: [{ name: 'map', shape: [1], dtype: 'float32' }],
  } as const;
  const old = encodeModel({
    ...graph,
    ...values,
    opsets: { '': 13 },
    name: 'old',
    docString: '',
    producer: '',
    metadata: {},
  });
  assert.throws(
    () => makeEncoder(backbone, old, [square('a')]),
    /is of ONNX opset 13; pictures are resized by that of 18/,
  );

  const folder = temporaryFolder(t);
  cpSync(dirname(GENERAL_BACKBONE_MANIFEST), folder, { recursive: true });
  const manifestPath = join(folder, 'manifest.json');
  writeFileSync(join(folder, backbone.model), backboneModel.subarray(1));
  assert.throws(() => encoderFor('pixels', manifestPath, folder), /has SHA-256 [0-9a-f]+, its manifest says/);
  rmSync(join(folder, backbone.model));
  assert.throws(() => encoderFor('pixels', manifestPath, folder), /backbone\.onnx cannot be read/);
  writeFileSync(manifestPath, JSON.stringify({ ...backbone, sidePx: -1 }));
  assert.throws(() => encoderFor('pixels', manifestPath, folder), /not a usable backbone manifest/);
  writeFileSync(manifestPath, 'no json');
  assert.equal(readBackbone(manifestPath), undefined);
});

test('random weights for comparison: another network of the same shape, whose maps keep their size', async (t) => {
  const folder = temporaryFolder(t);
  const path = writeBackbone(join(folder, 'b'), randomWeights(createRng(1)), { name: 'random', isTrained: false });
  const encoder = await loadEncoder(encoderFor('pixels', path, folder, [square('scene')])!);
  t.after(() => encoder.dispose());
  const maps = await encoder.embed([{ camera: 'scene', ...scene(0) }]);
  assert.equal(maps.length, PER_CAMERA);
  const size = Math.sqrt(maps.reduce((sum, value) => sum + value * value, 0) / maps.length);
  assert.ok(size > 0.05 && size < 50, `${size}`);
  assert.ok(
    Math.abs(
      cosine(
        maps.filter((_, at) => at % 7 === 0),
        oracle.maps[0]!,
      ),
    ) < 0.5,
  );
});
