/**
 * Rules about parts of tensors. Slices move towards the inputs, so that nothing is computed only to be cut away: the
 * gradient of a Q-function for the action alone does not compute the one for the observation beside it.
 */
import { isOp, type Node, sameShape } from '../ir.ts';
import { add } from '../ops/elementwise.ts';
import { matmul } from '../ops/linear.ts';
import { concat, pad, slice } from '../ops/shape.ts';
import { opOf, withInputs } from '../ops/table.ts';

/** `soleUser` is true when nothing else uses the node's first operand, which then need not be kept. */
export type Rule = (node: Node, soleUser: boolean) => Node | undefined;

/** Joins slices of slices and slices of concatenations; drops slices and paddings that do nothing. */
const joinSlices: Rule = (node) => {
  const x = node.inputs[0];
  if (isOp(node, 'pad') && sameShape(node.shape, x!.shape)) return x;
  if (!isOp(node, 'slice')) return undefined;
  const { axis, start, end } = node.attributes;
  if (sameShape(node.shape, x!.shape)) return x;
  if (isOp(x!, 'slice') && x.attributes.axis === axis)
    return slice(x.inputs[0]!, axis, start + x.attributes.start, end + x.attributes.start);
  if (isOp(x!, 'concat') && x.attributes.axis === axis) {
    const found = partAround(x, axis, start, end);
    if (found) return slice(found.part, axis, start - found.from, end - found.from);
  }
  // Slices of inputs exist already, while the concatenation of the inputs would have to be computed.
  if (!isOp(x!, 'concat') || x.attributes.axis <= axis || !x.inputs.every((part) => isOp(part, 'input')))
    return undefined;
  const parts = x.inputs.map((part) => slice(part, axis, start, end));
  return concat(parts, x.attributes.axis);
};

/** Returns the part of a concatenation along `axis` that holds [start, end), and its start. */
function partAround(whole: Node, axis: number, start: number, end: number) {
  let from = 0;
  for (const part of whole.inputs) {
    const to = from + part.shape[axis]!;
    if (start >= from && end <= to) return { part, from };
    from = to;
  }
  return undefined;
}

/**
 * Joins padded parts that are added up in any order: parts at the same position are added before padding, and neighbours are
 * concatenated. The gradients of a split, and of parameters kept in one vector, are such sums.
 */
const joinPads: Rule = (node) => {
  if (!isOp(node, 'add')) return undefined;
  const terms = termsOf(node);
  for (const [index, a] of terms.entries()) {
    for (const [later, b] of terms.entries()) {
      const joined = later > index ? joinPair(a, b) : undefined;
      if (!joined) continue;
      // Terms are removed by index, because a term may occur more than once.
      return terms.filter((_, at) => at !== index && at !== later).reduce((total, term) => add(total, term), joined);
    }
  }
  return undefined;
};

/** Returns the operands of a chain of sums that all have the shape of the sum. */
function termsOf(node: Node): Node[] {
  if (!isOp(node, 'add') || !node.inputs.some((input) => isOp(input, 'pad'))) return [node];
  return node.inputs.flatMap((input) => (sameShape(input.shape, node.shape) ? termsOf(input) : [input]));
}

function joinPair(a: Node, b: Node): Node | undefined {
  const padded = isOp(a, 'pad') ? a : isOp(b, 'pad') ? b : undefined;
  if (!padded || a === b || !sameShape(a.shape, b.shape)) return undefined;
  const { axis } = padded.attributes;
  const [rowA, rowB] = [rowOf(a, axis), rowOf(b, axis)];
  if (!rowA || !rowB) return undefined;
  const [first, second] = rowA.start <= rowB.start ? [rowA, rowB] : [rowB, rowA];
  if (first.end === second.start)
    return placed({ ...first, parts: [...first.parts, ...second.parts], end: second.end });
  const [long, short] = first.parts.length >= second.parts.length ? [first, second] : [second, first];
  const [part] = short.parts;
  let start = long.start;
  for (const [index, other] of long.parts.entries()) {
    const end = start + other.shape[axis]!;
    if (start === short.start && end === short.end && short.parts.length === 1)
      return placed({ ...long, parts: long.parts.with(index, add(other, part!)) });
    start = end;
  }
  return undefined;
}

