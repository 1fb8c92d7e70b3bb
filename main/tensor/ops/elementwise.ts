/**
 * Arithmetic, one element at a time, with broadcasting. Above each gradient stands its equation; g is the gradient of the
 * result y. At kinks the conventions are PyTorch's: relu'(0) = 0, |0|' = 0, clip' = 1 on its edges, ties of minimum and
 * maximum share the gradient equally.
 */
import type { Attributes, Node } from '../ir.ts';
import { broadcastShapes } from '../layout.ts';
import { BROADCAST_PAIRS, cast, equal, elementwise as evaluate, greater, where } from './compare.ts';
import { apply, type Case, expectDTypes, type Op, type Operand, onnx, real } from './op.ts';
import { elementwiseOnnx } from './stretch.ts';

type None = Attributes['neg'];

interface Unary {
  readonly onnx: string;
  readonly f: (x: number) => number;
  /** From the result's gradient, the operand and the result. */
  readonly vjp: ((g: Node, x: Node, y: Node) => Node) | 'none';
  readonly smooth?: boolean;
  /** Where the tests evaluate it; [-2, 2] when not given. */
  readonly domain?: readonly [low: number, high: number];
}

function unary({ onnx: opType, f, vjp, smooth = true, domain = [-2, 2] }: Unary): Op<None> {
  return {
    infer: ([x]) => {
      expectDTypes([x!], 'float32');
      return x!;
    },
    evaluate: evaluate((x) => f(x!)),
    vjp: vjp === 'none' ? vjp : (g, node) => [vjp(g, node.inputs[0]!, node)],
    emit: onnx(opType),
    smooth: smooth && vjp !== 'none',
    cases: [[], [3], [2, 3, 4]].map((shape) => ({ inputs: [real(shape, ...domain)], attributes: {} })),
  };
}

interface Binary {
  readonly onnx: string;
  readonly f: (a: number, b: number) => number;
  readonly vjp: (g: Node, a: Node, b: Node) => readonly [Node, Node];
  readonly smooth?: boolean;
  readonly domain?: readonly [low: number, high: number];
}

function binary({ onnx: opType, f, vjp, smooth = true, domain = [-2, 2] }: Binary): Op<None> {
  const cases: Case<None>[] = BROADCAST_PAIRS.flatMap(([a, b]) => [
    { inputs: [real(a, ...domain), real(b, ...domain)], attributes: {} },
    { inputs: [real(b, ...domain), real(a, ...domain)], attributes: {} },
  ]);
  return {
    infer: ([a, b]) => {
      expectDTypes([a!, b!], a!.dtype, a!.dtype);
      if (a!.dtype === 'bool') throw new TypeError('no arithmetic on booleans; cast them first');
      return { shape: broadcastShapes(a!.shape, b!.shape), dtype: a!.dtype };
    },
    evaluate: evaluate((a, b) => f(a!, b!)),
    vjp: (g, { inputs: [a, b] }) => vjp(g, a!, b!),
    emit: elementwiseOnnx(opType),
    smooth,
    cases,
  };
}

/** 2π in two parts: whole multiples of the first are exact in single precision. */
const [TURN, TURN_REST] = [6.28125, 2 * Math.PI - 6.28125];

/** A sine's emission and cases. WGSL defines its accuracy in [−π, π] only: for WebGPU whole turns are taken off before. */
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

/** 1 where a wins, ½ at a tie, 0 where b wins: the share of the gradient that goes to a. */
const share = (aWins: Node, a: Node, b: Node): Node => where(aWins, 1, mul(cast(equal(a, b), 'float32'), 0.5));

