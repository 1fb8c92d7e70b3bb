/**
 * The rules of `simplify`, each an equation read from left to right. A rule is given one node whose operands are already
 * simplified; it returns the node that replaces it, or undefined. Values may change by rounding, never by more; NaN and infinity
 * pass as before.
 */
import { isOp, type Node, type Shape, sameShape, sizeOf } from '../ir.ts';
import { reducedShape } from '../layout.ts';
import { add, div, mul, neg, reciprocal, sqrt, sub } from '../ops/elementwise.ts';
import { matmul } from '../ops/linear.ts';
import { asNode } from '../ops/op.ts';
import { expand, reshape, transpose } from '../ops/shape.ts';
import { constant } from '../ops/source.ts';
import { opOf, withInputs } from '../ops/table.ts';
import { type Rule, sliceRules } from './slice-rewrites.ts';

/** Returns the node with which the first rule that applies replaces `node`. */
export function rewrite(node: Node, soleUser: boolean): Node | undefined {
  for (const rule of rules) {
    const result = rule(node, soleUser);
    if (!result) continue;
    if (!sameShape(result.shape, node.shape) || result.dtype !== node.dtype)
      throw new Error(`a rewrite of ${node.op} changed its type; made at ${node.source}`);
    return result;
  }
  return undefined;
}

/** Constants of more elements than this are left for the backend to fold. */
const MAX_FOLDED = 4096;

/** Returns the one value of all elements, or undefined when it is not known. */
function uniformValue(node: Node | undefined): number | undefined {
  if (!node) return undefined;
  if (isOp(node, 'expand')) return uniformValue(node.inputs[0]);
  return isOp(node, 'constant') && node.attributes.values.length === 1 ? node.attributes.values[0] : undefined;
}

/** Expands `x` to the shape of `node`, to which it broadcasts. */
const shapedAs = (node: Node, x: Node) => (sameShape(x.shape, node.shape) ? x : expand(x, node.shape));

/** Folds constants: op(constants) = constant. */
const foldConstants: Rule = (node) => {
  if (node.inputs.length === 0 || isOp(node, 'expand') || sizeOf(node.shape) > MAX_FOLDED) return undefined;
  const values = node.inputs.flatMap((input) => (isOp(input, 'constant') ? [input.attributes.values] : []));
  if (values.length < node.inputs.length) return undefined;
  return constant(opOf(node).evaluate(values, node), node.shape, node.dtype);
};

/** Drops stopGradient(x) = x, because gradients have been taken before. */
const dropStopGradient: Rule = (node) => (isOp(node, 'stopGradient') ? node.inputs[0] : undefined);

/** Drops neutral elements: x + 0 = x − 0 = 1·x = x/1 = x; 0 − x = −1·x = −x; x + x = 2·x. */
const dropNeutral: Rule = (node) => {
  const [a, b] = node.inputs;
  const [left, right] = [uniformValue(a), uniformValue(b)];
  switch (node.op) {
    case 'add':
      if (a === b) return node.dtype === 'float32' ? mul(2, a!) : undefined;
      return right === 0 ? shapedAs(node, a!) : left === 0 ? shapedAs(node, b!) : undefined;
    case 'sub':
      return right === 0 ? shapedAs(node, a!) : left === 0 ? shapedAs(node, neg(b!)) : undefined;
    case 'mul':
      if (right === 1) return shapedAs(node, a!);
      if (left === 1) return shapedAs(node, b!);
      if (right === -1) return shapedAs(node, neg(a!));
      return left === -1 ? shapedAs(node, neg(b!)) : undefined;
    case 'div':
      return right === 1 ? shapedAs(node, a!) : undefined;
    default:
      return undefined;
  }
};

