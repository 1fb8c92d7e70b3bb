/** A table whose columns are typed arrays. They grow together, by half of their length at a time. */

type Numbers = Float32Array | Int32Array | Uint8Array;

export interface Column<A extends Numbers> {
  /** Numbers per row; 0 for a column that holds nothing. */
  readonly width: number;
  readonly make: (length: number) => A;
}

export const floats = (width = 1): Column<Float32Array> => ({ width, make: (length) => new Float32Array(length) });
export const ints = (width = 1): Column<Int32Array> => ({ width, make: (length) => new Int32Array(length) });
export const bytes = (width = 1): Column<Uint8Array> => ({ width, make: (length) => new Uint8Array(length) });

type Layout = Readonly<Record<string, Column<Numbers>>>;
type ArraysOf<L extends Layout> = { [Name in keyof L]: L[Name] extends Column<infer A> ? A : never };

export interface Table<L extends Layout> {
  /** Row-major [rows reserved, width]. `reserve` replaces arrays, so read them from here after it. */
  readonly columns: ArraysOf<L>;
  /** Makes room for `rows` in all, and keeps the contents. */
  reserve(rows: number): void;
}

const FIRST_ROWS = 1024;

export function createTable<L extends Layout>(layout: L): Table<L> {
  const entries = Object.entries(layout);
  const arrays: Record<string, Numbers> = Object.fromEntries(
    entries.map(([name, { width, make }]) => [name, make(FIRST_ROWS * width)]),
  );
  return {
    columns: arrays as ArraysOf<L>, // Each name holds the array that its own column makes.
    reserve: (rows) => {
      for (const [name, { width, make }] of entries) {
        const array = arrays[name]!;
        const needed = rows * width;
        if (needed <= array.length) continue;
        const larger = make(Math.max(needed, Math.ceil(array.length * 1.5)));
        larger.set(array);
        arrays[name] = larger;
      }
    },
  };
}
