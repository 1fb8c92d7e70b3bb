/**
 * Two-dimensional convolution with one stride and one zero padding for both axes. As in other deep-learning libraries, it is a
 * cross-correlation. Letters: B batch, C input channels, O output channels. Sizes are H × W input, K × L kernel, M × N output.
 *   y[b,o,m,n] = Σ x[b, c, s·m + k − p, s·n + l − p] · w[o,c,k,l].
 *
 * The three ops are the derivatives of one trilinear form F(x, w, g) = Σ x·w·g in one operand each. The gradients of an op are
 * therefore the two others, to any order.
 */
import { type Attributes, type Node, type Shape, sizeOf } from '../ir.ts';
import type { TensorFlow, TfTensor, TfTensor4D } from '../tensorflow.ts';
import { apply, convolutionCost, type Emitter, expectDTypes, type Op, real } from './op.ts';

type Window = Attributes['conv2d'];
type Sized = Attributes['conv2dTranspose'];

/** Shapes x [B,C,H,W], kernel [O,C,K,L], y [B,O,M,N]. */
interface FormShapes {
  readonly x: Shape;
  readonly kernel: Shape;
  readonly y: Shape;
}

/** Counts the positions of a kernel on an axis: M from H and K. Rows that no stride reaches are left out. */
function positions(size: number, kernel: number, { stride, padding }: Window): number {
  return Math.floor((size + 2 * padding - kernel) / stride) + 1;
}

/** Throws unless the three shapes belong together. */
function expectFit({ x, kernel, y }: FormShapes, window: Window): void {
  const fits =
    [x, kernel, y].every((shape) => shape.length === 4) &&
    x[1] === kernel[1] &&
    x[0] === y[0] &&
    kernel[0] === y[1] &&
    [2, 3].every((axis) => y[axis]! > 0 && positions(x[axis]!, kernel[axis]!, window) === y[axis]);
  if (fits) return;
  const [a, b, c] = [x, kernel, y].map((shape) => `[${shape.join(',')}]`);
  throw new TypeError(`x ${a}, kernel ${b}, y ${c} do not fit with stride ${window.stride}, padding ${window.padding}`);
}

/** Visits every product of the form, with its index in x, in the kernel and in y. It is slow and plain on purpose. */
function forEachProduct(
  { x, kernel, y }: FormShapes,
  { stride, padding }: Window,
  visit: (xAt: number, kernelAt: number, yAt: number) => void,
): void {
  const [batch, channels, height, width] = [x[0]!, x[1]!, x[2]!, x[3]!];
  const [outputs, kernelHeight, kernelWidth] = [kernel[0]!, kernel[2]!, kernel[3]!];
  const [rows, columns] = [y[2]!, y[3]!];
  for (let b = 0; b < batch; b++)
    for (let o = 0; o < outputs; o++)
      for (let m = 0; m < rows; m++)
        for (let n = 0; n < columns; n++) {
          const yAt = ((b * outputs + o) * rows + m) * columns + n;
          for (let c = 0; c < channels; c++)
            for (let k = 0; k < kernelHeight; k++) {
              const row = stride * m + k - padding;
              if (row < 0 || row >= height) continue;
              for (let l = 0; l < kernelWidth; l++) {
                const column = stride * n + l - padding;
                if (column < 0 || column >= width) continue;
                visit(
                  ((b * channels + c) * height + row) * width + column,
                  ((o * channels + c) * kernelHeight + k) * kernelWidth + l,
                  yAt,
                );
              }
            }
        }
}

const onnxWindow = ({ stride, padding }: Window) => ({
  strides: [stride, stride],
  pads: [padding, padding, padding, padding],
});

interface Size {
  readonly window: Window;
  readonly x: Shape;
  readonly kernel: Shape;
}

