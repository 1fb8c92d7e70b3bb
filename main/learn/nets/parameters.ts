/**
 * Named weights in one flat float32 vector: the layout of a network, its initial values, and its view inside a graph.
 * One vector per network makes Adam, target averaging, checkpoints and weight files a single array each.
 */
import type { Rng } from '../../api/rng.ts';
import { type Node, sizeOf } from '../../tensor/ir.ts';
import { concat, reshape, slice } from '../../tensor/tensor.ts';

export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Xavier-uniform draws from ±sqrt(6 / (fanIn + fanOut)). Fans are given, because one layer may be stored in several kernels. */
  readonly initial: 'zeros' | 'ones' | { readonly fanIn: number; readonly fanOut: number };
  /** Weights to begin with may lack it. It then keeps its initial values, which do not change the output. */
  readonly mayBeNew?: true;
}

/** Weights by name, inside a graph. */
export type Parameters = (name: string) => Node;

export function parameterCount(specs: readonly ParameterSpec[]): number {
  return specs.reduce((sum, spec) => sum + sizeOf(spec.shape), 0);
}

/** Initial values of every parameter, in the order of `specs`. */
export function initialParameters(specs: readonly ParameterSpec[], rng: Rng): Float32Array {
  const values = new Float32Array(parameterCount(specs));
  let offset = 0;
  for (const spec of specs) {
    const end = offset + sizeOf(spec.shape);
    if (spec.initial === 'ones') values.fill(1, offset, end);
    else if (spec.initial !== 'zeros') {
      const bound = Math.sqrt(6 / (spec.initial.fanIn + spec.initial.fanOut));
      for (let index = offset; index < end; index++) values[index] = rng.range(-bound, bound);
    }
    offset = end;
  }
  return values;
}

/** Views into a flat vector [P], one per parameter. Differentiate with respect to these, not to the vector. */
export function parameterViews(flat: Node, specs: readonly ParameterSpec[]): Node[] {
  let offset = 0;
  return specs.map((spec) => {
    const start = offset;
    offset += sizeOf(spec.shape);
    return reshape(slice(flat, 0, start, offset), spec.shape);
  });
}

/** Lookup of views or graph inputs by name. Throws for an unknown name, which is a bug. */
export function parametersFrom(nodes: readonly Node[], specs: readonly ParameterSpec[]): Parameters {
  const views = new Map(specs.map((spec, index) => [spec.name, nodes[index]!]));
  return (name) => {
    const view = views.get(name);
    if (!view) throw new Error(`no parameter named ${name}; there are ${[...views.keys()].join(', ')}`);
    return view;
  };
}

/** Joins nodes with the shapes of parameters into one vector [P]. */
export function flatten(nodes: readonly Node[]): Node {
  const flat = nodes.map((node) => reshape(node, [sizeOf(node.shape)]));
  return concat(flat, 0);
}
