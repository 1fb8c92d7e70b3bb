/**
 * Packs records into blobs and back, exact to the bit. Numbers are little-endian. Frames are RGB in zstd. Tactile maps
 * are float32 in zstd, their four bytes in four planes, because the exponents of neighbouring taxels are alike.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { CameraFrame, TactileFrame } from '../main/api/observation.ts';
import type { ObservationRecord } from './records.ts';
import { StoreError } from './store-error.ts';

export const FRAME_ENCODING = 'rgb-zstd';
export const TACTILE_ENCODING = 'f32-planes-zstd';
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

export function bytesOf(values: Float32Array | Float64Array | Uint8Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

/** Returns a copy, because a blob's bytes need not be aligned. */
export function float32Of(bytes: Uint8Array): Float32Array {
  return new Float32Array(new Uint8Array(bytes).buffer, 0, Math.floor(bytes.byteLength / 4));
}

export function float64Of(bytes: Uint8Array): Float64Array {
  return new Float64Array(new Uint8Array(bytes).buffer, 0, Math.floor(bytes.byteLength / 8));
}

/** [20]: position 3, orientation 4, twist 6, wrench 6, gripper opening. */
export function packRobotState(record: ObservationRecord): Float64Array {
  return Float64Array.of(
    ...record.baseFromTool.positionM,
    ...record.baseFromTool.orientation,
    ...record.twistInTool,
    ...record.wrenchInTool,
    record.gripperOpeningM,
  );
}

export function unpackRobotState(
  bytes: Uint8Array,
): Pick<ObservationRecord, 'baseFromTool' | 'twistInTool' | 'wrenchInTool' | 'gripperOpeningM'> {
  const state = float64Of(bytes);
  const at = (index: number) => state[index] ?? Number.NaN;
  return {
    baseFromTool: { positionM: [at(0), at(1), at(2)], orientation: [at(3), at(4), at(5), at(6)] },
    twistInTool: [at(7), at(8), at(9), at(10), at(11), at(12)],
    wrenchInTool: [at(13), at(14), at(15), at(16), at(17), at(18)],
    gripperOpeningM: at(19),
  };
}

export function packFrame(frame: CameraFrame): Buffer {
  return zstdCompressSync(frame.rgb, ZSTD);
}

export interface FrameRow {
  readonly camera: string;
  readonly width_px: number;
  readonly height_px: number;
  readonly encoding: string;
  readonly data: Uint8Array;
}

export function unpackFrame(row: FrameRow): CameraFrame {
  const bytes = decompress(row, FRAME_ENCODING, `a frame of camera ${row.camera}`);
  const rgb = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { camera: row.camera, widthPx: row.width_px, heightPx: row.height_px, rgb };
}

export function packTactile(pad: TactileFrame): Buffer {
  const bytes = bytesOf(pad.forceN);
  const planes = new Uint8Array(bytes.length);
  const count = pad.forceN.length;
  for (let index = 0; index < count; index++)
    for (let byte = 0; byte < 4; byte++) planes[byte * count + index] = bytes[4 * index + byte] ?? 0;
  return zstdCompressSync(planes, ZSTD);
}

export interface TactileRow {
  readonly pad: string;
  readonly row_count: number;
  readonly column_count: number;
  readonly total: Uint8Array;
  readonly encoding: string;
  readonly data: Uint8Array;
}

export function unpackTactile(row: TactileRow): TactileFrame {
  const planes = decompress(row, TACTILE_ENCODING, `a reading of tactile pad ${row.pad}`);
  const count = planes.length / 4;
  const forceN = new Float32Array(count);
  const bytes = new Uint8Array(forceN.buffer);
  for (let index = 0; index < count; index++)
    for (let byte = 0; byte < 4; byte++) bytes[4 * index + byte] = planes[byte * count + index] ?? 0;
  const { pad, row_count: rows, column_count: columns } = row;
  const [normal = 0, shearX = 0, shearZ = 0, torsion = 0] = float64Of(row.total);
  return { pad, rows, columns, forceN, total: [normal, shearX, shearZ, torsion] };
}

function decompress(row: Pick<FrameRow, 'encoding' | 'data'>, expected: string, what: string): Buffer {
  if (row.encoding !== expected)
    throw new StoreError(
      'corrupt',
      `The encoding of ${what} is '${row.encoding}'; expected '${expected}'.`,
      'Open the project with the Takeover that recorded it.',
    );
  return zstdDecompressSync(row.data);
}