/** Test sizes: kernels 1, 3, 7 and oblong; strides 1 and 2; paddings 0, 1 and 3; inputs whose last row is not reached. */
const SIZES: readonly Size[] = [
  { window: { stride: 1, padding: 0 }, x: [2, 3, 4, 5], kernel: [2, 3, 1, 1] },
  { window: { stride: 2, padding: 0 }, x: [2, 3, 6, 5], kernel: [4, 3, 1, 1] },
  { window: { stride: 1, padding: 0 }, x: [1, 2, 4, 5], kernel: [3, 2, 3, 3] },
  { window: { stride: 1, padding: 1 }, x: [2, 2, 4, 5], kernel: [3, 2, 3, 3] },
  { window: { stride: 2, padding: 1 }, x: [2, 2, 6, 5], kernel: [3, 2, 3, 3] },
  { window: { stride: 2, padding: 0 }, x: [2, 2, 6, 8], kernel: [1, 2, 3, 3] },
  { window: { stride: 2, padding: 1 }, x: [1, 10, 4, 4], kernel: [2, 10, 3, 3] },
  { window: { stride: 1, padding: 1 }, x: [2, 12, 3, 4], kernel: [3, 12, 3, 3] },
  { window: { stride: 2, padding: 3 }, x: [1, 2, 8, 9], kernel: [2, 2, 7, 7] },
  { window: { stride: 1, padding: 3 }, x: [1, 1, 5, 4], kernel: [2, 1, 7, 7] },
  { window: { stride: 1, padding: 1 }, x: [1, 2, 5, 4], kernel: [2, 2, 3, 1] },
];

/** Shape of the result for a kernel and an input that fit. */
const outputShape = (x: Shape, kernel: Shape, window: Window): Shape => [
  x[0]!,
  kernel[0]!,
  positions(x[2]!, kernel[2]!, window),
  positions(x[3]!, kernel[3]!, window),
];

const spatial = (shape: Shape) => [shape[2]!, shape[3]!] as const;

type Shape4 = readonly [number, number, number, number];

/** The traits of the whole family. */
const common = { simd: 'none', cost: convolutionCost, elementwise: false, commutative: false, smooth: true } as const;

