/**
 * E critics evaluated at once: every weight of the MLP has a leading axis E, in the last layer too.
 * HIL-SERL's released code shares the last layer between the critics, which makes "min of two" nearly pointless.
 * Letters: E critics, B batch, D input, H hidden.
 */
import type { Node } from '../../tensor/ir.ts';
import { concat, reshape, slice } from '../../tensor/tensor.ts';
import { type HiddenLayers, type InputGroup, type MlpSpec, mlp, mlpParameters, project } from './mlp.ts';
import type { ParameterSpec, Parameters } from './parameters.ts';

export interface EnsembleSpec extends HiddenLayers {
  readonly name: string;
  readonly members: number;
  readonly inputs: readonly InputGroup[];
}

/** Number of members that `ensembleOf` evaluates together. Two with 256 × 256 weights take half a megabyte. */
const GROUP_SIZE = 2;

const asMlp = (spec: EnsembleSpec): MlpSpec => ({ ...spec, output: 1 });

/** The MLP's parameters: kernels [in, out] become [E, in, out], vectors [out] become [E, 1, out]. */
export function ensembleParameters(spec: EnsembleSpec): ParameterSpec[] {
  return mlpParameters(asMlp(spec)).map((each) => ({
    ...each,
    shape: each.shape.length === 1 ? [spec.members, 1, ...each.shape] : [spec.members, ...each.shape],
  }));
}

/**
 * Inputs [B, size] by group → values [E, B]. Members are evaluated a few at a time, so that the activations between two
 * layers fit into a processor's cache.
 */
export function ensembleOf(parameters: Parameters, spec: EnsembleSpec, inputs: Readonly<Record<string, Node>>): Node {
  const members = parameters(`${spec.name}.out.bias`).shape[0]!;
  const parts = groupsOf(members).map(([first, end]) => {
    const own: Parameters = (name) => slice(parameters(name), 0, first, end);
    const shares = Object.entries(inputs).map(([group, x]) => project(own, spec, group, x));
    return ensemble(own, spec, shares);
  });
  return concat(parts, 0);
}

/** Ranges that cover [0, members), with a boundary in the middle so that two threads get equal work. */
function groupsOf(members: number): readonly (readonly [first: number, end: number])[] {
  if (members <= GROUP_SIZE) return [[0, members]];
  const middle = Math.ceil(members / 2);
  const firsts = [...every(GROUP_SIZE, 0, middle), ...every(GROUP_SIZE, middle, members)];
  return firsts.map((first, index) => [first, firsts[index + 1] ?? members]);
}

/** `from` and every `step`-th number after it, below `to`. */
const every = (step: number, from: number, to: number) =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step);

/** Shares of the first layer's sum, each [E, B, H] → values [E, B]. */
export function ensemble(parameters: Parameters, spec: EnsembleSpec, shares: readonly Node[]): Node {
  const values = mlp(parameters, asMlp(spec), shares);
  return reshape(values, values.shape.slice(0, -1));
}
