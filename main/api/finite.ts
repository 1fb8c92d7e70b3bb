/** Finds numbers that are not finite (NaN, Infinity), wherever numbers enter the program. */

/** A named list of numbers, such as a sensor's reading. */
export type NamedNumbers = readonly [name: string, values: ArrayLike<number>];

/** Returns the first number that is not finite; `undefined` when all are finite. */
export function findNotFinite(parts: Iterable<NamedNumbers>) {
  for (const [name, values] of parts)
    for (let index = 0; index < values.length; index++) {
      const value = values[index] ?? Number.NaN;
      if (!Number.isFinite(value)) return { name, index, value };
    }
  return undefined;
}

export const allFinite = (values: ArrayLike<number>): boolean => findNotFinite([['', values]]) === undefined;
