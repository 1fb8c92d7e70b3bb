/** The encoder that a command names. */
import { resolve } from 'node:path';
import type { ObservationKind } from '../api/observation.ts';
import { ENCODERS } from '../models/assets.ts';

/** Makes a path absolute, so that it means the same in any folder. The name of an encoder that ships stays. */
export const encoderNamed = (encoder: string): string => (ENCODERS.has(encoder) ? encoder : resolve(encoder));

/** Returns the path of the encoder's manifest. Returns `undefined` for observations without pictures. */
export function encoderFor(observation: ObservationKind, encoder = 'cell'): string | undefined {
  return observation === 'pixels' ? (ENCODERS.get(encoder) ?? encoder) : undefined;
}