export const elementwise = {
  // (−x)' = −1
  neg: unary({ onnx: 'Neg', f: (x) => -x, vjp: (g) => neg(g) }),
  // (eˣ)' = eˣ
  exp: unary({ onnx: 'Exp', f: Math.exp, vjp: (g, _, y) => mul(g, y) }),
  // (ln x)' = 1/x
  log: unary({ onnx: 'Log', f: Math.log, vjp: (g, x) => div(g, x), domain: [0.3, 3] }),
  // (√x)' = 1/(2√x)
  sqrt: unary({ onnx: 'Sqrt', f: Math.sqrt, vjp: (g, _, y) => div(mul(g, 0.5), y), domain: [0.3, 3] }),
  // (1/x)' = −1/x²
  reciprocal: unary({
    onnx: 'Reciprocal',
    f: (x) => 1 / x,
    vjp: (g, _, y) => neg(mul(g, mul(y, y))),
    domain: [0.4, 3],
  }),
  // tanh' = 1 − tanh²
  tanh: unary({ onnx: 'Tanh', f: Math.tanh, vjp: (g, _, y) => mul(g, sub(1, mul(y, y))) }),
  // σ' = σ(1 − σ)
  sigmoid: unary({ onnx: 'Sigmoid', f: logistic, vjp: (g, _, y) => mul(g, mul(y, sub(1, y))) }),
  // relu' = 1 where relu > 0: multiplying costs half of choosing, a third where two threads share it, and x itself need not be kept
  relu: unary({
    onnx: 'Relu',
    f: (x) => Math.max(x, 0),
    vjp: (g, _, y) => mul(g, cast(greater(y, 0), 'float32')),
    smooth: false,
  }),
  // (ln(1 + eˣ))' = σ(x)
  softplus: unary({ onnx: 'Softplus', f: stableSoftplus, vjp: (g, x) => mul(g, sigmoid(x)) }),
  // |x|' = sign(x)
  abs: unary({ onnx: 'Abs', f: Math.abs, vjp: (g, x) => mul(g, sign(x)), smooth: false }),
  sign: unary({ onnx: 'Sign', f: Math.sign, vjp: 'none' }),
  floor: unary({ onnx: 'Floor', f: Math.floor, vjp: 'none' }),
  // sin' = cos
  sin: { ...unary({ onnx: 'Sin', f: Math.sin, vjp: (g, x) => mul(g, cos(x)) }), ...periodic('Sin') },
  // cos' = −sin
  cos: { ...unary({ onnx: 'Cos', f: Math.cos, vjp: (g, x) => neg(mul(g, sin(x))) }), ...periodic('Cos') },

  pow: {
    infer: ([x]) => {
      expectDTypes([x!], 'float32');
      return x!;
    },
    evaluate: (inputs, node) => evaluate((x) => x! ** node.attributes.exponent)(inputs, node),
    // (xᵖ)' = p·xᵖ⁻¹
    vjp: (g, { inputs: [x], attributes: { exponent } }) => [
      exponent === 0 ? undefined : mul(g, mul(exponent, pow(x!, exponent - 1))),
    ],
    emit: (emitter, [x], { attributes: { exponent } }) =>
      emitter.node('Pow', [x!, emitter.constant([exponent], { shape: [], dtype: 'float32' })]),
    smooth: true,
    cases: [
      { inputs: [real([2, 3])], attributes: { exponent: 3 } },
      { inputs: [real([4], 0.3, 2)], attributes: { exponent: -1.5 } },
      { inputs: [real([4], 0.3, 2)], attributes: { exponent: 0.7 } },
    ],
  } satisfies Op<Attributes['pow']>,

  clip: {
    infer: ([x], { low, high }) => {
      expectDTypes([x!], 'float32');
      if (!(low <= high)) throw new TypeError(`low ${low} is above high ${high}`);
      return x!;
    },
    evaluate: (inputs, node) =>
      evaluate((x) => Math.min(Math.max(x!, node.attributes.low), node.attributes.high))(inputs, node),
    // 1 where the value passed unchanged, edges included
    vjp: (g, node) => [mul(g, cast(equal(node.inputs[0]!, node), 'float32'))],
    emit: (emitter, [x], { attributes: { low, high } }) => {
      const bound = (value: number) =>
        Number.isFinite(value) ? emitter.constant([value], { shape: [], dtype: 'float32' }) : '';
      return emitter.node('Clip', [x!, bound(low), bound(high)]);
    },
    smooth: false,
    cases: [
      { inputs: [real([4, 5])], attributes: { low: -1, high: 0.5 } },
      { inputs: [real([4, 5])], attributes: { low: 0.1, high: Number.POSITIVE_INFINITY } },
    ],
  } satisfies Op<Attributes['clip']>,

  // (a + b)' = 1, 1
  add: binary({ onnx: 'Add', f: (a, b) => a + b, vjp: (g) => [g, g] }),
  // (a − b)' = 1, −1
  sub: binary({ onnx: 'Sub', f: (a, b) => a - b, vjp: (g) => [g, neg(g)] }),
  // (a·b)' = b, a
  mul: binary({ onnx: 'Mul', f: (a, b) => a * b, vjp: (g, a, b) => [mul(g, b), mul(g, a)] }),
  // (a/b)' = 1/b, −a/b²
  div: binary({
    onnx: 'Div',
    f: (a, b) => a / b,
    vjp: (g, a, b) => [div(g, b), neg(div(mul(g, a), mul(b, b)))],
    domain: [0.4, 2],
  }),
  minimum: binary({
    onnx: 'Min',
    f: Math.min,
    vjp: (g, a, b) => {
      const toA = mul(g, share(greater(b, a), a, b));
      return [toA, sub(g, toA)];
    },
    smooth: false,
  }),
  maximum: binary({
    onnx: 'Max',
    f: Math.max,
    vjp: (g, a, b) => {
      const toA = mul(g, share(greater(a, b), a, b));
      return [toA, sub(g, toA)];
    },
    smooth: false,
  }),
};

