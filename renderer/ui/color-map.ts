/**
 * The colour map of tactile pads: from dark indigo to pale mint along a path in OKLab whose lightness rises linearly.
 * It is resampled to equal steps of OKLab distance, so that equal differences of value look equally large. Its top
 * avoids the five colours that have a meaning.
 */
const STEPS = 256;

/** OKLab to linear sRGB (Ottosson 2020). */
function linearFromOklab(lightness: number, a: number, b: number): [number, number, number] {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

const gamma = (linear: number) => {
  const clipped = Math.min(1, Math.max(0, linear));
  return clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055;
};

/** Returns the path's lightness, a and b at `t`. */
function path(t: number): [number, number, number] {
  const hueRad = ((290 - 125 * t ** 0.85) * Math.PI) / 180;
  const chroma = 0.035 + 0.1 * Math.sin(Math.PI * Math.min(1, 0.08 + 0.9 * t)) ** 0.9;
  return [0.17 + 0.78 * t, chroma * Math.cos(hueRad), chroma * Math.sin(hueRad)];
}

function buildTable(): Uint8ClampedArray {
  const fine = 2048;
  const travelled = new Float64Array(fine + 1);
  let before = path(0);
  for (let index = 1; index <= fine; index++) {
    const here = path(index / fine);
    travelled[index] =
      travelled[index - 1]! + Math.hypot(here[0] - before[0], here[1] - before[1], here[2] - before[2]);
    before = here;
  }
  const table = new Uint8ClampedArray(STEPS * 3);
  let cursor = 0;
  for (let step = 0; step < STEPS; step++) {
    const wanted = (travelled[fine]! * step) / (STEPS - 1);
    while (cursor < fine && travelled[cursor]! < wanted) cursor++;
    const [red, green, blue] = linearFromOklab(...path(cursor / fine));
    table[3 * step] = Math.round(255 * gamma(red));
    table[3 * step + 1] = Math.round(255 * gamma(green));
    table[3 * step + 2] = Math.round(255 * gamma(blue));
  }
  return table;
}

/** RGB bytes of the map's 256 steps. */
export const HEAT_TABLE = buildTable();

/** Returns red, green and blue of a value, 0 … 255. */
export function heatColor(fraction: number): readonly [number, number, number] {
  const offset = heatOffset(fraction);
  return [HEAT_TABLE[offset]!, HEAT_TABLE[offset + 1]!, HEAT_TABLE[offset + 2]!];
}

/** Returns the offset into `HEAT_TABLE` of a value, which is clipped to 0 … 1. */
export function heatOffset(fraction: number): number {
  return 3 * Math.round(Math.min(1, Math.max(0, Number.isFinite(fraction) ? fraction : 0)) * (STEPS - 1));
}
