/**
 * Runs a frozen encoder, which turns camera pictures into an embedding. It is an ONNX model with a manifest
 * (`main/api/policy.ts`) and one NHWC input per camera: uint8, or float32 with the same numbers 0 … 255.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CameraFrame } from '../api/observation.ts';
import type { EncoderManifest } from '../api/policy.ts';
import { loadOrtSession, type SessionTensor } from '../tensor/backends/ort.ts';
import { readEncoderManifest } from './encoder-manifest.ts';
import { ModelError, reasonOf } from './model-error.ts';

export interface EncoderRuntime {
  readonly manifest: EncoderManifest;
  /** Rejects when a camera that the encoder needs is missing or of another size. */
  embed(frames: readonly CameraFrame[]): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/**
 * Rejects with a `ModelError` when the file is unreadable, has another hash, or other inputs than its manifest says.
 */
export async function loadEncoder(manifestPath: string, threads = 1): Promise<EncoderRuntime> {
  const manifest = readEncoderManifest(manifestPath);
  const again = 'Choose another encoder, or make this one again.';
  const path = join(dirname(manifestPath), manifest.model);
  let model: Buffer;
  try {
    model = readFileSync(path);
  } catch (error) {
    throw new ModelError(`${path} cannot be read: ${reasonOf(error)}`, again);
  }
  const sha256 = createHash('sha256').update(model).digest('hex');
  if (sha256 !== manifest.sha256)
    throw new ModelError(`${path} has SHA-256 ${sha256}, its manifest says ${manifest.sha256}`, again);
  const session = await loadOrtSession(model, { threads }).catch((error: unknown) => {
    throw new ModelError(`${path} cannot be opened: ${reasonOf(error)}`, again);
  });
  const wanted = manifest.cameras.map((camera) => camera.input);
  const missing = wanted.filter((name) => !session.inputs[name]);
  if (missing.length > 0 || !session.outputs[manifest.output])
    throw new ModelError(`${path} lacks ${[...missing, manifest.output].join(', ')}`, again);

  return {
    manifest,
    embed: async (frames) => {
      const inputs: Record<string, SessionTensor> = {};
      for (const { name, input, widthPx, heightPx } of manifest.cameras) {
        const frame = frames.find((each) => each.camera === name);
        if (!frame || frame.widthPx !== widthPx || frame.heightPx !== heightPx)
          throw new ModelError(
            `the encoder needs camera ${name} at ${widthPx}×${heightPx}, got ${frame ? `${frame.widthPx}×${frame.heightPx}` : 'none'}`,
            'Use the cameras that the encoder was made for, or make it again for these.',
          );
        inputs[input] = { shape: [1, heightPx, widthPx, 3], data: frame.rgb };
      }
      const { data } = (await session.run(inputs))[manifest.output]!;
      return Float32Array.from(data, Number);
    },
    dispose: () => session.dispose(),
  };
}
