/**
 * T9: co-training on robot data, which has actions, and web data, which has texts. A missing label is NaN. The masks must
 * keep it out of the loss and of every gradient, and a batch of web data alone must leave the action head unchanged.
 */
import type { Rng } from '../../../main/api/rng.ts';
import { logProbElements } from '../../../main/learn/losses/likelihood/categorical.ts';
import { asFlags, coTraining, guard } from '../../../main/learn/losses/masked.ts';
import { denseParameters } from '../../../main/learn/nets/mlp.ts';
import { flatten, initialParameters, type Parameters, parameterCount } from '../../../main/learn/nets/parameters.ts';
import { grad } from '../../../main/tensor/grad.ts';
import type { Node } from '../../../main/tensor/ir.ts';
import { add, input, matmul, mean, mul, reshape, square, sub, tanh } from '../../../main/tensor/tensor.ts';
import { behaviour } from './behaviour.ts';
import { evaluate, fit } from './fit.ts';

const [B, FEATURES, HIDDEN, WORDS] = [64, 8, 32, 10];
const dense = (name: string, from: number, to: number) => denseParameters(name, [{ name: 'x', size: from }], to);
const actionHead = dense('action', HIDDEN, 1);
const specs = [...dense('trunk', FEATURES, HIDDEN), ...dense('text', HIDDEN, WORDS), ...actionHead];
const apply = (parameters: Parameters, name: string, x: Node) =>
  add(matmul(x, parameters(`${name}.kernel.x`)), parameters(`${name}.bias`));

/** `masked` as a trainer does it; `multiplied`: 0 times what has no label; `filled`: zeros for missing labels, and no mask. */
type Masking = 'masked' | 'multiplied' | 'filled';

/** Rows whose source is `web` [B], with labels `actions` [B] and `words` [B]. */
function loss(parameters: Parameters, masking: Masking): Node {
  const hidden = tanh(apply(parameters, 'trunk', input('features', [B, FEATURES])));
  const [web, labels] = [input('web', [B]), input('actions', [B])];
  const robot = sub(1, web);
  const action = reshape(apply(parameters, 'action', hidden), [B]);
  const crossEntropy = mul(logProbElements(apply(parameters, 'text', hidden), input('words', [B], 'int64')), -1);
  const squaredError = square(sub(action, masking === 'masked' ? guard(asFlags(robot), labels) : labels));
  switch (masking) {
    case 'masked':
      return coTraining([
        { values: squaredError, mask: robot, weight: 1 },
        { values: crossEntropy, mask: web, weight: 1 },
      ]);
    case 'multiplied':
      return add(mean(mul(squaredError, robot)), mean(mul(crossEntropy, web)));
    case 'filled':
      return add(mean(squaredError), mean(mul(crossEntropy, web)));
    default:
      throw new Error(`no masking ${masking satisfies never}`);
  }
}

/** Words and actions are fixed functions of the features. */
function createWorld(rng: Rng) {
  const words = Float64Array.from({ length: FEATURES * WORDS }, () => rng.normal());
  return (web: (row: number) => boolean, missing: number, draws: Rng) => {
    const features = Float32Array.from({ length: B * FEATURES }, () => draws.normal());
    const rows = Array.from({ length: B }, (_, row) => features.subarray(row * FEATURES, (row + 1) * FEATURES));
    const score = (row: Float32Array, word: number) =>
      row.reduce((sum, value, index) => sum + value * words[index * WORDS + word]!, 0);
    return {
      features,
      web: rows.map((_, row) => Number(web(row))),
      actions: rows.map((row, index) => (web(index) ? missing : Math.sin(row[0]! + row[1]!))),
      words: rows.map((row) => {
        const scores = Array.from({ length: WORDS }, (_, word) => score(row, word));
        return scores.indexOf(Math.max(...scores));
      }),
    };
  };
}

const EVERY = () => true;
const NONE = () => false;
const HALF = (row: number) => row % 2 === 0;

behaviour({
  id: 'T9',
  claim: 'co-training: labels that are not there touch nothing',
  expectations: [
    { measure: 'masked', label: 'web rows only: largest gradient of the action head', role: 'claim', atMost: 0 },
    {
      measure: 'moved',
      label: 'web rows only, 300 updates: largest move of the action head',
      role: 'claim',
      atMost: 0,
    },
    { measure: 'filled', label: 'zeros for missing labels, no mask: largest gradient', role: 'control', atLeast: 1e-3 },
    {
      measure: 'multiplied',
      label: '0 · NaN instead of a mask: share of the gradient that is NaN',
      role: 'control',
      atLeast: 1,
    },
    { measure: 'textBefore', label: 'half and half: cross-entropy of texts before', role: 'seen' },
    { measure: 'textFall', label: 'cross-entropy of texts afterwards over before', role: 'claim', atMost: 0.5 },
    { measure: 'action', label: 'squared error of actions afterwards', role: 'claim', atMost: 0.1 },
  ],
  measure: async (rng) => {
    const world = createWorld(rng.split('world'));
    const start = initialParameters(specs, rng.split('weights'));
    const probe = rng.split('probe');
    const headGradient = async (masking: Masking, missing: number) => {
      const outputs = (parameters: Parameters) => {
        const value = loss(parameters, masking);
        const gradient = grad(
          value,
          actionHead.map(({ name }) => parameters(name)),
        );
        return { value, gradient: flatten(gradient) };
      };
      return (await evaluate(specs, start, outputs, world(EVERY, missing, probe)))('gradient');
    };
    const largest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const multiplied = await headGradient('multiplied', Number.NaN);
    const train = (steps: number, web: (row: number) => boolean) => {
      const draws = rng.split(`batches ${steps}`);
      return fit({
        ...{ specs, start, steps, learningRate: 1e-2 },
        loss: (parameters) => loss(parameters, 'masked'),
        batch: () => world(web, Number.NaN, draws),
      });
    };
    const lossAt = async (weights: Float32Array, web: (row: number) => boolean) => {
      const outputs = (parameters: Parameters) => ({ value: loss(parameters, 'masked') });
      return (await evaluate(specs, weights, outputs, world(web, Number.NaN, rng.split('held-out'))))('value')[0]!;
    };
    const [webOnly, mixed] = [await train(300, EVERY), await train(1500, HALF)];
    const headStart = start.length - parameterCount(actionHead);
    const textBefore = await lossAt(start, EVERY);
    return {
      masked: largest(await headGradient('masked', Number.NaN)),
      moved: largest(webOnly.weights.slice(headStart).map((value, index) => value - start[headStart + index]!)),
      filled: largest(await headGradient('filled', 0)),
      multiplied: multiplied.filter(Number.isNaN).length / multiplied.length,
      textBefore,
      textFall: (await lossAt(mixed.weights, EVERY)) / textBefore,
      action: await lossAt(mixed.weights, NONE),
    };
  },
});
