/**
 * A camera's sensor as training pictures have it: slightly out of focus, a gain per channel, and noise. The noise of a value v
 * has the spread √(read² + shot²·v), all in levels 0 … 255.
 */
import { createRng, type Rng } from '../../../main/api/rng.ts';

export interface Sensor {
  /** Share of a pixel's light that comes from its eight neighbours, along each axis; 0 is in focus. */
  readonly blur: number;
  /** One factor per colour channel. */
  readonly gains: readonly [number, number, number];
  readonly readLevels: number;
  readonly shotLevels: number;
}

const MAX_BLUR = 0.5;
const GAIN_SPREAD = 0.06;
const MAX_READ_LEVELS = 3;
const MAX_SHOT_LEVELS = 0.4;

export function drawSensor(rng: Rng): Sensor {
  const gain = () => 1 + rng.range(-GAIN_SPREAD, GAIN_SPREAD);
  return {
    blur: rng.uniform() < 0.5 ? rng.range(0, MAX_BLUR) : 0,
    gains: [gain(), gain(), gain()],
    readLevels: rng.range(0, MAX_READ_LEVELS),
    shotLevels: rng.range(0, MAX_SHOT_LEVELS),
  };
}

/** Standard normal values, drawn once: a picture begins to read them at a place of its own. */
const NORMALS = (() => {
  const rng = createRng(1).split('sensor noise');
  return Float32Array.from({ length: 1 << 17 }, () => rng.normal());
})();

/** Returns what the sensor makes of a picture of `size`² RGB bytes. */
export function sense(rgb: Uint8Array, size: number, { blur, gains, readLevels, shotLevels }: Sensor, rng: Rng) {
  const light = Float32Array.from(rgb);
  if (blur > 0) {
    blurAlong(light, size, 3, size * 3, blur);
    blurAlong(light, size, size * 3, 3, blur);
  }
  const out = new Uint8Array(rgb.length);
  const first = rng.integer(NORMALS.length);
  for (let at = 0; at < out.length; at++) {
    const level = light[at]! * gains[at % 3]!;
    const spread = Math.sqrt(readLevels * readLevels + shotLevels * shotLevels * level);
    const noisy = level + spread * NORMALS[(first + at) % NORMALS.length]! + 0.5;
    out[at] = Math.max(0, Math.min(255, noisy));
  }
  return out;
}

/** Mixes each pixel with its two neighbours on a line; `step` leads along the line and `across` to the next one. */
function blurAlong(light: Float32Array, size: number, step: number, across: number, blur: number): void {
  const [own, other] = [1 - blur, blur / 2];
  for (let line = 0; line < size; line++)
    for (let channel = 0; channel < 3; channel++) {
      let at = line * across + channel;
      let before = light[at]!;
      for (let index = 0; index < size; index++, at += step) {
        const here = light[at]!;
        const after = index + 1 < size ? light[at + step]! : here;
        light[at] = own * here + other * (before + after);
        before = here;
      }
    }
}
