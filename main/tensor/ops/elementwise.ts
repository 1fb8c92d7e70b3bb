/**
 * Arithmetic, one element at a time, with broadcasting. Above each gradient stands its equation; g is the gradient of the
 * result y. At kinks the conventions are PyTorch's: relu'(0) = 0, |0|' = 0, ties of minimum and maximum share the gradient
 * equally. On clip's edges the derivative is 1, as in TensorFlow, so that a policy at its limit can learn to leave it.
 * PyTorch's clamp has 1 or 0 there, which depends on its version.
 */
import type { Attributes, Node } from '../ir.ts';
import { broadcastShapes } from '../layout.ts';
import { cast, equal, greater, where } from './compare.ts';
import {
  apply,
  BROADCAST_PAIRS,
  type Case,
  elementCost,
  evaluateElementwise,
  expectDTypes,
  inferSame,
  type Op,
  type Operand,
  onnx,
  real,
} from './op.ts';
import { elementwiseOnnx } from './stretch.ts';

type None = Attributes['neg'];

/** The traits of the whole family, but for the ops that say otherwise. */
const common = { simd: 'none', cost: elementCost, elementwise: true, commutative: false } as const;

type Smooth = 'neg' | 'exp' | 'log' | 'sqrt' | 'reciprocal' | 'tanh' | 'sigmoid' | 'softplus' | 'sin' | 'cos';
type TfUnary = Smooth | 'relu' | 'abs' | 'sign' | 'floor';
type TfBinary = 'add' | 'sub' | 'mul' | 'div' | 'minimum' | 'maximum';

interface Traits {
  readonly simd?: Op<None>['simd'];
  readonly smooth?: boolean;
  /** Interval in which the tests evaluate the op; [-2, 2] when not given. */
  readonly domain?: readonly [low: number, high: number];
}

interface Unary extends Traits {
  readonly f: (x: number) => number;
  /** From the gradient of the result, the operand and the result. */
  readonly vjp: ((g: Node, x: Node, y: Node) => Node) | 'none';
}

function unary(onnxName: string, tfName: TfUnary, rule: Unary): Op<None> {
  const { f, vjp, simd = 'none', smooth = true, domain = [-2, 2] } = rule;
  return {
    ...common,
    infer: inferSame('float32'),
    evaluate: evaluateElementwise((x) => f(x!)),
    vjp: vjp === 'none' ? vjp : (g, node) => [vjp(g, node.inputs[0]!, node)],
    emit: onnx(onnxName),
    tensorFlow: (tf, [x]) => tf[tfName](x!),
    simd,
    smooth: smooth && vjp !== 'none',
    cases: [[], [3], [2, 3, 4]].map((shape) => ({ inputs: [real(shape, ...domain)], attributes: {} })),
  };
}

interface Binary extends Traits {
  readonly commutative?: boolean;
  readonly f: (a: number, b: number) => number;
  readonly vjp: (g: Node, a: Node, b: Node) => readonly [Node, Node];
}

function binary(onnxName: string, tfName: TfBinary, rule: Binary): Op<None> {
  const { f, vjp, simd = 'none', commutative = false, smooth = true, domain = [-2, 2] } = rule;
  const cases: Case<None>[] = BROADCAST_PAIRS.flatMap(([a, b]) => [
    { inputs: [real(a, ...domain), real(b, ...domain)], attributes: {} },
    { inputs: [real(b, ...domain), real(a, ...domain)], attributes: {} },
  ]);
  return {
    ...common,
    infer: ([a, b]) => {
      expectDTypes([a!, b!], a!.dtype, a!.dtype);
      if (a!.dtype === 'bool') throw new TypeError('no arithmetic on booleans; cast them first');
      return { shape: broadcastShapes(a!.shape, b!.shape), dtype: a!.dtype };
    },
    evaluate: evaluateElementwise((a, b) => f(a!, b!)),
    vjp: (g, { inputs: [a, b] }) => vjp(g, a!, b!),
    emit: elementwiseOnnx(onnxName),
    tensorFlow: (tf, [a, b]) => tf[tfName](a!, b!),
    simd,
    commutative,
    smooth,
    cases,
  };
}

/** 2π in two parts: whole multiples of the first are exact in single precision. */
const [TURN, TURN_REST] = [6.28125, 2 * Math.PI - 6.28125];

/** Emission and cases of sine and cosine. WGSL defines their accuracy in [−π, π] only, so WebGPU subtracts whole turns first. */
function periodic(opType: 'Sin' | 'Cos'): Pick<Op<None>, 'emit' | 'cases'> {
  return {
    emit: (emitter, [x]) => {
      if (emitter.target !== 'webgpu') return emitter.node(opType, [x!]);
      const number = (value: number) => emitter.constant([value], { shape: [], dtype: 'float32' });
      const nearest = emitter.node('Add', [emitter.node('Mul', [x!, number(1 / (2 * Math.PI))]), number(0.5)]);
      const turns = emitter.node('Floor', [nearest]);
      const off = (from: string, part: number) =>
        emitter.node('Sub', [from, emitter.node('Mul', [turns, number(part)])]);
      return emitter.node(opType, [off(off(x!, TURN), TURN_REST)]);
    },
    cases: [
      ...[[], [3], [2, 3, 4]].map((shape) => ({ inputs: [real(shape)], attributes: {} })),
      { inputs: [real([50], -1000, 1000)], attributes: {} },
    ],
  };
}

