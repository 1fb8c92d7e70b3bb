/**
 * The MLP of HIL-SERL and ConRFT: (Dense → LayerNorm → tanh) × layers → Dense. RLPD has ReLU; LayerNorm can be left
 * out. The first Dense is stored as one kernel per input group, xW = Σ xᵢWᵢ. A group that serves two evaluations, such
 * as the observation in the imitation loss and in the Q loss, is then multiplied and differentiated once.
 * Letters: B batch, D input, H hidden, O output, E members of an ensemble.
 */
import type { Node } from '../../tensor/ir.ts';
import { add, layerNorm, matmul, relu, tanh } from '../../tensor/tensor.ts';
import type { ParameterSpec, Parameters } from './parameters.ts';

export interface InputGroup {
  readonly name: string;
  readonly size: number;
}

/** The layers between two Dense layers; by default LayerNorm and tanh. */
export interface HiddenLayers {
  readonly hidden: readonly number[];
  readonly activation?: 'tanh' | 'relu';
  readonly layerNorm?: boolean;
}

export interface MlpSpec extends HiddenLayers {
  /** Prefix of its parameters' names. */
  readonly name: string;
  readonly inputs: readonly InputGroup[];
  readonly output: number;
}

/** Dense [fanIn, out]; `groups` splits the kernel's rows. */
export function denseParameters(prefix: string, inputs: readonly InputGroup[], out: number): ParameterSpec[] {
  const fanIn = inputs.reduce((sum, group) => sum + group.size, 0);
  return [
    ...inputs.map((group) => ({
      name: `${prefix}.kernel.${group.name}`,
      shape: [group.size, out],
      initial: { fanIn, fanOut: out },
    })),
    { name: `${prefix}.bias`, shape: [out], initial: 'zeros' },
  ];
}

export function layerNormParameters(prefix: string, size: number): ParameterSpec[] {
  return [
    { name: `${prefix}.scale`, shape: [size], initial: 'ones' },
    { name: `${prefix}.offset`, shape: [size], initial: 'zeros' },
  ];
}

export function mlpParameters(spec: MlpSpec): ParameterSpec[] {
  const hidden = spec.hidden.flatMap((size, layer) => [
    ...denseParameters(`${spec.name}.${layer}`, inputsOf(spec, layer), size),
    ...(spec.layerNorm === false ? [] : layerNormParameters(`${spec.name}.${layer}`, size)),
  ]);
  return [...hidden, ...denseParameters(`${spec.name}.out`, inputsOf(spec, spec.hidden.length), spec.output)];
}

function inputsOf(spec: MlpSpec, layer: number): readonly InputGroup[] {
  return layer === 0 ? spec.inputs : [{ name: 'hidden', size: spec.hidden[layer - 1]! }];
}

/** [B, size] → its share of the first layer's sum, [B, H]. */
export function project(parameters: Parameters, spec: { readonly name: string }, group: string, x: Node): Node {
  return matmul(x, parameters(`${spec.name}.0.kernel.${group}`));
}

/** Shares of the first layer's sum from `project`, each [B, H] or [1, H] (or [E, B, H]) → [B, O]. */
export function mlp(parameters: Parameters, spec: MlpSpec, shares: readonly Node[]): Node {
  const activation = spec.activation === 'relu' ? relu : tanh;
  let sum = shares.reduce((total, share) => add(total, share));
  for (let layer = 0; layer < spec.hidden.length; layer++) {
    const prefix = `${spec.name}.${layer}`;
    const biased = add(sum, parameters(`${prefix}.bias`));
    const normal =
      spec.layerNorm === false
        ? biased
        : layerNorm(biased, parameters(`${prefix}.scale`), parameters(`${prefix}.offset`));
    const hidden = activation(normal);
    const next = layer + 1 < spec.hidden.length ? `${spec.name}.${layer + 1}` : `${spec.name}.out`;
    sum = matmul(hidden, parameters(`${next}.kernel.hidden`));
  }
  return add(sum, parameters(`${spec.name}.out.bias`));
}
