/** Half precision (IEEE 754 binary16) as bits, for weights that are stored small. Rounds to nearest, ties to even. */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Returns the 16 bits of the half that is closest to `value`. Values that round beyond 65504 become infinity. */
export function halfBits(value: number): number {
  float[0] = value;
  const word = bits[0]!;
  const sign = (word >>> 16) & 0x8000;
  const exponent = (word >>> 23) & 0xff;
  const mantissa = word & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (mantissa ? 0x200 : 0);
  const half = exponent - 112;
  if (half >= 31) return sign | 0x7c00;
  // A normal half keeps 10 bits of the mantissa; a subnormal one shifts the implicit bit in as well.
  const shift = half > 0 ? 13 : 14 - half;
  if (shift > 24) return sign;
  const whole = half > 0 ? (half << 23) | mantissa : mantissa | 0x800000;
  const kept = whole >>> shift;
  const rest = whole & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  const up = rest > middle || (rest === middle && (kept & 1) === 1) ? 1 : 0;
  return sign | (kept + up);
}
