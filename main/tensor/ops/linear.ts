/**
 * Matrix products, batched over leading axes that broadcast. Either operand may be read transposed without moving data:
 * ONNX's own MatMul cannot, com.microsoft's FusedMatMul can (and its Gemm, for two matrices).
 */
import { type Attributes, type Node, type Shape, sameShape, sizeOf } from '../ir.ts';
import { broadcastShapes, broadcastStrides, offsets } from '../layout.ts';
import type { TensorFlow, TfTensor } from '../tensorflow.ts';
import { apply, type Cost, type Emitter, expectDTypes, type Op, type Operand, real } from './op.ts';
import { reshape } from './shape.ts';

type MatMul = Attributes['matmul'];

const plain: MatMul = { transposeA: false, transposeB: false };

/** Counts the multiply-adds, in which every other cost is expressed. */
const productCost: Cost<MatMul> = ({ shape, inputs, attributes: { transposeA } }) =>
  sizeOf(shape) * inputs[0]!.shape.at(transposeA ? -2 : -1)!;

export const linearOps = {
  matmul: {
    infer: ([a, b], attributes) => {
      expectDTypes([a!, b!], 'float32', 'float32');
      const { rows, inner, columns, innerB } = layout(a!.shape, b!.shape, attributes);
      if (a!.shape.length < 2 || b!.shape.length < 2 || inner !== innerB)
        throw new TypeError(
          `[${a!.shape.join(',')}]${attributes.transposeA ? 'ᵀ' : ''} times [${b!.shape.join(',')}]${attributes.transposeB ? 'ᵀ' : ''}`,
        );
      return { shape: [...broadcastShapes(batchOf(a!.shape), batchOf(b!.shape)), rows!, columns!], dtype: 'float32' };
    },
    evaluate: ([a, b], node) => {
      const [aShape, bShape] = [node.inputs[0]!.shape, node.inputs[1]!.shape];
      const { transposeA, transposeB } = node.attributes;
      const { rows, inner, columns } = layout(aShape, bShape, node.attributes);
      const [aRow, aInner] = transposeA ? [1, rows] : [inner, 1];
      const [bInner, bColumn] = transposeB ? [1, inner] : [columns, 1];
      const batch = batchOf(node.shape);
      const aStarts = offsets(batch, broadcastStrides(batchOf(aShape), batch));
      const bStarts = offsets(batch, broadcastStrides(batchOf(bShape), batch));
      const result = new Float64Array(sizeOf(node.shape));
      aStarts.forEach((block, index) => {
        const [aStart, bStart] = [block * rows * inner, bStarts[index]! * inner * columns];
        for (let row = 0; row < rows; row++) {
          const to = (index * rows + row) * columns;
          for (let k = 0; k < inner; k++) {
            const factor = a![aStart + row * aRow + k * aInner]!;
            const from = bStart + k * bInner;
            for (let column = 0; column < columns; column++)
              result[to + column] = result[to + column]! + factor * b![from + column * bColumn]!;
          }
        }
      });
      return result;
    },
    // Y = AB: A' = G Bᵀ, B' = Aᵀ G. A transposed operand is read transposed, so no data moves.
    vjp: (g, { inputs: [a, b], attributes: { transposeA, transposeB } }) => [
      transposeA
        ? matmul(b!, g, { transposeA: transposeB, transposeB: true })
        : matmul(g, b!, { transposeB: !transposeB }),
      gradientOfB(g, a!, b!.shape, transposeA, transposeB),
    ],
    emit: emitProduct,
    tensorFlow: (tf, [a, b], { attributes: { transposeA, transposeB } }) => {
      const batch = broadcastShapes(batchOf(a!.shape), batchOf(b!.shape));
      return tf.matMul(withBatch(tf, a!, batch), withBatch(tf, b!, batch), transposeA, transposeB);
    },
    simd: 'none',
    cost: productCost,
    elementwise: false,
    commutative: false,
    smooth: true,
    cases: [
      { inputs: [real([3, 4]), real([4, 2])], attributes: plain },
      { inputs: [real([4, 3]), real([4, 2])], attributes: { transposeA: true, transposeB: false } },
      { inputs: [real([3, 4]), real([2, 4])], attributes: { transposeA: false, transposeB: true } },
      { inputs: [real([4, 3]), real([2, 4])], attributes: { transposeA: true, transposeB: true } },
      { inputs: [real([2, 3, 4]), real([2, 4, 2])], attributes: plain },
      { inputs: [real([2, 3, 4]), real([4, 2])], attributes: plain },
      { inputs: [real([2, 3, 4]), real([2, 4])], attributes: { transposeA: false, transposeB: true } },
      { inputs: [real([3, 4]), real([2, 4, 2])], attributes: plain },
      { inputs: [real([1, 3, 4]), real([5, 2, 4])], attributes: { transposeA: false, transposeB: true } },
      { inputs: [real([4, 3]), real([2, 4, 2])], attributes: { transposeA: true, transposeB: false } },
      { inputs: [real([2, 1, 3, 4]), real([3, 4, 2])], attributes: plain },
    ],
  } satisfies Op<MatMul>,
};

