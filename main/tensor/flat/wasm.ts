/**
 * Writes a WebAssembly module of one function, with the few parts of the format that `kernel.ts` needs.
 * WebAssembly Core Specification 2.0, §5 (binary format); numbers of instructions from its §5.4.
 */

/** Instructions and their immediates, in order. */
export type Code = readonly number[];

export type ValueType = 'i32' | 'v128';

/** A vector register of WebAssembly holds four single-precision numbers. */
export const LANES = 4;
export const LANE_BYTES = 4;
export const VECTOR_BYTES = LANES * LANE_BYTES;
export const PAGE_BYTES = 65_536;
/** Largest size of a memory with 32-bit addresses. */
export const MAX_PAGES = 65_536;

/** The module imports the memory `{ host: { memory } }` and exports the function as `run`; it returns nothing. */
export const MEMORY_IMPORT = ['host', 'memory'] as const;
export const FUNCTION_EXPORT = 'run';

const TYPE_CODE: Readonly<Record<ValueType, number>> = { i32: 0x7f, v128: 0x7b };
const FUNCTION_TYPE = 0x60;
const NO_BLOCK_TYPE = 0x40;
const SECTION = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const;
const HEADER = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const END = 0x0b;
const SIMD = 0xfd;
/** 4-byte alignment, as an exponent of two: vectors may begin at any number. */
const ALIGNED_TO_A_NUMBER = 2;

const simd = (instruction: number): Code => [SIMD, ...unsigned(instruction)];

export const local = {
  get: (index: number): Code => [0x20, ...unsigned(index)],
  set: (index: number): Code => [0x21, ...unsigned(index)],
  tee: (index: number): Code => [0x22, ...unsigned(index)],
} as const;

export const i32 = {
  constant: (value: number): Code => [0x41, ...signed(value)],
  add: [0x6a] as Code,
  lessUnsigned: [0x49] as Code,
} as const;

/** Instructions on four single-precision numbers at a time that compute an op. */
export type SimdInstruction = 'neg' | 'sqrt' | 'add' | 'sub' | 'mul' | 'div';

export const f32x4 = {
  load: [...simd(0x00), ALIGNED_TO_A_NUMBER, 0] as Code,
  store: [...simd(0x0b), ALIGNED_TO_A_NUMBER, 0] as Code,
  /** Loads the number at an address into all four lanes. */
  loadSplat: [...simd(0x09), ALIGNED_TO_A_NUMBER, 0] as Code,
  /** Puts a number into all four lanes. */
  constant: (value: number): Code => [0x43, ...new Uint8Array(Float32Array.of(value).buffer), ...simd(0x13)],
  neg: simd(0xe1),
  sqrt: simd(0xe3),
  add: simd(0xe4),
  sub: simd(0xe5),
  mul: simd(0xe6),
  div: simd(0xe7),
} as const;

/** Repeats `body` as long as it leaves a number other than 0. */
export const repeatWhile = (body: Code): Code => [0x03, NO_BLOCK_TYPE, ...body, 0x0d, 0, END];

export interface WasmFunction {
  /** Types of the parameters, which are the first locals. */
  readonly parameters: readonly ValueType[];
  readonly locals: readonly ValueType[];
  readonly body: Code;
  /** True for a memory that threads share. */
  readonly sharesMemory: boolean;
}

export function encodeModule({ parameters, locals, body, sharesMemory }: WasmFunction): Uint8Array<ArrayBuffer> {
  const type = [FUNCTION_TYPE, ...list(parameters.map((each) => [TYPE_CODE[each]])), ...list([])];
  // A shared memory has to declare its largest size, in pages.
  const limits = sharesMemory ? [0x03, 0, ...unsigned(MAX_PAGES)] : [0x00, 0];
  const code = [...list(locals.map((each) => [1, TYPE_CODE[each]])), ...body, END];
  return Uint8Array.from([
    ...HEADER,
    ...section(SECTION.type, [type]),
    ...section(SECTION.import, [[...text(MEMORY_IMPORT[0]), ...text(MEMORY_IMPORT[1]), 0x02, ...limits]]),
    ...section(SECTION.function, [[0]]),
    ...section(SECTION.export, [[...text(FUNCTION_EXPORT), 0x00, 0]]),
    ...section(SECTION.code, [[...unsigned(code.length), ...code]]),
  ]);
}

function section(id: number, entries: readonly Code[]): Code {
  const content = list(entries);
  return [id, ...unsigned(content.length), ...content];
}

const list = (entries: readonly Code[]): Code => [...unsigned(entries.length), ...entries.flat()];
const text = (name: string): Code => list([...new TextEncoder().encode(name)].map((byte) => [byte]));

/** Encodes a whole number from 0 on as LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

/** Encodes a whole number from 0 on as LEB128 with a sign, which takes one bit more. */
function signed(value: number): number[] {
  if (!(value >= 0)) throw new RangeError(`${value} is not a whole number from 0 on`);
  const bytes = unsigned(value);
  return bytes.at(-1)! < 64 ? bytes : [...bytes.slice(0, -1), bytes.at(-1)! + 128, 0];
}