/** Parts side by side at [start, end) of an axis of `size`, with zeros elsewhere. */
interface Row {
  readonly parts: readonly Node[];
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly size: number;
}

function rowOf(node: Node, axis: number): Row | undefined {
  const size = node.shape[axis]!;
  if (isOp(node, 'concat') && node.attributes.axis === axis)
    return { parts: node.inputs, axis, start: 0, end: size, size };
  if (!isOp(node, 'pad') || node.attributes.axis !== axis) return undefined;
  const inner = node.inputs[0]!;
  const parts = isOp(inner, 'concat') && inner.attributes.axis === axis ? inner.inputs : [inner];
  return { parts, axis, start: node.attributes.before, end: size - node.attributes.after, size };
}

const placed = ({ parts, axis, start, end, size }: Row) => pad(concat(parts, axis), axis, start, size - end);

/** A slice of f(x) is f(a slice of x) for elementwise f, for sums over other axes, and for matrix products. */
const sinkSlice: Rule = (node, soleUser) => {
  if (!isOp(node, 'slice')) return undefined;
  const x = node.inputs[0]!;
  const { axis, start, end } = node.attributes;
  if (!soleUser && !isPart(x, axis - x.shape.length, start, end)) return undefined;
  if (opOf(x).elementwise)
    return withInputs(
      x,
      x.inputs.map((input) => sliceAligned(input, axis - x.shape.length, start, end)),
    );
  if (isOp(x, 'matmul')) return sliceProduct(x, x.inputs, axis - x.shape.length, start, end);
  if (!isOp(x, 'sum') && !isOp(x, 'mean')) return undefined;
  const { axes, keepDims } = x.attributes;
  const kept = x.inputs[0]!.shape.flatMap((_, at) => (keepDims || !axes.includes(at) ? [at] : []));
  const from = kept[axis]!;
  return axes.includes(from) ? undefined : withInputs(x, [slice(x.inputs[0]!, from, start, end)]);
};

/** Greatest depth of `isPart`, which visits a node once for every path to it. */
const MAX_DEPTH = 8;

/**
 * True for a slice of f(a concatenation) that needs exactly one of its parts, for elementwise f. The gradient of one critic in an
 * ensemble then waits for no other critic's value.
 */
function isPart(x: Node, fromBack: number, start: number, end: number, depth = 0): boolean {
  const axis = x.shape.length + fromBack;
  if (isOp(x, 'concat') && x.attributes.axis === axis) {
    const found = partAround(x, axis, start, end);
    return found !== undefined && found.from === start && found.part.shape[axis] === end - start;
  }
  if (!opOf(x).elementwise || depth === MAX_DEPTH) return false;
  const along = x.inputs.filter((input) => (input.shape.at(fromBack) ?? 1) !== 1);
  return along.length > 0 && along.every((input) => isPart(input, fromBack, start, end, depth + 1));
}

/** Slices along an axis counted from the back, unless the operand is broadcast along it. */
function sliceAligned(x: Node, fromBack: number, start: number, end: number): Node {
  const axis = x.shape.length + fromBack;
  return axis < 0 || x.shape[axis] === 1 ? x : slice(x, axis, start, end);
}

/** Rows of AB need only the same rows of A, columns only those of B, members of the batch only those of both. */
function sliceProduct(
  product: Node,
  [a, b]: readonly Node[],
  fromBack: number,
  start: number,
  end: number,
): Node | undefined {
  if (!isOp(product, 'matmul')) return undefined;
  const { transposeA, transposeB } = product.attributes;
  if (fromBack === -1) return matmul(a!, slice(b!, transposeB ? -2 : -1, start, end), { transposeA, transposeB });
  if (fromBack === -2) return matmul(slice(a!, transposeA ? -1 : -2, start, end), b!, { transposeA, transposeB });
  return withInputs(
    product,
    [a!, b!].map((operand) => sliceAligned(operand, fromBack, start, end)),
  );
}

export const sliceRules: readonly Rule[] = [joinSlices, joinPads, sinkSlice];
