/**
 * Memory that kernels reach: one WebAssembly memory per compiled step. Arrays that a caller passes in and out of every run may
 * lie in it too, and are then not copied.
 */
import type { TensorData } from '../backend.ts';
import type { DType } from '../ir.ts';
import { MAX_PAGES, PAGE_BYTES, VECTOR_BYTES } from './wasm.ts';

const BYTES: Readonly<Record<DType, number>> = { float32: 4, int64: 8, bool: 1 };

/** Type and length of an array. */
export interface ArrayType {
  readonly elements: number;
  readonly dtype: DType;
}

/** Hands out arrays one after the other; none is given back. */
export interface Arena {
  readonly memory: WebAssembly.Memory;
  /** Returns zeros, or undefined when the memory is full. */
  allocate(elements: number): Float32Array | undefined;
  allocate(elements: number, dtype: DType): TensorData | undefined;
  has(array: ArrayBufferView): boolean;
  /** True for an array as it was handed out. A kernel may write a little beyond its end, but not beyond the end of a part of it. */
  isWhole(array: ArrayBufferView): boolean;
}

/**
 * Makes a memory that holds these arrays. Returns undefined when the machine has no such memory. The memory never grows,
 * because growing would detach the arrays that were handed out. `isShared`: other threads can be given the memory.
 */
export function createArena(arrays: readonly ArrayType[], isShared = false): Arena | undefined {
  // Kernels read and write whole registers, the last one beyond the end of a view.
  const bytes = arrays.reduce((sum, array) => sum + paddedBytes(array), VECTOR_BYTES);
  const pages = Math.ceil(bytes / PAGE_BYTES);
  const memory = pages <= MAX_PAGES ? createMemory(pages, isShared) : undefined;
  if (!memory) return undefined;
  const end = pages * PAGE_BYTES - VECTOR_BYTES;
  const handedOut = new Map<number, number>();
  let taken = 0;
  function allocate(elements: number): Float32Array | undefined;
  function allocate(elements: number, dtype: DType): TensorData | undefined;
  function allocate(elements: number, dtype: DType = 'float32'): TensorData | undefined {
    const size = paddedBytes({ elements, dtype });
    if (taken + size > end) return undefined;
    const array = arrayAt(memory!.buffer, taken, { elements, dtype });
    handedOut.set(taken, array.byteLength);
    taken += size;
    return array;
  }
  return {
    memory,
    allocate,
    has: (array) => array.buffer === memory.buffer,
    isWhole: (array) => array.buffer === memory.buffer && handedOut.get(array.byteOffset) === array.byteLength,
  };
}

/** Size of an array, rounded up to whole registers. */
const paddedBytes = ({ elements, dtype }: ArrayType) =>
  Math.ceil((elements * BYTES[dtype]) / VECTOR_BYTES) * VECTOR_BYTES;

function createMemory(pages: number, isShared: boolean): WebAssembly.Memory | undefined {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: isShared });
  } catch (error) {
    if (error instanceof RangeError) return undefined; // The machine has less memory.
    throw error;
  }
}

/** The array of this type in `buffer` from byte `address` on. */
export function arrayAt(buffer: ArrayBufferLike, address: number, { elements, dtype }: ArrayType): TensorData {
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