function logistic(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

/** max(x, 0) + ln(1 + e^−|x|) overflows nowhere. */
function stableSoftplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

export const neg = (x: Operand): Node => apply('neg', elementwise.neg, [x], {});
export const exp = (x: Operand): Node => apply('exp', elementwise.exp, [x], {});
export const log = (x: Operand): Node => apply('log', elementwise.log, [x], {});
export const sqrt = (x: Operand): Node => apply('sqrt', elementwise.sqrt, [x], {});
export const reciprocal = (x: Operand): Node => apply('reciprocal', elementwise.reciprocal, [x], {});
export const tanh = (x: Operand): Node => apply('tanh', elementwise.tanh, [x], {});
export const sigmoid = (x: Operand): Node => apply('sigmoid', elementwise.sigmoid, [x], {});
export const relu = (x: Operand): Node => apply('relu', elementwise.relu, [x], {});
export const softplus = (x: Operand): Node => apply('softplus', elementwise.softplus, [x], {});
export const abs = (x: Operand): Node => apply('abs', elementwise.abs, [x], {});
export const sign = (x: Operand): Node => apply('sign', elementwise.sign, [x], {});
export const floor = (x: Operand): Node => apply('floor', elementwise.floor, [x], {});
export const sin = (x: Operand): Node => apply('sin', elementwise.sin, [x], {});
export const cos = (x: Operand): Node => apply('cos', elementwise.cos, [x], {});
export const add = (a: Operand, b: Operand): Node => apply('add', elementwise.add, [a, b], {});
export const sub = (a: Operand, b: Operand): Node => apply('sub', elementwise.sub, [a, b], {});
export const mul = (a: Operand, b: Operand): Node => apply('mul', elementwise.mul, [a, b], {});
export const div = (a: Operand, b: Operand): Node => apply('div', elementwise.div, [a, b], {});
export const minimum = (a: Operand, b: Operand): Node => apply('minimum', elementwise.minimum, [a, b], {});
export const maximum = (a: Operand, b: Operand): Node => apply('maximum', elementwise.maximum, [a, b], {});

/** x to a fixed power. */
export const pow = (x: Operand, exponent: number): Node => apply('pow', elementwise.pow, [x], { exponent });

/** min(max(x, low), high) with fixed bounds; `clip` in tensor.ts also takes tensors. */
export function clipFixed(x: Operand, low: number, high: number): Node {
  return apply('clip', elementwise.clip, [x], { low, high });
}
