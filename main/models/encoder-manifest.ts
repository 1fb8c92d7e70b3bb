/** Reads the manifest of an encoder without loading the model or a runtime. */
import { readFileSync } from 'node:fs';
import { type EncoderManifest, encoderManifestSchema } from '../api/policy.ts';
import { ModelError, reasonOf } from './model-error.ts';

/** Throws a `ModelError` when there is no manifest, or it has another shape. */
export function readEncoderManifest(manifestPath: string): EncoderManifest {
  try {
    return encoderManifestSchema.parse(JSON.parse(readFileSync(manifestPath, 'utf8')));
  } catch (error) {
    throw new ModelError(
      `${manifestPath} is not a usable encoder manifest: ${reasonOf(error)}`,
      'Choose another encoder, or make this one again.',
    );
  }
}
