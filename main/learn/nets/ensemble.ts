/**
 * E critics evaluated at once: every weight of the MLP block with a leading axis E, the last layer included.
 * (HIL-SERL's released code shares the last layer between the critics, which makes "min of two" nearly pointless.)
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

/** Members that `ensembleOf` evaluates together: 2 of 256 × 256 numbers are half a megabyte. */
const AT_ONCE = 2;

const asMlp = (spec: EnsembleSpec): MlpSpec => ({ ...spec, output: 1 });

/** The MLP's parameters: kernels [in, out] become [E, in, out], vectors [out] become [E, 1, out]. */
export function ensembleParameters(spec: EnsembleSpec): ParameterSpec[] {
  return mlpParameters(asMlp(spec)).map((each) => ({
    ...each,
    shape: each.shape.length === 1 ? [spec.members, 1, ...each.shape] : [spec.members, ...each.shape],
  }));
}

/** [B, size] → its share of the first layer's sum, [E, B, H]: every critic sees the same input. */
export function projectEnsemble(parameters: Parameters, spec: EnsembleSpec, group: string, x: Node): Node {
  return project(parameters, spec, group, x);
}

/**
 * Inputs [B, size] by group → values [E, B]. Members are evaluated a few at a time: what lies between two layers then stays in a
 * processor's cache, which the whole of a large ensemble does not.
 */
export function ensembleOf(parameters: Parameters, spec: EnsembleSpec, inputs: Readonly<Record<string, Node>>): Node {
  const members = parameters(`${spec.name}.out.bias`).shape[0]!;
  const parts = groupsOf(members).map(([first, end]) => {
    const own: Parameters = (name) => slice(parameters(name), 0, first, end);
    const shares = Object.entries(inputs).map(([group, x]) => projectEnsemble(own, spec, group, x));
    return ensemble(own, spec, shares);
  });
  return concat(parts, 0);
}

/** Stretches of [0, members), cut in the middle if at all: two threads then have the same to do. */
function groupsOf(members: number): readonly (readonly [first: number, end: number])[] {
  if (members <= AT_ONCE) return [[0, members]];
  const middle = Math.ceil(members / 2);
  const firsts = [...every(AT_ONCE, 0, middle), ...every(AT_ONCE, middle, members)];
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