/** Replaces powers: x² = x·x, x^½ = √x, x⁻¹ = 1/x. */
const simplerPower: Rule = (node) => {
  if (!isOp(node, 'pow')) return undefined;
  const x = node.inputs[0]!;
  switch (node.attributes.exponent) {
    case 0:
      return expand(asNode(1), node.shape);
    case 1:
      return x;
    case 2:
      return mul(x, x);
    case 0.5:
      return sqrt(x);
    case -1:
      return reciprocal(x);
    default:
      return undefined;
  }
};

/** Returns the operand of a negation, and undefined for another op. */
const negated = (node: Node | undefined) => (node && isOp(node, 'neg') ? node.inputs[0] : undefined);

/** Moves signs outwards until a sum takes them: −(−x) = x, a + (−b) = a − b, (−a)·b = −(a·b), −(a − b) = b − a. */
const moveSigns: Rule = (node) => {
  const [a, b] = node.inputs;
  const [minusA, minusB] = [negated(a), negated(b)];
  switch (node.op) {
    case 'neg':
      if (minusA) return minusA;
      return a!.op === 'sub' ? sub(a!.inputs[1]!, a!.inputs[0]!) : undefined;
    case 'add':
      return minusB ? sub(a!, minusB) : minusA ? sub(b!, minusA) : undefined;
    case 'sub':
      return minusB ? add(a!, minusB) : undefined;
    case 'mul':
      return minusA ? neg(mul(minusA, b!)) : minusB ? neg(mul(a!, minusB)) : undefined;
    case 'div':
      return minusA ? neg(div(minusA, b!)) : minusB ? neg(div(a!, minusB)) : undefined;
    default:
      return undefined;
  }
};

/** A product c·x, where c is one number: a constant, or an input such as the learning rate. */
interface Scaled {
  readonly factor: Node;
  readonly x: Node;
}

function scaled(node: Node | undefined): Scaled | undefined {
  if (node?.op === 'neg') return { factor: asNode(-1), x: node.inputs[0]! };
  if (node?.op !== 'mul') return undefined;
  const [a, b] = node.inputs;
  const isFactor = (factor: Node, x: Node) =>
    sizeOf(factor.shape) === 1 &&
    sameShape(x.shape, node.shape) &&
    (sizeOf(x.shape) > 1 || (isOp(factor, 'constant') && !isOp(x, 'constant')));
  return isFactor(a!, b!) ? { factor: a!, x: b! } : isFactor(b!, a!) ? { factor: b!, x: a! } : undefined;
}

/** Multiplies numbers before tensors: c·(d·x) = (c·d)·x, −(c·x) = (−c)·x, (c·x)/y = c·(x/y), Σ c·x = c·Σ x. */
const joinFactors: Rule = (node) => {
  const outer = scaled(node);
  const inner = scaled(outer?.x);
  if (outer && inner) {
    // A sign joins constants only: `moveSigns` would move it out of any other factor again, without end.
    if (node.op === 'neg' && uniformValue(inner.factor) === undefined) return undefined;
    return mul(mul(reshape(outer.factor, []), reshape(inner.factor, [])), inner.x);
  }
  const operand = scaled(node.inputs[0]);
  if (!operand) return undefined;
  const factor = reshape(operand.factor, []);
  if (isOp(node, 'div') && sameShape(operand.x.shape, node.shape)) return mul(factor, div(operand.x, node.inputs[1]!));
  return isOp(node, 'sum') || isOp(node, 'mean') ? mul(factor, withInputs(node, [operand.x])) : undefined;
};

