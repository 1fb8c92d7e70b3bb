/**
 * Turns lit samples into a picture: shadows, supersampling in linear light, exposure, a film-like tone curve, 8-bit
 * sRGB. A pixel whose samples lie on one surface takes one shadow lookup; otherwise each sample has its own.
 */
import type { RenderLook } from './render-scene.ts';
import type { ShadowMap } from './shadow-map.ts';
import type { ColorTarget } from './triangle-fill.ts';

/** Samples whose depths differ by less than this factor lie on one surface. */
const SAME_SURFACE = 1.02;
/** Samples whose light comes almost entirely from elsewhere than the lamp need no shadow. */
const NEVER_SHADED = 0.98;
const TONE_STEPS = 8192;
const TONE_RANGE = 3;

/** Picture being developed; the functions below share it. */
interface Film {
  readonly target: ColorTarget;
  readonly size: number;
  readonly supersample: number;
  readonly look: RenderLook;
  readonly shadows: ShadowMap;
  readonly rgb: Uint8Array;
  /** Sum of the linear light of one pixel's samples, written by `addSamples`. */
  readonly sum: Float64Array;
}

/** Returns `size`² RGB bytes, row by row. */
export function develop(
  target: ColorTarget,
  size: number,
  supersample: number,
  look: RenderLook,
  shadows: ShadowMap,
): Uint8Array {
  const rgb = new Uint8Array(size * size * 3);
  const film: Film = { target, size, supersample, look, shadows, rgb, sum: new Float64Array(3) };
  for (let row = 0; row < size; row++) developRow(film, row);
  return rgb;
}

function developRow(film: Film, row: number): void {
  const { size, supersample, shadows, rgb, sum } = film;
  const { nearness, color, width } = film.target;
  const { backgroundTop: high, backgroundBottom: low, exposure } = film.look;
  const half = (supersample - 1) / 2;
  const samplesPerPixel = supersample * supersample;
  const scale = (exposure * TONE_STEPS) / TONE_RANGE / samplesPerPixel;
  let out = row * size * 3;
  for (let column = 0; column < size; column++) {
    const first = row * supersample * width + column * supersample;
    let nearest = 0;
    let farthest = Number.POSITIVE_INFINITY;
    let leastShare = 1;
    // With light L in every sample: Σ c·(s + (1 − s)·L) = Σ c·s + L·(Σ c − Σ c·s).
    let red = 0;
    let green = 0;
    let blue = 0;
    let keptRed = 0;
    let keptGreen = 0;
    let keptBlue = 0;
    for (let line = first, end = first + supersample * width; line < end; line += width)
      for (let pixel = line; pixel < line + supersample; pixel++) {
        const near = nearness[pixel]!;
        const at = pixel * 4;
        const share = color[at + 3]!;
        if (near > nearest) nearest = near;
        if (near < farthest) farthest = near;
        if (share < leastShare) leastShare = share;
        red += color[at]!;
        green += color[at + 1]!;
        blue += color[at + 2]!;
        keptRed += color[at]! * share;
        keptGreen += color[at + 1]! * share;
        keptBlue += color[at + 2]! * share;
      }
    if (farthest > 0 && nearest <= SAME_SURFACE * farthest) {
      if (leastShare <= NEVER_SHADED) {
        const x = column * supersample + half;
        const light = shadows.lit(x, row * supersample + half, (nearest + farthest) / 2);
        red = keptRed + light * (red - keptRed);
        green = keptGreen + light * (green - keptGreen);
        blue = keptBlue + light * (blue - keptBlue);
      }
    } else if (nearest === 0) {
      const blend = row / size;
      red = samplesPerPixel * (high[0] + (low[0] - high[0]) * blend);
      green = samplesPerPixel * (high[1] + (low[1] - high[1]) * blend);
      blue = samplesPerPixel * (high[2] + (low[2] - high[2]) * blend);
    } else {
      addSamples(film, row, column);
      red = sum[0]!;
      green = sum[1]!;
      blue = sum[2]!;
    }
    rgb[out] = tone(red * scale);
    rgb[out + 1] = tone(green * scale);
    rgb[out + 2] = tone(blue * scale);
    out += 3;
  }
}

/** Adds up the samples of a pixel on an edge. Each sample has its own shadow, or shows the sky. */
function addSamples({ target, size, supersample, look, shadows, sum }: Film, row: number, column: number): void {
  const { nearness, color, width } = target;
  const { backgroundTop: high, backgroundBottom: low } = look;
  const blend = row / size;
  sum.fill(0);
  for (let y = row * supersample; y < (row + 1) * supersample; y++)
    for (let x = column * supersample; x < (column + 1) * supersample; x++) {
      const near = nearness[y * width + x]!;
      const at = (y * width + x) * 4;
      const share = color[at + 3]!;
      const light = near === 0 || share > NEVER_SHADED ? 1 : share + (1 - share) * shadows.lit(x, y, near);
      for (let channel = 0; channel < 3; channel++)
        sum[channel]! +=
          near === 0 ? high[channel]! + (low[channel]! - high[channel]!) * blend : color[at + channel]! * light;
    }
}

function tone(level: number): number {
  const step = level | 0;
  return TONE_CURVE[step < TONE_STEPS ? step : TONE_STEPS - 1]!;
}

/** Filmic shoulder, then sRGB, as a table over linear light. */
const TONE_CURVE = Uint8Array.from({ length: TONE_STEPS }, (_, step) => {
  const light = (step / TONE_STEPS) * TONE_RANGE;
  const film = Math.min(1, (light * (2.51 * light + 0.03)) / (light * (2.43 * light + 0.59) + 0.14));
  const encoded = film <= 0.0031308 ? 12.92 * film : 1.055 * film ** (1 / 2.4) - 0.055;
  return Math.round(255 * encoded);
});
