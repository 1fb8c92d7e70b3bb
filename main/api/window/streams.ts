/**
 * Binary streams from engine to window: one WebSocket message each, little-endian, not compressed because the link is
 * loopback.
 *
 * message: u8 kind · u8 name length · u16 header length · u32 sequence · f64 engine's host time in ms · name · payload.
 * The name is ASCII, padded so that the payload starts at a multiple of 8.
 * camera: u16 width · u16 height · u32 reserved · RGB bytes.
 * tactile: u16 rows · u16 columns · u32 reserved · f32 total[4] · f32 [3, rows, columns].
 * poses: 7 × f32 per body.
 */
import type { CameraFrame } from '../observation.ts';

const STREAM_KINDS = { camera: 1, tactile: 2, poses: 3 } as const;
export type StreamKind = keyof typeof STREAM_KINDS;

export interface StreamMessage {
  readonly kind: StreamKind;
  readonly name: string;
  readonly sequence: number;
  readonly timeMs: number;
  readonly payload: Uint8Array;
}

const FIXED_BYTES = 16;

export function encodeStream(message: StreamMessage): Uint8Array {
  const name = new Uint8Array(message.name.length);
  for (let index = 0; index < name.length; index++) name[index] = message.name.charCodeAt(index) & 0x7f;
  const headerBytes = Math.ceil((FIXED_BYTES + name.length) / 8) * 8;
  const bytes = new Uint8Array(headerBytes + message.payload.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, STREAM_KINDS[message.kind]);
  view.setUint8(1, name.length);
  view.setUint16(2, headerBytes, true);
  view.setUint32(4, message.sequence >>> 0, true);
  view.setFloat64(8, message.timeMs, true);
  bytes.set(name, FIXED_BYTES);
  bytes.set(message.payload, headerBytes);
  return bytes;
}

/** Throws a `TypeError` when the bytes are no stream message. */
export function decodeStream(bytes: Uint8Array): StreamMessage {
  if (bytes.byteLength < FIXED_BYTES)
    throw new TypeError(`stream message of ${bytes.byteLength} bytes; expected at least ${FIXED_BYTES}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const code = view.getUint8(0);
  const kind = (Object.keys(STREAM_KINDS) as StreamKind[]).find((candidate) => STREAM_KINDS[candidate] === code);
  const headerBytes = view.getUint16(2, true);
  if (!kind || headerBytes > bytes.byteLength)
    throw new TypeError(`stream message of kind ${code}, header ${headerBytes} bytes: not one of this protocol`);
  const name = String.fromCharCode(...bytes.subarray(FIXED_BYTES, FIXED_BYTES + view.getUint8(1)));
  return {
    kind,
    name,
    sequence: view.getUint32(4, true),
    timeMs: view.getFloat64(8, true),
    payload: bytes.subarray(headerBytes),
  };
}

export type Picture = Omit<CameraFrame, 'camera'>;

export function encodePicture(picture: Picture): Uint8Array {
  const bytes = new Uint8Array(8 + picture.rgb.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, picture.widthPx, true);
  view.setUint16(2, picture.heightPx, true);
  bytes.set(picture.rgb, 8);
  return bytes;
}

export function decodePicture(payload: Uint8Array): Picture {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  return { widthPx: view.getUint16(0, true), heightPx: view.getUint16(2, true), rgb: payload.subarray(8) };
}

export interface PadReading {
  readonly rows: number;
  readonly columns: number;
  /** Normal force, shear x, shear z in N, torsion in Nm. */
  readonly total: Float32Array;
  /** [3, rows, columns] pressure, shear x, shear z per taxel in N. */
  readonly forceN: Float32Array;
}

export function encodePad(pad: Omit<PadReading, 'total'> & { readonly total: ArrayLike<number> }): Uint8Array {
  const bytes = new Uint8Array(8 + 16 + pad.forceN.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, pad.rows, true);
  view.setUint16(2, pad.columns, true);
  for (let index = 0; index < 4; index++) view.setFloat32(8 + 4 * index, pad.total[index] ?? 0, true);
  new Float32Array(bytes.buffer, 24).set(pad.forceN);
  return bytes;
}

export function decodePad(payload: Uint8Array): PadReading {
  const copy = payload.slice();
  const view = new DataView(copy.buffer);
  return {
    rows: view.getUint16(0, true),
    columns: view.getUint16(2, true),
    total: new Float32Array(copy.buffer, 8, 4),
    forceN: new Float32Array(copy.buffer, 24),
  };
}
