/** Arrays of the three element types, at addresses of one memory or anywhere. */
import type { TensorData } from '../backend.ts';
import type { DType } from '../ir.ts';

export const BYTES: Readonly<Record<DType, number>> = { float32: 4, int64: 8, bool: 1 };

/** `elements` numbers of `buffer` from byte `address` on. */
export function arrayAt(buffer: ArrayBufferLike, address: number, dtype: DType, elements: number): TensorData {
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer, address, elements);
    case 'int64':
      return new BigInt64Array(buffer, address, elements);
    case 'bool':
      return new Uint8Array(buffer, address, elements);
    default:
      throw new Error(`no values of type ${dtype satisfies never}`);
  }
}

export function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  change: (value: T, name: string) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]));
}
