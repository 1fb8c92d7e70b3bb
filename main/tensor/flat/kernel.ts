/**
 * Elementwise arithmetic on long vectors as one loop in WebAssembly, which reads and writes every vector once. An optimiser's update
 * is some fifteen ops; a graph runtime computes them one after the other and waits for memory fifteen times. Rounding is the
 * same: each op is IEEE single precision, in the order of the graph.
 */
import { isOp, type Node } from '../ir.ts';
import { opOf } from '../ops/table.ts';
import {
  type Code,
  encodeModule,
  FUNCTION_EXPORT,
  f32x4,
  i32,
  local,
  MEMORY_IMPORT,
  repeatWhile,
  type ValueType,
  VECTOR_BYTES,
} from './wasm.ts';

/** True for an op that a kernel can compute. */
export const hasInstruction = (node: Node): boolean => opOf(node).simd !== 'none';

function instructionOf(node: Node): Code {
  const { simd } = opOf(node);
  if (simd === 'none') throw new Error(`${node.op} has no SIMD instruction; made at ${node.source}`);
  return f32x4[simd];
}

/** Nodes of one length that a kernel computes from vectors and single numbers, operands first. */
export interface KernelSpec {
  readonly vectors: readonly Node[];
  /** Operands of one element each. Constants are not among them, because they are part of the code. */
  readonly scalars: readonly Node[];
  readonly nodes: readonly Node[];
  /** The nodes that are written to memory. */
  readonly results: readonly Node[];
}

/** Takes the addresses of vectors, scalars and results, and the length, all in bytes. A result may lie where a whole vector lies. */
export type Kernel = (...addressesAndLength: readonly number[]) => void;

/**
 * Makes the module for `spec`: a function of the addresses of its vectors, scalars and results, and of the length in bytes.
 * Vectors may begin at any number; reads and writes end at the next multiple of `VECTOR_BYTES` from there. Denormals become zero
 * when ONNX Runtime has told the processor so for the thread. `sharesMemory`: the memory is one that threads share.
 */
export function kernelModule(
  { vectors, scalars, nodes, results }: KernelSpec,
  sharesMemory = false,
): Uint8Array<ArrayBuffer> {
  const parameters: ValueType[] = [...vectors, ...scalars, ...results].map(() => 'i32');
  const length = parameters.push('i32') - 1;
  const locals: ValueType[] = ['i32'];
  const offset = parameters.length;
  const fresh = () => offset + locals.push('v128') - 1;
  const held = new Map<Node, number>();
  const hold = (node: Node): Code => {
    const index = fresh();
    held.set(node, index);
    return local.set(index);
  };
  const address = (parameter: number) => [...local.get(parameter), ...local.get(offset), ...i32.add];

  const before: number[] = [];
  for (const [index, scalar] of scalars.entries())
    before.push(...local.get(vectors.length + index), ...f32x4.loadSplat, ...hold(scalar));
  for (const constant of new Set(nodes.flatMap((node) => node.inputs.filter((input) => isOp(input, 'constant')))))
    if (isOp(constant, 'constant')) before.push(...f32x4.constant(constant.attributes.values[0]!), ...hold(constant));

  const body: number[] = [];
  // Everything is read before anything is written, because a result may lie where an operand lies.
  for (const [index, vector] of vectors.entries()) body.push(...address(index), ...f32x4.load, ...hold(vector));
  for (const node of nodes) {
    for (const input of node.inputs) body.push(...local.get(held.get(input)!));
    body.push(...instructionOf(node), ...hold(node));
  }
  for (const [index, result] of results.entries())
    body.push(...address(vectors.length + scalars.length + index), ...local.get(held.get(result)!), ...f32x4.store);
  body.push(...local.get(offset), ...i32.constant(VECTOR_BYTES), ...i32.add, ...local.tee(offset));
  body.push(...local.get(length), ...i32.lessUnsigned);
  return encodeModule({ parameters, locals, body: [...before, ...repeatWhile(body)], sharesMemory });
}

export function instantiateKernel(module: Uint8Array<ArrayBuffer>, memory: WebAssembly.Memory): Kernel {
  const [space, name] = MEMORY_IMPORT;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { [space]: { [name]: memory } });
  return exports[FUNCTION_EXPORT] as Kernel; // `encodeModule` exports nothing else.
}
