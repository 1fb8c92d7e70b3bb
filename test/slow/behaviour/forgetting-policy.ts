/**
 * One policy for both tasks of `forgetting.ts`, with or without touch through the zero-initialised gate. Recipe R5 trains
 * it by three terms: imitation of the new task, imitation of replayed old samples, and distillation of the old policy on
 * old states. The old states are noised, so that fifty of them cover more than themselves.
 */
import type { Rng } from '../../../main/api/rng.ts';
import { distillRegression } from '../../../main/learn/losses/alignment/distillation.ts';
import { mse } from '../../../main/learn/losses/regression.ts';
import { type MlpSpec, mlp, mlpParameters, project } from '../../../main/learn/nets/mlp.ts';
import {
  initialParameters,
  type ParameterSpec,
  type Parameters,
  parameterCount,
  parametersFrom,
  parameterViews,
} from '../../../main/learn/nets/parameters.ts';
import { gateOpening, tactileGate, tactileGateParameters, withTactile } from '../../../main/learn/nets/tactile-gate.ts';
import type { Node } from '../../../main/tensor/ir.ts';
import { add, constant, input } from '../../../main/tensor/tensor.ts';
import { evaluate, fit } from './fit.ts';
import { ACTIONS, FEATURES, type Samples, TOUCH } from './forgetting.ts';

const net: MlpSpec = {
  ...{ name: 'policy', hidden: [64, 64], output: ACTIONS, layerNorm: false },
  inputs: [{ name: 'features', size: FEATURES }],
};
const gate = tactileGate(TOUCH, FEATURES, 32);
const baseSpecs = mlpParameters(net);
/** The base comes first, so that a trained one is the beginning of the vector. */
const gatedSpecs = [...baseSpecs, ...tactileGateParameters(gate)];
const B = 64;
/** Deviation of the noise on replayed states, in units of the states' own. */
const STATE_NOISE = 0.7;

export interface TwoTaskPolicy {
  readonly weights: Float32Array;
  readonly gated: boolean;
}

const specsOf = (gated: boolean): readonly ParameterSpec[] => (gated ? gatedSpecs : baseSpecs);

function act(parameters: Parameters, gated: boolean, features: Node, touch: Node): Node {
  const seen = gated ? withTactile(parameters, gate, features, touch) : features;
  return mlp(parameters, net, [project(parameters, net, 'features', seen)]);
}

export async function imitate(samples: Samples, steps: number, rng: Rng): Promise<TwoTaskPolicy> {
  const draws = rng.split('batches');
  const { weights } = await fit({
    ...{ specs: baseSpecs, start: initialParameters(baseSpecs, rng.split('weights')), steps, learningRate: 3e-3 },
    loss: (parameters) => {
      const features = input('features', [B, FEATURES]);
      return mse(act(parameters, false, features, features), input('actions', [B, ACTIONS]));
    },
    batch: () => {
      const { features, actions } = rows(samples, draws);
      return { features, actions };
    },
  });
  return { weights, gated: false };
}

export interface FineTuning {
  readonly replay: boolean;
  readonly distill: boolean;
  readonly touch: boolean;
}

/** The new task on top of `base`; of the old one there are only the samples `kept`. */
export async function fineTune(
  base: TwoTaskPolicy,
  fresh: Samples,
  kept: Samples,
  { replay, distill, touch: gated }: FineTuning,
  steps: number,
  rng: Rng,
): Promise<TwoTaskPolicy> {
  const specs = specsOf(gated);
  const draws = rng.split('batches');
  const { weights } = await fit({
    ...{ specs, start: beginning(base, gated, rng), steps, learningRate: 1e-3 },
    loss: (parameters) => {
      const of = (name: string) =>
        act(parameters, gated, input(`${name}.features`, [B, FEATURES]), input(`${name}.touch`, [B, TOUCH]));
      const imitated = (name: string) => mse(of(name), input(`${name}.actions`, [B, ACTIONS]));
      const terms = [imitated('new')];
      if (replay) terms.push(imitated('old'));
      if (distill) {
        const views = parameterViews(input('teacher', [parameterCount(baseSpecs)]), baseSpecs);
        const features = input('noised.features', [B, FEATURES]);
        const teacher = act(parametersFrom(views, baseSpecs), false, features, features);
        const student = act(parameters, gated, features, input('noised.touch', [B, TOUCH]));
        terms.push(distillRegression(teacher, student));
      }
      return terms.reduce((total, term) => add(total, term), constant(0));
    },
    batch: () => {
      const used: Record<string, Samples> = { new: rows(fresh, draws) };
      if (replay) used['old'] = rows(kept, draws);
      if (distill) used['noised'] = noised(rows(kept, draws), draws);
      const inputs = Object.entries(used).flatMap(([name, { features, touch, actions }]) => [
        [`${name}.features`, features],
        ...(name === 'noised' ? [] : [[`${name}.actions`, actions]]),
        ...(gated ? [[`${name}.touch`, touch]] : []),
      ]);
      return { ...Object.fromEntries(inputs), ...(distill && { teacher: base.weights }) };
    },
  });
  return { weights, gated };
}

/** The base's weights, with a closed gate behind them where one is wanted. */
export function beginning(base: TwoTaskPolicy, gated: boolean, rng: Rng): Float32Array {
  const start = initialParameters(specsOf(gated), rng.split('weights'));
  start.set(base.weights);
  return start;
}

/** [n, 2] */
export async function answers({ weights, gated }: TwoTaskPolicy, { features, touch }: Samples): Promise<Float32Array> {
  const count = features.length / FEATURES;
  const outputs = (parameters: Parameters) => ({
    actions: act(parameters, gated, input('features', [count, FEATURES]), input('touch', [count, TOUCH])),
  });
  const read = await evaluate(specsOf(gated), weights, outputs, { features, ...(gated && { touch }) });
  return read('actions');
}

export async function error(policy: TwoTaskPolicy, samples: Samples): Promise<number> {
  const said = await answers(policy, samples);
  return said.reduce((sum, action, index) => sum + (action - samples.actions[index]!) ** 2, 0) / said.length;
}

/** tanh(g) */
export async function opening({ weights }: TwoTaskPolicy): Promise<number> {
  return (await evaluate(gatedSpecs, weights, (parameters) => ({ opening: gateOpening(parameters, gate) }), {}))(
    'opening',
  )[0]!;
}

function rows({ features, touch, actions }: Samples, rng: Rng): Samples {
  const picked = Array.from({ length: B }, () => rng.integer(features.length / FEATURES));
  const of = (values: Float32Array, width: number) =>
    Float32Array.from(picked.flatMap((row) => [...values.subarray(row * width, (row + 1) * width)]));
  return { features: of(features, FEATURES), touch: of(touch, TOUCH), actions: of(actions, ACTIONS) };
}

/** The same with noise on all features but the task's name, and on touch. */
function noised({ features, touch, actions }: Samples, rng: Rng): Samples {
  return {
    features: features.map((value, index) =>
      index % FEATURES === FEATURES - 1 ? value : value + STATE_NOISE * rng.normal(),
    ),
    touch: touch.map(() => rng.normal()),
    actions,
  };
}
