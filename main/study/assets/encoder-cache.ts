/**
 * Pooled training pictures with labels, in files of several groups each. They are made once and kept in a folder that
 * the user chooses; a stopped run goes on with the next file. The folder's name holds a hash of the first groups'
 * pictures, so pictures of another renderer, model or pooling are never mixed in.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  ENCODER_LABEL_COUNT,
  type EncoderDataSource,
  type EncoderLabelName,
} from '../../../native/sim/encoder-data/encoder-data.ts';
import type { EncoderDataset } from '../../learn/encoders/encoder-training.ts';
import { type PooledCamera, pooledSize, poolPicture } from '../../learn/encoders/pooled-picture.ts';
import { writeFileAtomically } from '../../models/atomic-files.ts';
import { distanceWeight, labelColumns } from './encoder-spec.ts';

const MAKER = new URL('./shard-worker.ts', import.meta.url);
const GROUPS_PER_SHARD = 40;
const FINGERPRINT_GROUPS = 3;
const ALIGNMENT = 8;
const ABSENT_WEIGHT = 0.1;

interface Shard {
  readonly count: number;
  readonly pixels: Readonly<Record<string, Uint8Array>>;
  readonly labels: Float32Array;
  readonly known: Uint8Array;
}

export function openEncoderCache(parent: string, source: EncoderDataSource, cameras: readonly PooledCamera[]) {
  const folder = join(parent, fingerprint(source, cameras));
  mkdirSync(folder, { recursive: true });

  const pathOf = (index: number) => join(folder, `train-${String(index).padStart(4, '0')}.bin`);
  const shard = (index: number): Shard => {
    const path = pathOf(index);
    if (existsSync(path)) return readShard(path, cameras);
    const made = makeShard(source, cameras, index);
    writeShard(path, cameras, made);
    return made;
  };

  return {
    folder,
    /** Makes one file of the cache, unless it is there. Returns its number of frames. */
    make: (index: number): number => shard(index).count,
    /** Returns at least `frames` training frames. Makes the ones that are missing, in `threads` threads. */
    dataset: async (frames: number, threads: number, onProgress: (frames: number) => void): Promise<EncoderDataset> => {
      const missing = (index: number) => !existsSync(pathOf(index));
      const makers = createMakers(parent, cameras, threads);
      const shards: Shard[] = [];
      for (let count = 0; count < frames; ) {
        if (missing(shards.length)) await makers.make(shards.length, missing);
        const next = readShard(pathOf(shards.length), cameras);
        shards.push(next);
        count += next.count;
        onProgress(count);
      }
      await makers.dispose();
      return joinShards(shards, cameras);
    },
  };
}

