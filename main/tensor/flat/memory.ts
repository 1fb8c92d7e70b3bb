/**
 * Memory that kernels reach: one WebAssembly memory per compiled step. Rooms of a plan share slots of it where they are not needed
 * at the same time; what goes in and out again and again may lie in it too, and is then not copied.
 */
import type { TensorData } from '../backend.ts';
import type { DType } from '../ir.ts';
import { arrayAt, BYTES } from './arrays.ts';
import type { Plan } from './plan.ts';
import type { Place, PlannedKernel, Room } from './plan-kernels.ts';
import { MAX_PAGES, PAGE_BYTES, VECTOR_BYTES } from './wasm.ts';

/** Which slot each room lies in, and how many numbers each slot holds. */
export interface Slots {
  readonly slotOf: ReadonlyMap<Room, number>;
  readonly elements: readonly number[];
}

/** First come, first served, in the order of time. A kernel's result may take the slot of an operand that only it reads for the last time. */
export function assignSlots({ turns, roomOf }: Pick<Plan, 'turns' | 'roomOf'>): Slots {
  const kernels = turns.flatMap((turn) => turn.kernels);
  const rooms = new Set([...turns.flatMap((turn) => turn.parts.map((part) => part.room)), ...roomOf.values()]);
  const slotOf = new Map<Room, number>();
  const elements: number[] = [];
  const last: Room[] = [];
  for (const room of [...rooms].sort((a, b) => a.from - b.from)) {
    const maker = kernels.find((kernel) => kernel.results.includes(room));
    const fits = (slot: number) => {
      const before = last[slot]!;
      if (elements[slot] !== room.elements || before.to > room.from) return false;
      return before.to < room.from || (maker !== undefined && readsOnlyThere(before, maker, { turns, roomOf }));
    };
    const free = last.findIndex((_, slot) => fits(slot));
    const slot = free >= 0 ? free : elements.push(room.elements) - 1;
    last[slot] = room;
    slotOf.set(room, slot);
  }
  return { slotOf, elements };
}

/** True when `kernel` reads the whole room, element by element, and nobody else of its turn looks at it, nor at a part of it. */
function readsOnlyThere(room: Room, kernel: PlannedKernel, { turns, roomOf }: Pick<Plan, 'turns' | 'roomOf'>): boolean {
  const isWhole = kernel.vectors.some((place) => place.kind === 'room' && place.room === room);
  const looks = (place: Place) => (place.kind === 'room' ? place.room === room : roomOf.get(place.view.root) === room);
  const seen = turns[kernel.turn]!.kernels.flatMap((each) => [...each.vectors, ...each.scalars].filter(looks));
  return isWhole && seen.length === 1;
}

/** Memory handed out piece by piece; nothing is given back. */
export interface Arena {
  readonly memory: WebAssembly.Memory;
  /** Zeros; undefined when there is no room left. */
  allocate(elements: number): Float32Array | undefined;
  allocate(elements: number, dtype: DType): TensorData | undefined;
  has(array: ArrayBufferView): boolean;
  /** True for an array as it was handed out: a part of one has no room behind it, into which a kernel may write. */
  isWhole(array: ArrayBufferView): boolean;
}

/** How much a piece takes. */
export interface Piece {
  readonly elements: number;
  readonly dtype: DType;
}

/**
 * Room for these pieces; undefined where there is no such memory. More is never added: that would take away the arrays handed out.
 * `isShared`: threads can be given it.
 */
export function createArena(pieces: readonly Piece[], isShared = false): Arena | undefined {
  // Kernels read and write whole registers, the last one beyond the end of a view.
  const bytes = pieces.reduce((sum, piece) => sum + pieceBytes(piece), VECTOR_BYTES);
  const pages = Math.ceil(bytes / PAGE_BYTES);
  const memory = pages <= MAX_PAGES ? createMemory(pages, isShared) : undefined;
  if (!memory) return undefined;
  const end = pages * PAGE_BYTES - VECTOR_BYTES;
  const handedOut = new Map<number, number>();
  let taken = 0;
  function allocate(elements: number): Float32Array | undefined;
  function allocate(elements: number, dtype: DType): TensorData | undefined;
  function allocate(elements: number, dtype: DType = 'float32'): TensorData | undefined {
    const size = pieceBytes({ elements, dtype });
    if (taken + size > end) return undefined;
    const array = arrayAt(memory!.buffer, taken, dtype, elements);
    handedOut.set(taken, array.byteLength);
    taken += size;
    return array;
  }
  return {
    ...{ memory, allocate },
    has: (array) => array.buffer === memory.buffer,
    isWhole: (array) => array.buffer === memory.buffer && handedOut.get(array.byteOffset) === array.byteLength,
  };
}

/** Kernels read and write whole registers. */
const pieceBytes = ({ elements, dtype }: Piece) => Math.ceil((elements * BYTES[dtype]) / VECTOR_BYTES) * VECTOR_BYTES;

function createMemory(pages: number, isShared: boolean): WebAssembly.Memory | undefined {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: isShared });
  } catch (error) {
    if (error instanceof RangeError) return undefined; // the machine has not as much
    throw error;
  }
}