/** Gives g to the operand that wins, and half of it to each at a tie. */
function divided(g: Node, aWins: Node, a: Node, b: Node): readonly [Node, Node] {
  const toA = mul(g, where(aWins, 1, mul(cast(equal(a, b), 'float32'), 0.5)));
  return [toA, sub(g, toA)];
}

export const elementwiseOps = {
  // (−x)' = −1
  neg: unary('Neg', 'neg', { simd: 'neg', f: (x) => -x, vjp: (g) => neg(g) }),
  // (eˣ)' = eˣ
  exp: unary('Exp', 'exp', { f: Math.exp, vjp: (g, _, y) => mul(g, y) }),
  // (ln x)' = 1/x
  log: unary('Log', 'log', { f: Math.log, vjp: (g, x) => div(g, x), domain: [0.3, 3] }),
  // (√x)' = 1/(2√x)
  sqrt: unary('Sqrt', 'sqrt', { simd: 'sqrt', f: Math.sqrt, vjp: (g, _, y) => div(mul(g, 0.5), y), domain: [0.3, 3] }),
  // (1/x)' = −1/x²
  reciprocal: unary('Reciprocal', 'reciprocal', {
    f: (x) => 1 / x,
    vjp: (g, _, y) => neg(mul(g, mul(y, y))),
    domain: [0.4, 3],
  }),
  // (tanh x)' = 1 − tanh² x
  tanh: unary('Tanh', 'tanh', { f: Math.tanh, vjp: (g, _, y) => mul(g, sub(1, mul(y, y))) }),
  // σ' = σ(1 − σ)
  sigmoid: unary('Sigmoid', 'sigmoid', { f: logistic, vjp: (g, _, y) => mul(g, mul(y, sub(1, y))) }),
  // (relu x)' = 1 where relu x > 0. Multiplying takes half the time of choosing, and x itself need not be kept.
  relu: unary('Relu', 'relu', {
    f: (x) => Math.max(x, 0),
    vjp: (g, _, y) => mul(g, cast(greater(y, 0), 'float32')),
    smooth: false,
  }),
  // (ln(1 + eˣ))' = σ(x)
  softplus: unary('Softplus', 'softplus', { f: stableSoftplus, vjp: (g, x) => mul(g, sigmoid(x)) }),
  // |x|' = sign(x)
  abs: unary('Abs', 'abs', { f: Math.abs, vjp: (g, x) => mul(g, sign(x)), smooth: false }),
  sign: unary('Sign', 'sign', { f: Math.sign, vjp: 'none' }),
  floor: unary('Floor', 'floor', { f: Math.floor, vjp: 'none' }),
  // (sin x)' = cos x
  sin: { ...unary('Sin', 'sin', { f: Math.sin, vjp: (g, x) => mul(g, cos(x)) }), ...periodic('Sin') },
  // (cos x)' = −sin x
  cos: {
    ...unary('Cos', 'cos', { f: Math.cos, vjp: (g, x) => neg(mul(g, sin(x))) }),
    ...periodic('Cos'),
  },

  pow: {
    ...common,
    infer: inferSame('float32'),
    evaluate: (inputs, node) => evaluateElementwise((x) => x! ** node.attributes.exponent)(inputs, node),
    // (xᵖ)' = p·xᵖ⁻¹
    vjp: (g, { inputs: [x], attributes: { exponent } }) => [
      exponent === 0 ? undefined : mul(g, mul(exponent, pow(x!, exponent - 1))),
    ],
    emit: (emitter, [x], { attributes: { exponent } }) =>
      emitter.node('Pow', [x!, emitter.constant([exponent], { shape: [], dtype: 'float32' })]),
    tensorFlow: (tf, [x], { attributes: { exponent } }) => tf.pow(x!, tf.scalar(exponent)),
    smooth: true,
    cases: [
      { inputs: [real([2, 3])], attributes: { exponent: 3 } },
      { inputs: [real([4], 0.3, 2)], attributes: { exponent: -1.5 } },
      { inputs: [real([4], 0.3, 2)], attributes: { exponent: 0.7 } },
    ],
  } satisfies Op<Attributes['pow']>,

  clip: {
    ...common,
    infer: ([x], { low, high }) => {
      expectDTypes([x!], 'float32');
      if (!(low <= high)) throw new TypeError(`low ${low} is above high ${high}`);
      return x!;
    },
    evaluate: (inputs, node) =>
      evaluateElementwise((x) => Math.min(Math.max(x!, node.attributes.low), node.attributes.high))(inputs, node),
    // The derivative is 1 where the value passed unchanged, edges included.
    vjp: (g, node) => [mul(g, cast(equal(node.inputs[0]!, node), 'float32'))],
    emit: (emitter, [x], { attributes: { low, high } }) => {
      const bound = (value: number) =>
        Number.isFinite(value) ? emitter.constant([value], { shape: [], dtype: 'float32' }) : '';
      return emitter.node('Clip', [x!, bound(low), bound(high)]);
    },
    tensorFlow: (tf, [x], { attributes: { low, high } }) => tf.clipByValue(x!, low, high),
    smooth: false,
    cases: [
      { inputs: [real([4, 5])], attributes: { low: -1, high: 0.5 } },
      { inputs: [real([4, 5])], attributes: { low: 0.1, high: Number.POSITIVE_INFINITY } },
    ],
  } satisfies Op<Attributes['clip']>,

  // (a + b)' = 1, 1
  add: binary('Add', 'add', { simd: 'add', commutative: true, f: (a, b) => a + b, vjp: (g) => [g, g] }),
  // (a − b)' = 1, −1
  sub: binary('Sub', 'sub', { simd: 'sub', f: (a, b) => a - b, vjp: (g) => [g, neg(g)] }),
  // (a·b)' = b, a
  mul: binary('Mul', 'mul', {
    simd: 'mul',
    commutative: true,
    f: (a, b) => a * b,
    vjp: (g, a, b) => [mul(g, b), mul(g, a)],
  }),
  // (a/b)' = 1/b, −a/b²
  div: binary('Div', 'div', {
    simd: 'div',
    f: (a, b) => a / b,
    vjp: (g, a, b) => [div(g, b), neg(div(mul(g, a), mul(b, b)))],
    domain: [0.4, 2],
  }),
  minimum: binary('Min', 'minimum', {
    commutative: true,
    f: Math.min,
    vjp: (g, a, b) => divided(g, greater(b, a), a, b),
    smooth: false,
  }),
  maximum: binary('Max', 'maximum', {
    commutative: true,
    f: Math.max,
    vjp: (g, a, b) => divided(g, greater(a, b), a, b),
    smooth: false,
  }),
};