export const convolutionOps = {
  /** The convolution ∂F/∂g: (x [B,C,H,W], kernel [O,C,K,L]) → [B,O,M,N]. */
  conv2d: {
    ...common,
    infer: ([x, kernel], window) => {
      expectDTypes([x!, kernel!], 'float32', 'float32');
      const y = outputShape(x!.shape, kernel!.shape, window);
      expectFit({ x: x!.shape, kernel: kernel!.shape, y }, window);
      return { shape: y, dtype: 'float32' };
    },
    evaluate: ([x, kernel], node) => {
      const y = new Float64Array(sizeOf(node.shape));
      const shapes = { x: node.inputs[0]!.shape, kernel: node.inputs[1]!.shape, y: node.shape };
      forEachProduct(shapes, node.attributes, (xAt, kernelAt, yAt) => {
        y[yAt]! += x![xAt]! * kernel![kernelAt]!;
      });
      return y;
    },
    vjp: (g, { inputs: [x, kernel], attributes }) => [
      conv2dTranspose(g, kernel!, spatial(x!.shape), attributes),
      conv2dKernel(x!, g, spatial(kernel!.shape), attributes),
    ],
    emit: (emitter, inputs, { attributes }) => emitter.node('Conv', inputs, { ints: onnxWindow(attributes) }),
    tensorFlow: (tf, [x, kernel], { attributes: { stride, padding } }) =>
      channelsFirst(tf, tf.conv2d(channelsLast(tf, x!, padding), kernelLast(tf, kernel!), stride, 'valid')),
    cases: SIZES.map(({ window, x, kernel }) => ({ inputs: [real(x), real(kernel)], attributes: window })),
  } satisfies Op<Window>,

  /** The transposed convolution ∂F/∂x: (g [B,O,M,N], kernel [O,C,K,L]) → [B,C,H,W]. */
  conv2dTranspose: {
    ...common,
    infer: ([g, kernel], { size, ...window }) => {
      expectDTypes([g!, kernel!], 'float32', 'float32');
      const x = [g!.shape[0]!, kernel!.shape[1]!, ...size];
      expectFit({ x, kernel: kernel!.shape, y: g!.shape }, window);
      return { shape: x, dtype: 'float32' };
    },
    evaluate: ([g, kernel], node) => {
      const x = new Float64Array(sizeOf(node.shape));
      const shapes = { x: node.shape, kernel: node.inputs[1]!.shape, y: node.inputs[0]!.shape };
      forEachProduct(shapes, node.attributes, (xAt, kernelAt, yAt) => {
        x[xAt]! += g![yAt]! * kernel![kernelAt]!;
      });
      return x;
    },
    vjp: (h, { inputs: [g, kernel], attributes }) => [
      conv2d(h, kernel!, attributes),
      conv2dKernel(h, g!, spatial(kernel!.shape), attributes),
    ],
    emit: (emitter, inputs, { inputs: [g, kernel], attributes: { size, ...window } }) => {
      // Rows that no stride reached are added as output padding.
      const rest = ([0, 1] as const).map(
        (axis) =>
          size[axis] - ((g!.shape[2 + axis]! - 1) * window.stride - 2 * window.padding + kernel!.shape[2 + axis]!),
      );
      return emitter.node('ConvTranspose', inputs, { ints: { ...onnxWindow(window), output_padding: rest } });
    },
    tensorFlow: (tf, [g, kernel], { shape, attributes: { stride, padding } }) => {
      const [batch, channels, height, width] = shape as Shape4; // `infer` has checked the rank.
      const padded: [...Shape4] = [batch, height + 2 * padding, width + 2 * padding, channels];
      const whole = tf.conv2dTranspose(channelsLast(tf, g!), kernelLast(tf, kernel!), padded, stride, 'valid');
      return channelsFirst(tf, tf.slice(whole, [0, padding, padding, 0], [batch, height, width, channels]));
    },
    cases: SIZES.map(({ window, x, kernel }) => ({
      inputs: [real(outputShape(x, kernel, window)), real(kernel)],
      attributes: { ...window, size: spatial(x) },
    })),
  } satisfies Op<Sized>,

  /** The kernel's gradient ∂F/∂w: (x [B,C,H,W], g [B,O,M,N]) → [O,C,K,L]. */
  conv2dKernel: {
    ...common,
    infer: ([x, g], { size, ...window }) => {
      expectDTypes([x!, g!], 'float32', 'float32');
      const kernel = [g!.shape[1]!, x!.shape[1]!, ...size];
      expectFit({ x: x!.shape, kernel, y: g!.shape }, window);
      return { shape: kernel, dtype: 'float32' };
    },
    evaluate: ([x, g], node) => {
      const kernel = new Float64Array(sizeOf(node.shape));
      const shapes = { x: node.inputs[0]!.shape, kernel: node.shape, y: node.inputs[1]!.shape };
      forEachProduct(shapes, node.attributes, (xAt, kernelAt, yAt) => {
        kernel[kernelAt]! += x![xAt]! * g![yAt]!;
      });
      return kernel;
    },
    vjp: (h, { inputs: [x, g], attributes }) => [
      conv2dTranspose(g!, h, spatial(x!.shape), attributes),
      conv2d(x!, h, attributes),
    ],
    emit: emitKernel,
    tensorFlow: (tf, [x, g], { shape, attributes: { stride, padding } }) => {
      const [outputs, channels, height, width] = shape as Shape4; // `infer` has checked the rank.
      const filterShape = [height, width, channels, outputs];
      const operands = { x: channelsLast(tf, x!, padding), dy: channelsLast(tf, g!) };
      const attributes = { strides: [stride, stride], pad: 'valid', dataFormat: 'NHWC', filterShape };
      return tf.transpose(tf.engine().runKernel<TfTensor>('Conv2DBackpropFilter', operands, attributes), [3, 2, 0, 1]);
    },
    cases: SIZES.map(({ window, x, kernel }) => ({
      inputs: [real(x), real(outputShape(x, kernel, window))],
      attributes: { ...window, size: spatial(kernel) },
    })),
  } satisfies Op<Sized>,
};

/**
 * Moves channels last, where the kernels of TensorFlow have them, and writes out the zero padding, which not every kernel
 * takes as an option.
 */
const channelsLast = (tf: TensorFlow, x: TfTensor, padding = 0) =>
  tf.pad(tf.transpose(x, [0, 2, 3, 1]), [
    [0, 0],
    [padding, padding],
    [padding, padding],
    [0, 0],
  ]) as TfTensor4D; // `infer` has checked the rank.
const channelsFirst = (tf: TensorFlow, x: TfTensor): TfTensor => tf.transpose(x, [0, 3, 1, 2]);
/** [O,C,K,L] → [K,L,C,O] */
const kernelLast = (tf: TensorFlow, kernel: TfTensor) => tf.transpose(kernel, [2, 3, 1, 0]) as TfTensor4D; // `infer` has checked the rank.

