/**
 * Estimated cost of evaluating a node, in multiply-adds of a matrix product. It decides how a step is divided between threads;
 * results do not depend on it.
 */
import { type Node, sizeOf } from '../ir.ts';

/** Multiply-adds of a matrix product that take as long as one element of another op. */
const ELEMENT_COST = 25;
/** The same for one element of a convolution with a few channels and a kernel of nine. */
const CONVOLUTION_COST = 256;

export type Cost<A> = (node: Node<A>) => number;

/** The op computes nothing and moves nothing. */
export const noCost = () => 0;

/** The op only copies: it reads no more elements than it writes. */
export const copyCost = ({ shape }: Pick<Node, 'shape'>) => ELEMENT_COST * sizeOf(shape);

/** The op visits each element of its largest tensor once. */
export const elementCost = (node: Pick<Node, 'shape' | 'inputs'>) => ELEMENT_COST * largest(node);

export const convolutionCost = (node: Pick<Node, 'shape' | 'inputs'>) => CONVOLUTION_COST * largest(node);

const largest = ({ shape, inputs }: Pick<Node, 'shape' | 'inputs'>) =>
  Math.max(sizeOf(shape), ...inputs.map((input) => sizeOf(input.shape)));
