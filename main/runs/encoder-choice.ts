/** `--encoder`, as several verbs have it. */
import { resolve } from 'node:path';
import type { ObservationKind } from '../api/observation.ts';
import { ENCODERS } from '../models/assets.ts';

export const ENCODER_HELP = `encoder of the pictures: ${[...ENCODERS.keys()].join(', ')}, or the path of a manifest (default cell)`;

/** An encoder as it was asked for, so that it means the same from any folder: a name stays, a path becomes absolute. */
export const encoderNamed = (encoder: string): string => (ENCODERS.has(encoder) ? encoder : resolve(encoder));

/** Manifest of the encoder that goes with an observation kind; only pictures need one. */
export function encoderFor(observation: ObservationKind, encoder = 'cell'): string | undefined {
  return observation === 'pixels' ? (ENCODERS.get(encoder) ?? encoder) : undefined;
}