/**
 * Emits the kernel's gradient, which sums over batch and positions: a long sum for few results. It can be written as a convolution
 * over the batch, K·L columns wide, or as one product per position in the kernel, C columns wide. The wider one is faster:
 * with batch 128 on one core, 7 × 7 over 3 colours takes 22 ms and 85 ms, and 3 × 3 over 16 channels 42 ms and 19 ms.
 */
function emitKernel(emitter: Emitter, [x, g]: readonly string[], node: Node<Sized>): string {
  const swap = (value: string) => emitter.node('Transpose', [value], { ints: { perm: [1, 0, 2, 3] } });
  const [channels, kernelHeight, kernelWidth] = [node.shape[1]!, ...node.attributes.size];
  const [images, gradients] = [swap(x!), swap(g!)]; // [C,B,H,W], [O,B,M,N]
  return channels >= kernelHeight * kernelWidth
    ? emitByPosition(emitter, images, gradients, node)
    : swap(emitAsConvolution(emitter, images, gradients, node));
}

/** Slides the gradient over the images as a kernel of M × N taps, `stride` apart → [C,O,K,L]. */
function emitAsConvolution(emitter: Emitter, images: string, gradients: string, { attributes }: Node<Sized>): string {
  const { stride, padding, size } = attributes;
  const whole = emitter.node('Conv', [images, gradients], {
    ints: { dilations: [stride, stride], pads: [padding, padding, padding, padding] },
  });
  // Rows that no stride reached make the result larger than the kernel.
  return emitter.node('Slice', [whole, emitter.integers([0, 0]), emitter.integers(size), emitter.integers([2, 3])]);
}

/** For each position k, l, multiplies G [O, B·M·N] by the inputs that the position has met, [C, B·M·N]ᵀ → [O,C,K,L]. */
function emitByPosition(emitter: Emitter, images: string, gradients: string, node: Node<Sized>): string {
  const { stride, padding, size } = node.attributes;
  const [outputs, channels] = [node.shape[0]!, node.shape[1]!];
  const [, , rows, width] = node.inputs[1]!.shape as Shape4; // `infer` has checked the rank.
  const padded =
    padding === 0
      ? images
      : emitter.node('Pad', [images, emitter.integers([0, 0, padding, padding, 0, 0, padding, padding])]);
  const flatGradients = emitter.node('Reshape', [gradients, emitter.integers([outputs, -1])]);
  const products = Array.from({ length: size[0] * size[1] }, (_, position) => {
    const [k, l] = [Math.floor(position / size[1]), position % size[1]];
    const seen = emitter.node('Slice', [
      padded,
      emitter.integers([k, l]),
      emitter.integers([k + stride * (rows - 1) + 1, l + stride * (width - 1) + 1]),
      emitter.integers([2, 3]),
      emitter.integers([stride, stride]),
    ]);
    const columns = emitter.node('Reshape', [seen, emitter.integers([channels, -1])]);
    const product = emitter.node('Gemm', [flatGradients, columns], { ints: { transA: 0, transB: 1 } });
    return emitter.node('Reshape', [product, emitter.integers([outputs, channels, 1])]);
  });
  const side = products.length === 1 ? products[0]! : emitter.node('Concat', products, { ints: { axis: 2 } });
  return emitter.node('Reshape', [side, emitter.integers(node.shape)]);
}

const windowOf = ({ stride, padding }: Window): Window => ({ stride, padding });

/** Convolves x [B,C,H,W] with kernel [O,C,K,L] → [B,O,M,N], M = ⌊(H + 2·padding − K) / stride⌋ + 1. */
export function conv2d(x: Node, kernel: Node, window: Window): Node {
  return apply('conv2d', convolutionOps.conv2d, [x, kernel], windowOf(window));
}

/** Computes the gradient of `conv2d` with respect to an x of `size` H × W: g [B,O,M,N], kernel [O,C,K,L] → [B,C,H,W]. */
export function conv2dTranspose(g: Node, kernel: Node, size: readonly [number, number], window: Window): Node {
  return apply('conv2dTranspose', convolutionOps.conv2dTranspose, [g, kernel], { ...windowOf(window), size });
}

/** Computes the gradient of `conv2d` with respect to a kernel of `size` K × L: x [B,C,H,W], g [B,O,M,N] → [O,C,K,L]. */
export function conv2dKernel(x: Node, g: Node, size: readonly [number, number], window: Window): Node {
  return apply('conv2dKernel', convolutionOps.conv2dKernel, [x, g], { ...windowOf(window), size });
}