function logistic(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

/** Computes max(x, 0) + ln(1 + e^−|x|), which overflows nowhere. */
function stableSoftplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

export const neg = (x: Operand): Node => apply('neg', elementwiseOps.neg, [x], {});
export const exp = (x: Operand): Node => apply('exp', elementwiseOps.exp, [x], {});
export const log = (x: Operand): Node => apply('log', elementwiseOps.log, [x], {});
export const sqrt = (x: Operand): Node => apply('sqrt', elementwiseOps.sqrt, [x], {});
export const reciprocal = (x: Operand): Node => apply('reciprocal', elementwiseOps.reciprocal, [x], {});
export const tanh = (x: Operand): Node => apply('tanh', elementwiseOps.tanh, [x], {});
export const sigmoid = (x: Operand): Node => apply('sigmoid', elementwiseOps.sigmoid, [x], {});
export const relu = (x: Operand): Node => apply('relu', elementwiseOps.relu, [x], {});
export const softplus = (x: Operand): Node => apply('softplus', elementwiseOps.softplus, [x], {});
export const abs = (x: Operand): Node => apply('abs', elementwiseOps.abs, [x], {});
export const sign = (x: Operand): Node => apply('sign', elementwiseOps.sign, [x], {});
export const floor = (x: Operand): Node => apply('floor', elementwiseOps.floor, [x], {});
export const sin = (x: Operand): Node => apply('sin', elementwiseOps.sin, [x], {});
export const cos = (x: Operand): Node => apply('cos', elementwiseOps.cos, [x], {});
export const add = (a: Operand, b: Operand): Node => apply('add', elementwiseOps.add, [a, b], {});
export const sub = (a: Operand, b: Operand): Node => apply('sub', elementwiseOps.sub, [a, b], {});
export const mul = (a: Operand, b: Operand): Node => apply('mul', elementwiseOps.mul, [a, b], {});
export const div = (a: Operand, b: Operand): Node => apply('div', elementwiseOps.div, [a, b], {});
export const minimum = (a: Operand, b: Operand): Node => apply('minimum', elementwiseOps.minimum, [a, b], {});
export const maximum = (a: Operand, b: Operand): Node => apply('maximum', elementwiseOps.maximum, [a, b], {});

/** Raises x to a fixed power. */
export const pow = (x: Operand, exponent: number): Node => apply('pow', elementwiseOps.pow, [x], { exponent });

/** Computes min(max(x, low), high) with fixed bounds; `clip` in `tensor.ts` also takes tensors. */
export function clipFixed(x: Operand, low: number, high: number): Node {
  return apply('clip', elementwiseOps.clip, [x], { low, high });
}