/** Drops reshapes, permutations, expansions and casts that do nothing, and joins those that follow one another. */
const joinMoves: Rule = (node) => {
  const x = node.inputs[0];
  if (!x) return undefined;
  if (isOp(node, 'reshape')) {
    if (sameShape(x.shape, node.shape)) return x;
    if (isOp(x, 'reshape')) return reshape(x.inputs[0]!, node.shape);
    return uniformValue(x) === undefined ? undefined : expand(asNode(uniformValue(x)!, node.dtype), node.shape);
  }
  if (isOp(node, 'transpose')) {
    const { perm } = node.attributes;
    if (perm.every((from, axis) => from === axis)) return x;
    if (!isOp(x, 'transpose')) return undefined;
    const joined = perm.map((axis) => x.attributes.perm[axis]!);
    return transpose(x.inputs[0]!, joined);
  }
  if (isOp(node, 'expand')) {
    if (sameShape(x.shape, node.shape)) return x;
    return isOp(x, 'expand') ? expand(x.inputs[0]!, node.shape) : undefined;
  }
  if (isOp(node, 'cast') && x.dtype === node.dtype) return x;
  if (isOp(node, 'logicalNot') && isOp(x, 'logicalNot')) return x.inputs[0];
  return undefined;
};

/** f(expand x, y) = expand f(x, y): elementwise work is done in the small shape, and most expansions become broadcasts. */
const sinkExpansion: Rule = (node) => {
  if (!opOf(node).elementwise || !node.inputs.some((input) => input.op === 'expand')) return undefined;
  const inputs = node.inputs.map((input) => (isOp(input, 'expand') ? input.inputs[0]! : input));
  return shapedAs(node, withInputs(node, inputs));
};

/** Drops the expansion of batches in A B, because the product broadcasts by itself. */
const dropBatchExpansion: Rule = (node) => {
  if (!isOp(node, 'matmul')) return undefined;
  for (const [index, input] of node.inputs.entries()) {
    const small = isOp(input, 'expand') ? input.inputs[0]! : undefined;
    if (!small || !sameShape(small.shape.slice(-2), input.shape.slice(-2))) continue;
    const product = withInputs(node, node.inputs.with(index, small));
    if (sameShape(product.shape, node.shape)) return product;
  }
  return undefined;
};

/** Reads a transposed operand of A B transposed, without moving it. */
const joinTransposes: Rule = (node) => {
  if (!isOp(node, 'matmul')) return undefined;
  const [a, b] = node.inputs.map((input) => (swapsLastAxes(input) ? input.inputs[0]! : undefined));
  if (!a && !b) return undefined;
  const { transposeA, transposeB } = node.attributes;
  return matmul(a ?? node.inputs[0]!, b ?? node.inputs[1]!, {
    transposeA: a ? !transposeA : transposeA,
    transposeB: b ? !transposeB : transposeB,
  });
};

function swapsLastAxes(node: Node): boolean {
  if (!isOp(node, 'transpose')) return false;
  const { perm } = node.attributes;
  const rank = perm.length;
  return rank >= 2 && perm.every((from, axis) => from === (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
}

/** Replaces sums over one element by the element, and sums over a stretched axis by its size times the element. */
const reduceExpansion: Rule = (node) => {
  if (!isOp(node, 'sum') && !isOp(node, 'mean') && !isOp(node, 'max') && !isOp(node, 'min')) return undefined;
  const x = node.inputs[0]!;
  const { axes } = node.attributes;
  if (axes.every((axis) => x.shape[axis] === 1)) return reshape(x, node.shape);
  if (!isOp(x, 'expand') || !(isOp(node, 'sum') || isOp(node, 'mean'))) return undefined;
  const small = x.inputs[0]!;
  const aligned: Shape = [...new Array<number>(x.shape.length - small.shape.length).fill(1), ...small.shape];
  if (!axes.every((axis) => aligned[axis] === 1)) return undefined;
  const count = isOp(node, 'sum') ? axes.reduce((product, axis) => product * x.shape[axis]!, 1) : 1;
  return reshape(expand(mul(reshape(small, aligned), count), reducedShape(x.shape, axes, true)), node.shape);
};

const rules: readonly Rule[] = [
  dropStopGradient,
  joinMoves,
  foldConstants,
  dropNeutral,
  simplerPower,
  moveSigns,
  joinFactors,
  sinkExpansion,
  dropBatchExpansion,
  joinTransposes,
  reduceExpansion,
  ...sliceRules,
];
