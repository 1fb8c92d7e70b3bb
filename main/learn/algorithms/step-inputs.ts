/** Inputs that training steps have in common: observations, optimiser state, and one update's part of what came for several. */
import type { Node } from '../../tensor/ir.ts';
import type { Adam } from '../../tensor/optimiser.ts';
import { concat, input, reshape, slice } from '../../tensor/tensor.ts';
import type { ObservationSizes } from './algorithm.ts';

/** Inputs `embedding` [..., E] and `proprioception` [..., P], or `nextEmbedding` and so on, as one observation [..., D]. */
export function observationInput(prefix: '' | 'next', rows: readonly number[], sizes: ObservationSizes): Node {
  const name = (what: string) => (prefix ? `${prefix}${what[0]!.toUpperCase()}${what.slice(1)}` : what);
  const proprioception = input(name('proprioception'), [...rows, sizes.proprioception]);
  if (sizes.embedding === 0) return proprioception;
  return concat([input(name('embedding'), [...rows, sizes.embedding]), proprioception], rows.length);
}

/** The inputs `name`, `nameMean` and `nameVariance`, each [count]. */
export function adamInputs(name: string, count: number): Adam {
  return {
    parameters: input(name, [count]),
    mean: input(`${name}Mean`, [count]),
    variance: input(`${name}Variance`, [count]),
  };
}

/** [C, ...] → what is meant for `update`, [...]. */
export function partOf(node: Node, update: number): Node {
  return reshape(slice(node, 0, update, update + 1), node.shape.slice(1));
}

export function mapNodes<K extends string>(nodes: Record<K, Node>, change: (node: Node) => Node): Record<K, Node> {
  return Object.fromEntries(Object.entries<Node>(nodes).map(([name, node]) => [name, change(node)])) as Record<K, Node>; // same keys
}
