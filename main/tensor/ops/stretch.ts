/**
 * ONNX Runtime works off a broadcast one inner span at a time: over the seven numbers of an action that costs several times the
 * arithmetic. Where spans are short and many, an operand is stretched to full size first, by a product with ones, which is exact
 * but for the sign of a zero; all its users share the result. A sum over leading axes is such a product too, and five times as fast.
 */
import { type Node, type Shape, sizeOf, type TensorType } from '../ir.ts';
import { ELEMENT_TYPE } from '../onnx/proto.ts';
import type { Emitter } from './op.ts';

/** As measured on a processor: longer spans, and fewer, are not worth it. */
const LONGEST_SPAN = 16;
const LEAST_SPANS = 1024;

/** The operand `name` of an elementwise op with this result: itself, or stretched to the result's shape. */
function stretched(emitter: Emitter, name: string, type: TensorType, result: Shape): string {
  const span = result.at(-1) ?? 1;
  const spans = sizeOf(result) / Math.max(1, span);
  const short = span > 1 && span <= LONGEST_SPAN && spans >= LEAST_SPANS;
  if (emitter.target !== 'onnxruntime' || !short || type.dtype === 'int64') return name;
  const size = sizeOf(type.shape);
  const isColumn = size === spans && type.shape.at(-1) === 1;
  const isRow = size === span && type.shape.at(-1) === span;
  if (!isColumn && !isRow) return name;
  return emitter.once(`stretched ${name} [${result.join()}]`, () => {
    const numbers = type.dtype === 'bool' ? emitter.node('Cast', [name], { ints: { to: ELEMENT_TYPE.float32 } }) : name;
    const product = isColumn
      ? [shaped(emitter, numbers, [spans, 1]), ones(emitter, [1, span])]
      : [ones(emitter, [spans, 1]), shaped(emitter, numbers, [1, span])];
    const full = shaped(emitter, emitter.node('MatMul', product), result);
    return type.dtype === 'bool' ? emitter.node('Cast', [full], { ints: { to: ELEMENT_TYPE.bool } }) : full;
  });
}

/** The sum over all axes but the trailing ones, where it is worth a product; else undefined. [...leading, ...trailing] → `result`. */
export function summedByProduct(
  emitter: Emitter,
  name: string,
  { shape }: TensorType,
  axes: readonly number[],
  result: Shape,
): string | undefined {
  const kept = shape.flatMap((size, axis) => (axes.includes(axis) || size === 1 ? [] : [axis]));
  const summed = axes.filter((axis) => shape[axis] !== 1);
  const lastSummed = summed.at(-1);
  if (emitter.target !== 'onnxruntime' || lastSummed === undefined || kept.some((axis) => axis < lastSummed))
    return undefined;
  const columns = sizeOf(result);
  const rows = sizeOf(shape) / Math.max(1, columns);
  if (rows < LONGEST_SPAN || columns < LONGEST_SPAN) return undefined;
  const product = emitter.node('MatMul', [ones(emitter, [1, rows]), shaped(emitter, name, [rows, columns])]);
  return shaped(emitter, product, result);
}

const ones = (emitter: Emitter, shape: Shape) =>
  emitter.constant(new Float32Array(sizeOf(shape)).fill(1), { shape, dtype: 'float32' });

const shaped = (emitter: Emitter, name: string, shape: Shape) =>
  emitter.node('Reshape', [name, emitter.integers(shape)]);

/** Emission of an elementwise op by the ONNX op of that name. */
export const elementwiseOnnx =
  (opType: string) =>
  (emitter: Emitter, inputs: readonly string[], { inputs: operands, shape }: Node): string =>
    emitter.node(
      opType,
      inputs.map((name, index) => stretched(emitter, name, operands[index]!, shape)),
    );
