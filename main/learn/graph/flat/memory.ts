/** Memory that kernels reach: buffers of a plan share it where they are not needed at the same time, results live where they are wanted. */
import { vectorBytes } from './kernel.ts';
import type { Plan } from './plan.ts';
import type { Buffer, Place, PlannedKernel } from './plan-kernels.ts';
import { PAGE_BYTES } from './wasm.ts';

/** Which slot each buffer lies in, and how many numbers each slot holds. */
export interface Slots {
  readonly slotOf: ReadonlyMap<Buffer, number>;
  readonly elements: readonly number[];
}

/** First come, first served, in the order of time. A kernel's result may take the slot of an operand that only it reads for the last time. */
export function assignSlots({ turns, bufferOf }: Pick<Plan, 'turns' | 'bufferOf'>): Slots {
  const kernels = turns.flatMap((turn) => turn.kernels);
  const buffers = new Set([...turns.flatMap((turn) => turn.parts.map((part) => part.buffer)), ...bufferOf.values()]);
  const slotOf = new Map<Buffer, number>();
  const elements: number[] = [];
  const last: Buffer[] = [];
  for (const buffer of [...buffers].sort((a, b) => a.from - b.from)) {
    const maker = kernels.find((kernel) => kernel.results.includes(buffer));
    const fits = (slot: number) => {
      const before = last[slot]!;
      if (elements[slot] !== buffer.elements || before.to > buffer.from) return false;
      return before.to < buffer.from || (maker !== undefined && readsOnlyThere(before, maker, { turns, bufferOf }));
    };
    const free = last.findIndex((_, slot) => fits(slot));
    const slot = free >= 0 ? free : elements.push(buffer.elements) - 1;
    last[slot] = buffer;
    slotOf.set(buffer, slot);
  }
  return { slotOf, elements };
}

/** True when `kernel` reads the whole buffer, element by element, and nobody else of its turn looks at it, nor at a part of it. */
function readsOnlyThere(
  buffer: Buffer,
  kernel: PlannedKernel,
  { turns, bufferOf }: Pick<Plan, 'turns' | 'bufferOf'>,
): boolean {
  const isWhole = kernel.vectors.some((place) => place.kind === 'buffer' && place.buffer === buffer);
  const looks = (place: Place) =>
    place.kind === 'buffer' ? place.buffer === buffer : bufferOf.get(place.view.root) === buffer;
  const seen = turns[kernel.turn]!.kernels.flatMap((each) => [...each.vectors, ...each.scalars].filter(looks));
  return isWhole && seen.length === 1;
}

/** Memory handed out piece by piece; nothing is given back. */
export interface Arena {
  readonly memory: WebAssembly.Memory;
  /** Zeros; undefined when there is no room left. */
  allocate(elements: number): Float32Array<ArrayBuffer> | undefined;
  /** The address of an array's first number, or undefined when it lies elsewhere. */
  addressOf(array: ArrayBufferView): number | undefined;
}

/** Room for `bytes`; more is never added, for that would take away the arrays handed out. */
export function createArena(bytes: number): Arena {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  let taken = 0;
  return {
    memory,
    allocate: (elements) => {
      const size = vectorBytes(elements);
      if (taken + size > pages * PAGE_BYTES) return undefined;
      const array = new Float32Array(memory.buffer, taken, elements);
      taken += size;
      return array;
    },
    addressOf: (array) => (array.buffer === memory.buffer ? array.byteOffset : undefined),
  };
}
