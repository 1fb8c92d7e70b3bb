/**
 * H.264 in MP4, in plain Node, by @napi-rs/webcodecs and mediabunny, which only this file and its tests use. Frame k is
 * shown at exactly k/fps (constant rate, GOP 2, no B-frames, limited range BT.709), because readers look frames up by
 * index.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import {
  EncodedVideoChunk,
  type EncodedVideoChunkMetadata,
  VideoColorSpace,
  VideoDecoder,
  VideoEncoder,
  VideoFrame,
} from '@napi-rs/webcodecs';
import {
  ALL_FORMATS,
  BufferSource,
  BufferTarget,
  EncodedPacket,
  EncodedPacketSink,
  EncodedVideoPacketSource,
  Input,
  Mp4OutputFormat,
  Output,
} from 'mediabunny';
import type { CameraFrame } from '../../main/api/observation.ts';
import { StoreError } from '../store-error.ts';

const CODEC = 'avc1.42001f';
const KEY_FRAME_EVERY = 2;
/** At this rate rendered pictures look unchanged; a larger one only costs space. */
const BITS_PER_PIXEL = 4;
const LEAST_BITRATE = 500_000;

// The package mediabunny looks for the browser's classes by their global names.
const CLASSES = { EncodedVideoChunk, VideoColorSpace, VideoDecoder, VideoEncoder, VideoFrame };
for (const [name, value] of Object.entries(CLASSES))
  if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true });

/** Converts full-range RGB to limited-range BT.709. Chroma is averaged over 2×2 pixels. */
export function i420FromRgb({ rgb, widthPx, heightPx }: CameraFrame): Uint8Array {
  const luma = widthPx * heightPx;
  const planes = new Uint8Array(luma + luma / 2);
  for (let index = 0; index < luma; index++) {
    const [r = 0, g = 0, b = 0] = [rgb[3 * index], rgb[3 * index + 1], rgb[3 * index + 2]];
    planes[index] = Math.round(16 + (219 / 255) * (0.2126 * r + 0.7152 * g + 0.0722 * b));
  }
  let at = luma;
  for (let y = 0; y < heightPx; y += 2)
    for (let x = 0; x < widthPx; x += 2, at++) {
      const corner = y * widthPx + x;
      let [r, g, b] = [0, 0, 0];
      for (const pixel of [corner, corner + 1, corner + widthPx, corner + widthPx + 1]) {
        r += (rgb[3 * pixel] ?? 0) / 4;
        g += (rgb[3 * pixel + 1] ?? 0) / 4;
        b += (rgb[3 * pixel + 2] ?? 0) / 4;
      }
      const y709 = 0.2126 * r + 0.7152 * g + 0.0722 * b;
      planes[at] = Math.round(128 + ((224 / 255) * (b - y709)) / 1.8556);
      planes[at + luma / 4] = Math.round(128 + ((224 / 255) * (r - y709)) / 1.5748);
    }
  return planes;
}

/** Writes the frames of one episode. Returns the number of bytes. */
export async function writeVideo(file: string, frames: Iterable<CameraFrame>, fps: number): Promise<number> {
  const chunks: EncodedVideoChunk[] = [];
  let description: EncodedVideoChunkMetadata | undefined;
  let failure: Error | undefined;
  const encoder = new VideoEncoder({
    output: (chunk, metadata) => {
      chunks.push(chunk);
      description ??= metadata?.decoderConfig ? metadata : undefined;
    },
    error: (error) => {
      failure ??= error;
    },
  });
  let size: { readonly widthPx: number; readonly heightPx: number } | undefined;
  let index = 0;
  try {
    for (const frame of frames) {
      if (!size) {
        size = frame;
        if (size.widthPx % 2 || size.heightPx % 2) throw oddSize(frame);
        encoder.configure({
          codec: CODEC,
          width: size.widthPx,
          height: size.heightPx,
          framerate: fps,
          bitrate: Math.max(LEAST_BITRATE, size.widthPx * size.heightPx * fps * BITS_PER_PIXEL),
          latencyMode: 'realtime',
          avc: { format: 'avc' },
        });
      }
      const picture = new VideoFrame(i420FromRgb(frame), {
        format: 'I420',
        codedWidth: size.widthPx,
        codedHeight: size.heightPx,
        timestamp: Math.round((index * 1e6) / fps),
        duration: Math.round(1e6 / fps),
        colorSpace: { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange: false },
      });
      encoder.encode(picture, { keyFrame: index % KEY_FRAME_EVERY === 0 });
      picture.close();
      index++;
    }
    await encoder.flush();
  } finally {
    encoder.close();
  }
  if (failure || chunks.length !== index)
    throw new StoreError(
      'export',
      `${file}: ${chunks.length} of ${index} frames were encoded${failure ? ` (${failure.message})` : ''}.`,
      'Export again; if it fails again, report it with the size of the camera pictures.',
    );
  const bytes = await mux(chunks, description, fps);
  writeFileSync(file, bytes);
  return bytes.length;
}

function oddSize({ camera, widthPx, heightPx }: CameraFrame): StoreError {
  return new StoreError(
    'export',
    `Camera ${camera} has pictures of ${widthPx}×${heightPx}; H.264 needs an even width and height.`,
    'Choose episodes without it by number in the Data tab or with --episodes, and set the camera to an even size.',
  );
}

async function mux(
  chunks: readonly EncodedVideoChunk[],
  description: EncodedVideoChunkMetadata | undefined,
  fps: number,
): Promise<Uint8Array> {
  const target = new BufferTarget();
  const output = new Output({ format: new Mp4OutputFormat({ fastStart: 'in-memory' }), target });
  const source = new EncodedVideoPacketSource('avc');
  output.addVideoTrack(source, { frameRate: fps });
  await output.start();
  for (const [index, chunk] of chunks.entries()) {
    const data = new Uint8Array(chunk.byteLength);
    chunk.copyTo(data);
    // The chunk's own times are whole microseconds and would make the rate of the file slightly wrong.
    const packet = new EncodedPacket(data, chunk.type, index / fps, 1 / fps);
    // Both packages mean the metadata of the WebCodecs standard, but each has its own types for it.
    await source.add(packet, index === 0 ? (description as Parameters<typeof source.add>[1]) : undefined);
  }
  await output.finalize();
  return new Uint8Array(target.buffer ?? new ArrayBuffer(0));
}

/** Reads the times of all frames, in the order of decoding, without decoding them. */
export async function inspectVideo(file: string) {
  const { video, packets } = await openVideo(file);
  return {
    widthPx: video.codedWidth,
    heightPx: video.codedHeight,
    timesSec: packets.map((packet) => packet.timestamp),
    keyFrames: packets.map((packet) => packet.type === 'key'),
    durationSec: packets.reduce((sum, packet) => sum + packet.duration, 0),
  };
}

/** Opens the video track and reads its packets, in the order of decoding. */
export async function openVideo(file: string) {
  const input = new Input({ source: new BufferSource(readFileSync(file)), formats: ALL_FORMATS });
  const video = await input.getPrimaryVideoTrack();
  if (!video) throw new StoreError('export', `${file} has no video track.`, 'Export again.');
  const packets: EncodedPacket[] = [];
  for await (const packet of new EncodedPacketSink(video).packets()) packets.push(packet);
  return { video, packets };
}
