/**
 * Adds a sense that a trained policy did not have without disturbing it, with a zero-initialised gate as in Flamingo
 * (Alayrac et al. 2022):
 *   h = h_base + tanh(g) · h_tactile(t),   g = 0 at first
 * With g = 0 the product is ±0, so h is h_base to the last bit. g learns first, because its gradient is not zero; the
 * tactile branch follows once the gate has opened. Letters: B batch, H features, T tactile numbers.
 */
import type { Node } from '../../tensor/ir.ts';
import { add, mul, tanh } from '../../tensor/tensor.ts';
import { type MlpSpec, mlp, mlpParameters, project } from './mlp.ts';
import type { ParameterSpec, Parameters } from './parameters.ts';

export interface TactileGate {
  readonly branch: MlpSpec;
  /** Name of the parameter g. */
  readonly gate: string;
}

const NAME = 'tactile';
const INPUT = 'touch';

/** A branch from T to H numbers through one hidden layer. */
export function tactileGate(tactileSize: number, features: number, hidden: number): TactileGate {
  const inputs = [{ name: INPUT, size: tactileSize }];
  return { branch: { name: NAME, inputs, hidden: [hidden], output: features }, gate: `${NAME}.gate` };
}

export function tactileGateParameters({ branch, gate }: TactileGate): ParameterSpec[] {
  const specs: ParameterSpec[] = [...mlpParameters(branch), { name: gate, shape: [1], initial: 'zeros' }];
  return specs.map((spec) => ({ ...spec, mayBeNew: true }));
}

/** The factor tanh(g) of the branch, [1]. */
export function gateOpening(parameters: Parameters, { gate }: TactileGate): Node {
  return tanh(parameters(gate));
}

/** `base` [B, H], `tactile` [B, T] → [B, H]. */
export function withTactile(parameters: Parameters, gate: TactileGate, base: Node, tactile: Node): Node {
  const felt = mlp(parameters, gate.branch, [project(parameters, gate.branch, INPUT, tactile)]);
  return add(base, mul(felt, gateOpening(parameters, gate)));
}
