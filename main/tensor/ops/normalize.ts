/**
 * Layer normalisation over the last axis (Ba et al. 2016): x̂ = (x − mean)/std, y = x̂∘scale + bias.
 * One ONNX LayerNormalization serves value and gradient: `normalize` and `inverseStd` of the same x are two of its results.
 */
import { type Attributes, type Node, sameShape } from '../ir.ts';
import type { TensorFlow, TfTensor } from '../tensorflow.ts';
import { add, mul, neg, sub } from './elementwise.ts';
import { apply, type Emitter, elementCost, expectDTypes, type Op, real } from './op.ts';
import { mean } from './reduce.ts';

type Epsilon = Attributes['normalize'];

const cases = [
  { inputs: [real([5])], attributes: { epsilon: 1e-5 } },
  { inputs: [real([3, 8])], attributes: { epsilon: 1e-5 } },
  { inputs: [real([2, 3, 4])], attributes: { epsilon: 1e-3 } },
];

/** The traits of the whole family. */
const common = { simd: 'none', cost: elementCost, elementwise: false, commutative: false, smooth: true } as const;

export const normalizeOps = {
  /** (x [..., H], scale [H], bias [H]) → [..., H] */
  layerNorm: {
    ...common,
    infer: ([x, scale, bias]) => {
      expectDTypes([x!, scale!, bias!], 'float32', 'float32', 'float32');
      const features = x!.shape.slice(-1);
      if (features.length === 0 || !sameShape(scale!.shape, features) || !sameShape(bias!.shape, features))
        throw new TypeError(`scale and bias must be [${features.join(',')}]`);
      return x!;
    },
    evaluate: ([x, scale, bias], { attributes: { epsilon }, shape }) => {
      const features = shape.at(-1)!;
      const normal = normalized(x!, features, epsilon);
      return normal.map((value, at) => value * scale![at % features]! + bias![at % features]!);
    },
    // The equations are scale' = Σ g∘x̂ and bias' = Σ g; `grad` does the sums.
    vjp: (g, { inputs: [x, scale], attributes: { epsilon } }) => {
      const normal = normalize(x!, epsilon);
      return [throughNormalization(mul(g, scale!), x!, normal, epsilon), mul(g, normal), g];
    },
    emit: (emitter, [x, scale, bias], { attributes: { epsilon } }) =>
      emitter.node('LayerNormalization', [x!, scale!, bias!], { ints: { axis: -1 }, floats: { epsilon } }),
    tensorFlow: (tf, [x, scale, bias], { attributes: { epsilon } }) =>
      tf.add(tf.mul(tfMoments(tf, x!, epsilon).normal, scale!), bias!),
    cases: cases.map(({ inputs: [x], attributes }) => ({
      inputs: [x!, real(x!.shape.slice(-1)), real(x!.shape.slice(-1))],
      attributes,
    })),
  } satisfies Op<Epsilon>,

  /** Returns x̂ [..., H]. */
  normalize: {
    ...common,
    infer: ([x]) => {
      expectDTypes([x!], 'float32');
      if (x!.shape.length === 0) throw new TypeError('a scalar has no axis to normalise over');
      return x!;
    },
    evaluate: ([x], { attributes: { epsilon }, shape }) => normalized(x!, shape.at(-1)!, epsilon),
    vjp: (g, node) => [throughNormalization(g, node.inputs[0]!, node, node.attributes.epsilon)],
    emit: (emitter, [x], node) => emitMoments(emitter, x!, node)[0]!,
    tensorFlow: (tf, [x], { attributes: { epsilon } }) => tfMoments(tf, x!, epsilon).normal,
    cases,
  } satisfies Op<Epsilon>,

  /** Returns 1/√(variance + ε), [..., 1]. */
  inverseStd: {
    ...common,
    infer: ([x]) => {
      expectDTypes([x!], 'float32');
      return { shape: [...x!.shape.slice(0, -1), 1], dtype: 'float32' };
    },
    evaluate: ([x], { attributes: { epsilon }, inputs: [node] }) =>
      Float64Array.from(momentsOf(x!, node!.shape.at(-1)!, epsilon), (each) => each.inverseStd),
    // (1/std)' = −x̂ / (H std²)
    vjp: (g, node) => {
      const x = node.inputs[0]!;
      const normal = normalize(x, node.attributes.epsilon);
      return [neg(mul(normal, mul(mul(g, 1 / x.shape.at(-1)!), mul(node, node))))];
    },
    emit: (emitter, [x], node) =>
      emitMoments(emitter, x!, { shape: node.inputs[0]!.shape, attributes: node.attributes })[2]!,
    tensorFlow: (tf, [x], { attributes: { epsilon } }) => tfMoments(tf, x!, epsilon).inverseStd,
    cases,
  } satisfies Op<Epsilon>,
};

