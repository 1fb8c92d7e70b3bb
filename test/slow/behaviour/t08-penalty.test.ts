/**
 * T8: demonstrations from an arm with wider joint limits. A third of its targets lie beyond ours. The hinge² penalty with a margin
 * keeps the policy's targets inside; without a margin it does not, because a penalty from outside is zero on the limit itself.
 * That the executor's clamp keeps every command inside is its own test (`test/engine/loop/safety.test.ts`).
 */
import type { Rng } from '../../../main/api/rng.ts';
import { hingePenalty, limitExcess } from '../../../main/learn/losses/hinge-penalty.ts';
import { mse } from '../../../main/learn/losses/regression.ts';
import { type MlpSpec, mlp, mlpParameters, project } from '../../../main/learn/nets/mlp.ts';
import { initialParameters, type Parameters } from '../../../main/learn/nets/parameters.ts';
import { add, input } from '../../../main/tensor/tensor.ts';
import { behaviour } from './behaviour.ts';
import { evaluate, fit } from './fit.ts';

const JOINTS = 2;
const LIMIT = 1;
const REACH = 1.2;
const BATCH = 128;
const ASKED = 1000;
const net: MlpSpec = {
  name: 'policy',
  inputs: [{ name: 'goal', size: JOINTS }],
  hidden: [64, 64],
  output: JOINTS,
  layerNorm: false,
};
const specs = mlpParameters(net);
const target = (parameters: Parameters, rows: number) =>
  mlp(parameters, net, [project(parameters, net, 'goal', input('goal', [rows, JOINTS]))]);
const goals = (count: number, rng: Rng) =>
  Float32Array.from({ length: count * JOINTS }, () => rng.range(-REACH, REACH));

async function policy(lambda: number, margin: number, rng: Rng) {
  const draws = rng.split('batches');
  const { weights } = await fit({
    ...{ specs, start: initialParameters(specs, rng.split('weights')), steps: 1500, learningRate: 3e-3 },
    loss: (parameters) => {
      const joints = target(parameters, BATCH);
      const imitation = mse(joints, input('demonstrated', [BATCH, JOINTS]));
      const excess = limitExcess(joints, new Array<number>(JOINTS).fill(LIMIT), margin);
      return lambda === 0 ? imitation : add(imitation, hingePenalty(excess, lambda));
    },
    batch: () => {
      const goal = goals(BATCH, draws);
      return { goal, demonstrated: goal.map((value) => value + 0.02 * draws.normal()) };
    },
  });
  const asked = goals(ASKED, rng.split('asked'));
  const joints = (
    await evaluate(specs, weights, (parameters) => ({ joints: target(parameters, ASKED) }), { goal: asked })
  )('joints');
  const rows = Array.from({ length: ASKED }, (_, row) => row * JOINTS);
  const beyond = (values: Float32Array, row: number, limit: number) =>
    Math.max(Math.abs(values[row]!), Math.abs(values[row + 1]!)) > limit;
  const reachable = rows.filter((row) => !beyond(asked, row, 0.85 * LIMIT));
  const errors = reachable.map((row) => Math.hypot(joints[row]! - asked[row]!, joints[row + 1]! - asked[row + 1]!));
  return {
    violations: rows.filter((row) => beyond(joints, row, LIMIT)).length / ASKED,
    error: errors.reduce((sum, error) => sum + error, 0) / errors.length,
  };
}

behaviour({
  id: 'T8',
  claim: 'a hinge² penalty keeps a policy within joint limits that its demonstrations break',
  expectations: [
    { measure: 'free', label: 'no penalty: share of targets beyond a limit', role: 'control', atLeast: 0.1 },
    { measure: 'edge', label: 'λ = 10, no margin: share beyond a limit', role: 'control', atLeast: 0.01 },
    { measure: 'held', label: 'λ = 10, margin 5 %: share beyond a limit', role: 'claim', atMost: 0.01 },
    { measure: 'freeError', label: 'no penalty: error on goals well inside (limit = 1)', role: 'seen' },
    { measure: 'added', label: 'what λ = 10 with a margin adds to that error', role: 'claim', atMost: 0.03 },
  ],
  measure: async (rng) => {
    const [free, edge, held] = [await policy(0, 0, rng), await policy(10, 0, rng), await policy(10, 0.05, rng)];
    return {
      ...{ free: free.violations, edge: edge.violations, held: held.violations },
      ...{ freeError: free.error, added: held.error - free.error },
    };
  },
});