/** WebGPU has no FusedMatMul: it takes Gemm for two matrices, and for batches transposes the operand once for all its users. */
function emitProduct(emitter: Emitter, [a, b]: readonly string[], node: Node<MatMul>): string {
  const { transposeA, transposeB } = node.attributes;
  if (!transposeA && !transposeB) return emitter.node('MatMul', [a!, b!]);
  const ints = { transA: Number(transposeA), transB: Number(transposeB) };
  if (emitter.target === 'onnxruntime') return emitter.node('FusedMatMul', [a!, b!], { domain: 'com.microsoft', ints });
  if (node.inputs.every(({ shape }) => shape.length === 2)) return emitter.node('Gemm', [a!, b!], { ints });
  const moved = (value: string, { shape }: Node) => {
    const perm = [...shape.keys()].slice(0, -2).concat(shape.length - 1, shape.length - 2);
    return emitter.once(`${value} transposed`, () => emitter.node('Transpose', [value], { ints: { perm } }));
  };
  const [nodeA, nodeB] = node.inputs;
  return emitter.node('MatMul', [transposeA ? moved(a!, nodeA!) : a!, transposeB ? moved(b!, nodeB!) : b!]);
}

/** Broadcasts the batch axes of an operand: the library's pure-JS kernel gets partial batches wrong. */
function withBatch(tf: TensorFlow, x: TfTensor, batch: Shape): TfTensor {
  const wanted = [...batch, ...x.shape.slice(-2)];
  return sameShape(x.shape, wanted) ? x : tf.broadcastTo(x, wanted);
}

const batchOf = (shape: Shape): Shape => shape.slice(0, -2);

function layout(a: Shape, b: Shape, { transposeA, transposeB }: MatMul) {
  const [aRows = 0, aColumns = 0] = a.slice(-2);
  const [bRows = 0, bColumns = 0] = b.slice(-2);
  return {
    rows: transposeA ? aColumns : aRows,
    inner: transposeA ? aRows : aColumns,
    innerB: transposeB ? bColumns : bRows,
    columns: transposeB ? bRows : bColumns,
  };
}

/**
 * Computes op(A)ᵀ G, or its transpose. Where one B serves a whole batch of A, the batch is folded into the rows: one large
 * product replaces a batch of small ones that would have to be summed.
 */
function gradientOfB(g: Node, a: Node, b: Shape, transposeA: boolean, transposed: boolean): Node {
  const product = (left: Node, right: Node) =>
    transposed
      ? matmul(right, left, { transposeA: true, transposeB: transposeA })
      : matmul(left, right, { transposeA: !transposeA });
  const shared = sizeOf(batchOf(b)) === 1 && sizeOf(batchOf(a.shape)) > 1 && !transposeA;
  if (!shared) return product(a, g);
  return reshape(product(reshape(a, [-1, a.shape.at(-1)!]), reshape(g, [-1, g.shape.at(-1)!])), b);
}

/** Multiplies a [..., M, K] by b [..., K, N] → [..., M, N]. A flag says that the last two axes of an operand are stored swapped. */
export function matmul(a: Operand, b: Operand, flags: { transposeA?: boolean; transposeB?: boolean } = {}): Node {
  return apply('matmul', linearOps.matmul, [a, b], { ...plain, ...flags });
}
