/** Measures of a tactile pad: the centre of pressure, and the scale to draw it at. Newtons per taxel. */
import type { PadReading } from '../../main/api/index.ts';

/** Returns the centre in taxels, 0 at the first taxel's centre; `undefined` without contact. */
export function centreOfPressure(pad: PadReading): { readonly column: number; readonly row: number } | undefined {
  let sum = 0;
  let column = 0;
  let row = 0;
  for (let r = 0; r < pad.rows; r++)
    for (let c = 0; c < pad.columns; c++) {
      const pressure = Math.max(0, pad.forceN[r * pad.columns + c] ?? 0);
      sum += pressure;
      column += pressure * c;
      row += pressure * r;
    }
  return sum > 0.05 ? { column: column / sum, row: row / sum } : undefined;
}

const SCALES_N = [0.1, 0.2, 0.5, 1, 2, 5, 10];

/**
 * Returns the smallest round full scale that holds the pad's peak. It falls only when the peak is below a fifth of
 * `previousN`.
 */
export function padScaleN(pad: PadReading, previousN: number): number {
  let peak = 0;
  const taxels = pad.rows * pad.columns;
  for (let index = 0; index < taxels; index++) peak = Math.max(peak, pad.forceN[index] ?? 0);
  const wanted = SCALES_N.find((scale) => scale >= peak) ?? SCALES_N[SCALES_N.length - 1]!;
  return wanted > previousN || peak < previousN / 5 ? Math.max(wanted, SCALES_N[1]!) : previousN;
}
