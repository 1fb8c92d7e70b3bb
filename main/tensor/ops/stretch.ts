/**
 * Emits short broadcasts and sums over leading axes as matrix products with ones. ONNX Runtime broadcasts one inner span at a time:
 * over the seven numbers of an action, that costs several times the arithmetic. Where spans are short and many, an operand is
 * stretched to full size first, and all its users share the result. The product is exact but for the sign of a zero.
 * A sum over leading axes is five times as fast when it is written as such a product.
 */
import { type Node, type Shape, sizeOf, type TensorType } from '../ir.ts';
import { ELEMENT_TYPE } from '../onnx/proto.ts';
import type { Emitter } from './op.ts';

/** Longest span, and smallest number of spans, for which stretching pays, as measured on a processor. */
const MAX_SPAN = 16;
const MIN_SPANS = 1024;

/** Returns the operand `name` of an elementwise op as it is, or stretched to the shape of the result. */
function stretched(emitter: Emitter, name: string, type: TensorType, result: Shape): string {
  const span = result.at(-1) ?? 1;
  const spans = sizeOf(result) / Math.max(1, span);
  const short = span > 1 && span <= MAX_SPAN && spans >= MIN_SPANS;
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

/** Sums over all axes but the trailing ones: [...leading, ...trailing] → `result`. Returns undefined when a product does not pay. */
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
  if (rows < MAX_SPAN || columns < MAX_SPAN) return undefined;
  const product = emitter.node('MatMul', [ones(emitter, [1, rows]), shaped(emitter, name, [rows, columns])]);
  return shaped(emitter, product, result);
}

const ones = (emitter: Emitter, shape: Shape) =>
  emitter.constant(new Float32Array(sizeOf(shape)).fill(1), { shape, dtype: 'float32' });

const shaped = (emitter: Emitter, name: string, shape: Shape) =>
  emitter.node('Reshape', [name, emitter.integers(shape)]);

/** Emits an elementwise op as the ONNX op of that name. */
export const elementwiseOnnx =
  (opType: string) =>
  (emitter: Emitter, inputs: readonly string[], { inputs: operands, shape }: Node): string => {
    const full = inputs.map((name, index) => stretched(emitter, name, operands[index]!, shape));
    return emitter.node(opType, full);
  };
