/** Plausible values for every input of any training step, by name: for comparing backends on a whole step. */
import type { Rng } from '../../main/api/rng.ts';
import { sizeOf } from '../../main/tensor/ir.ts';
import type { Step } from '../../main/tensor/step.ts';

/** Second moments, noise levels, bias corrections, weights of a mean, masks and rates are above zero. */
const POSITIVE = /variance|sigma|corrections|weight|bootstrap|learningRate|alpha|beta|eta$/i;

export function stepInputs(step: Step, rng: Rng): Record<string, Float32Array | BigInt64Array | Uint8Array> {
  return Object.fromEntries(
    Object.entries(step.inputs).map(([name, { shape, dtype }]) => {
      const length = sizeOf(shape);
      const draw = () => (POSITIVE.test(name) ? 0.1 + Math.abs(0.3 * rng.normal()) : 0.3 * rng.normal());
      switch (dtype) {
        case 'float32':
          return [name, Float32Array.from({ length }, draw)];
        case 'int64':
          return [name, BigInt64Array.from({ length }, () => BigInt(rng.integer(2)))];
        case 'bool':
          return [name, Uint8Array.from({ length }, () => rng.integer(2))];
        default:
          throw new Error(`no values of type ${dtype satisfies never}`);
      }
    }),
  );
}

/** Largest difference over all results, each relative to the largest value of its tensor (or 0.01, where all are smaller). */
export function largestError(
  actual: Readonly<Record<string, { readonly data: ArrayLike<number | bigint> }>>,
  expected: Readonly<Record<string, { readonly data: ArrayLike<number | bigint> }>>,
): number {
  let largest = 0;
  for (const [name, { data }] of Object.entries(expected)) {
    const found = actual[name]?.data;
    if (found?.length !== data.length) throw new Error(`${name} has ${found?.length} values; expected ${data.length}`);
    const numbers = Array.from(data as ArrayLike<number>, Number); // Converts bigint too.
    const scale = numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0.01);
    for (const [index, b] of numbers.entries()) {
      const a = Number(found[index]);
      const error = a === b ? 0 : Math.abs(a - b) / scale;
      if (!(error <= largest)) largest = error; // NaN too
    }
  }
  return largest;
}