/** Threads that make files of the cache, started when they are first needed. */
function createMakers(parent: string, cameras: readonly PooledCamera[], threads: number) {
  let workers: Worker[] = [];
  const makeOne = async (worker: Worker, index: number) => {
    worker.postMessage(index);
    // An error of the thread rejects here.
    await once(worker, 'message');
  };
  return {
    /** Makes the missing files from `first` on, as many as there are threads. */
    make: async (first: number, missing: (index: number) => boolean): Promise<void> => {
      if (workers.length === 0)
        workers = Array.from(
          { length: Math.max(1, threads) },
          () => new Worker(MAKER, { workerData: { parent, cameras } }),
        );
      const wanted = Array.from({ length: 4 * workers.length }, (_, at) => first + at).filter(missing);
      await Promise.all(
        workers.flatMap((worker, at) => (wanted[at] === undefined ? [] : [makeOne(worker, wanted[at])])),
      );
    },
    dispose: async (): Promise<void> => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function fingerprint(source: EncoderDataSource, cameras: readonly PooledCamera[]): string {
  const hash = createHash('sha256').update(JSON.stringify(cameras.map(({ sizePx, poolPx }) => [sizePx, poolPx])));
  for (let index = 0; index < FINGERPRINT_GROUPS; index++)
    for (const { pictures, labels } of source.group('train', index)) {
      for (const picture of pictures) hash.update(picture);
      hash.update(new Uint8Array(labels.buffer));
    }
  return hash.digest('hex').slice(0, 16);
}

function makeShard(source: EncoderDataSource, cameras: readonly PooledCamera[], index: number): Shard {
  const groups = Array.from({ length: GROUPS_PER_SHARD }, (_, group) => index * GROUPS_PER_SHARD + group);
  // Pictures are pooled one by one, because whole pictures of a shard would take tens of megabytes.
  const frames = groups.flatMap((group) =>
    source.group('train', group).map(({ pictures, labels, known }) => ({
      labels,
      known,
      pooled: cameras.map((tower) => {
        const pixels = new Uint8Array(pooledSize(tower));
        poolPicture(pictures[source.cameras.indexOf(tower.camera)]!, tower, pixels, 0);
        return pixels;
      }),
    })),
  );
  return {
    count: frames.length,
    pixels: Object.fromEntries(
      cameras.map((tower, at) => {
        const all = new Uint8Array(frames.length * pooledSize(tower));
        for (const [row, { pooled }] of frames.entries()) all.set(pooled[at]!, row * pooledSize(tower));
        return [tower.camera, all];
      }),
    ),
    labels: Float32Array.from(frames.flatMap(({ labels }) => [...labels])),
    known: Uint8Array.from(frames.flatMap(({ known }) => [...known])),
  };
}

/** Writes a header of 8 bytes with the count, then labels, each camera's pixels and the known flags; little-endian. */
function writeShard(path: string, cameras: readonly PooledCamera[], { count, pixels, labels, known }: Shard): void {
  const header = new Uint8Array(ALIGNMENT);
  new DataView(header.buffer).setUint32(0, count, true);
  const bytes = (array: Uint8Array | Float32Array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  writeFileAtomically(path, [header, bytes(labels), ...cameras.map(({ camera }) => bytes(pixels[camera]!)), known]);
}

function readShard(path: string, cameras: readonly PooledCamera[]): Shard {
  const file = readFileSync(path);
  // A copy, so that the views on it are aligned.
  const { buffer } = Uint8Array.from(file);
  const count = new DataView(buffer).getUint32(0, true);
  let at = ALIGNMENT;
  const labels = new Float32Array(buffer, at, count * ENCODER_LABEL_COUNT);
  at += labels.byteLength;
  const pixels = Object.fromEntries(
    cameras.map((tower) => {
      const values = new Uint8Array(buffer, at, count * pooledSize(tower));
      at += values.byteLength;
      return [tower.camera, values];
    }),
  );
  return { count, labels, pixels, known: new Uint8Array(buffer, at, count * ENCODER_LABEL_COUNT) };
}

function joinShards(shards: readonly Shard[], cameras: readonly PooledCamera[]): EncoderDataset {
  const count = shards.reduce((sum, shard) => sum + shard.count, 0);
  const labels = new Float32Array(count * ENCODER_LABEL_COUNT);
  const weights = new Float32Array(count * ENCODER_LABEL_COUNT);
  const pixels = Object.fromEntries(cameras.map((tower) => [tower.camera, new Uint8Array(count * pooledSize(tower))]));
  let row = 0;
  for (const shard of shards) {
    labels.set(shard.labels, row * ENCODER_LABEL_COUNT);
    weights.set(shard.known, row * ENCODER_LABEL_COUNT);
    for (const tower of cameras) pixels[tower.camera]!.set(shard.pixels[tower.camera]!, row * pooledSize(tower));
    row += shard.count;
  }
  for (const name of ['holeFromTip', 'objectFromTool'] as const) weighNearby(name, labels, weights, count);
  // A label that a scene does not define is taught to be zero, gently, so that a policy does not see noise there.
  weights.forEach((weight, at) => {
    if (weight === 0) weights[at] = ABSENT_WEIGHT;
  });
  return { count, pixels, labels, weights, labelCount: ENCODER_LABEL_COUNT };
}

function weighNearby(name: EncoderLabelName, labels: Float32Array, weights: Float32Array, count: number): void {
  const columns = labelColumns(name);
  for (let row = 0; row < count; row++) {
    const at = row * ENCODER_LABEL_COUNT;
    const weight = distanceWeight(Math.hypot(...columns.map((column) => labels[at + column]!)));
    for (const column of columns) weights[at + column]! *= weight;
  }
}
