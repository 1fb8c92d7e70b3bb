/** The encoder that a command names. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { StoreError } from '../../data/store-error.ts';
import type { ObservationKind } from '../api/observation.ts';
import type { MapShape } from '../api/policy.ts';
import { CELL_ENCODER_MANIFEST, ENCODERS } from '../models/assets.ts';
import { encoderOnCameras, type RigCamera, readBackbone } from '../models/backbone.ts';
import { readEncoderManifest } from '../models/encoder-manifest.ts';

/** Makes a path absolute, so that it means the same in any folder. The name of an encoder that ships stays. */
export const encoderNamed = (encoder: string): string => (ENCODERS.has(encoder) ? encoder : resolve(encoder));

/** The cameras of the simulated cell. */
const cellCameras = (): readonly RigCamera[] => readEncoderManifest(CELL_ENCODER_MANIFEST).cameras;

/**
 * Returns the path of the encoder's manifest. Returns `undefined` for observations without pictures. An encoder for any cameras
 * is made for those at hand, in `encoders/` of the project folder, which keeps it beside the data that it has embedded. Throws
 * a `StoreError` when that folder is not there: the name may be mistyped, so none is made.
 */
export function encoderFor(
  observation: ObservationKind,
  encoder: string | undefined,
  projectFolder: string,
  cameras: readonly RigCamera[] = cellCameras(),
): string | undefined {
  if (observation !== 'pixels') return undefined;
  const named = encoder ?? 'cell';
  const manifestPath = ENCODERS.get(named) ?? named;
  if (!readBackbone(manifestPath)) return manifestPath;
  if (!existsSync(projectFolder))
    throw new StoreError(
      'missing',
      `The project folder ${resolve(projectFolder)} is not there, and the encoder ${named} would be made in it.`,
      'Check the path, or record an episode there first.',
    );
  return encoderOnCameras(manifestPath, cameras, join(projectFolder, 'encoders'));
}

/** Shape of the maps that such an encoder gives; `undefined` when its embedding is a vector, or there are no pictures. */
export function mapsOf(
  observation: ObservationKind,
  encoder: string | undefined,
  cameras: readonly RigCamera[] = cellCameras(),
): MapShape | undefined {
  if (observation !== 'pixels') return undefined;
  const named = encoder ?? 'cell';
  const manifestPath = ENCODERS.get(named) ?? named;
  const backbone = readBackbone(manifestPath);
  return backbone ? { cameras: cameras.length, ...backbone.map } : readEncoderManifest(manifestPath).maps;
}

/** Returns the SHA-256 of the model's file; of a backbone's, when the encoder is for any cameras. */
export function modelHashOf(encoder: string | undefined): string {
  const named = encoder ?? 'cell';
  const manifestPath = ENCODERS.get(named) ?? named;
  return readBackbone(manifestPath)?.sha256 ?? readEncoderManifest(manifestPath).sha256;
}