/** Computes x' = (g − mean(g) − x̂∘mean(g∘x̂)) / std. */
function throughNormalization(g: Node, x: Node, normal: Node, epsilon: number): Node {
  const centred = sub(g, mean(g, -1, true));
  const along = mul(normal, mean(mul(g, normal), -1, true));
  return mul(sub(centred, along), inverseStd(x, epsilon));
}

function momentsOf(x: Float64Array, features: number, epsilon: number) {
  return Array.from({ length: x.length / features }, (_, row) => {
    const values = x.subarray(row * features, (row + 1) * features);
    const mean = values.reduce((total, value) => total + value, 0) / features;
    const variance = values.reduce((total, value) => total + (value - mean) ** 2, 0) / features;
    return { mean, inverseStd: 1 / Math.sqrt(variance + epsilon) };
  });
}

function normalized(x: Float64Array, features: number, epsilon: number): Float64Array {
  const moments = momentsOf(x, features, epsilon);
  return x.map((value, at) => {
    const { mean, inverseStd } = moments[Math.floor(at / features)]!;
    return (value - mean) * inverseStd;
  });
}

function tfMoments(tf: TensorFlow, x: TfTensor, epsilon: number) {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  const inverseStd = tf.rsqrt(tf.add(variance, tf.scalar(epsilon)));
  return { inverseStd, normal: tf.mul(centred, inverseStd) };
}

/** Emits one LayerNormalization with unit scale; returns the names of its results x̂, mean and 1/std. */
function emitMoments(
  emitter: Emitter,
  x: string,
  { shape, attributes: { epsilon } }: Pick<Node<Epsilon>, 'shape' | 'attributes'>,
) {
  return emitter.once(`moments of ${x} with ${epsilon}`, () => {
    const type = { shape: shape.slice(-1), dtype: 'float32' } as const;
    const unit = (value: number) => emitter.constant(new Array<number>(type.shape[0]!).fill(value), type);
    return emitter.nodes('LayerNormalization', [x, unit(1), unit(0)], 3, { ints: { axis: -1 }, floats: { epsilon } });
  });
}

/** Computes (x − mean)/√(variance + ε) over the last axis. */
export const normalize = (x: Node, epsilon = 1e-5): Node =>
  apply('normalize', normalizeOps.normalize, [x], { epsilon });

/** Computes 1/√(variance + ε) over the last axis, kept as size 1. */
export const inverseStd = (x: Node, epsilon = 1e-5): Node =>
  apply('inverseStd', normalizeOps.inverseStd, [x], { epsilon });

/**
 * Normalises x [..., H] over H, then scales and shifts it. Scale and bias are [H], or anything that broadcasts to x, such as
 * [E, 1, H] for an ensemble: ONNX has no fused form for those.
 */
export function layerNorm(x: Node, scale: Node, bias: Node, epsilon = 1e-5): Node {
  const features = x.shape.slice(-1);
  if (sameShape(scale.shape, features) && sameShape(bias.shape, features))
    return apply('layerNorm', normalizeOps.layerNorm, [x, scale, bias], { epsilon });
  return add(mul(normalize(x, epsilon), scale), bias);
}
