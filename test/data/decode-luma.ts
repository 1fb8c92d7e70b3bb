/** Decodes every frame of a video to its luma plane, limited range, so that tests can compare pictures. */
import { strict as assert } from 'node:assert';
import { EncodedVideoChunk, VideoDecoder, type VideoFrame } from '@napi-rs/webcodecs';
import { openVideo } from '../../data/export/video.ts';

export async function decodeLuma(file: string): Promise<Uint8Array[]> {
  const { video, packets } = await openVideo(file);
  const config = await video.getDecoderConfig();
  assert.ok(config, `${file} has no configuration for a decoder`);
  const frames: VideoFrame[] = [];
  let failure: Error | undefined;
  const decoder = new VideoDecoder({
    output: (frame) => frames.push(frame),
    error: (error) => {
      failure ??= error;
    },
  });
  decoder.configure({
    codec: config.codec,
    codedWidth: video.codedWidth,
    codedHeight: video.codedHeight,
    ...(config.description instanceof Uint8Array ? { description: config.description } : {}),
  });
  for (const packet of packets)
    decoder.decode(
      new EncodedVideoChunk({
        type: packet.type,
        timestamp: Math.round(packet.timestamp * 1e6),
        duration: Math.round(packet.duration * 1e6),
        data: packet.data,
      }),
    );
  await decoder.flush();
  decoder.close();
  assert.equal(failure, undefined);
  const planes: Uint8Array[] = [];
  for (const frame of frames) {
    const bytes = new Uint8Array(frame.allocationSize());
    await frame.copyTo(bytes);
    planes.push(bytes.slice(0, frame.codedWidth * frame.codedHeight));
    frame.close();
  }
  return planes;
}
