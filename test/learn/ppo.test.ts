/** PPO on a task that one can see through: reward is minus the distance of a one-number action to a one-number observation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRng } from '../../main/api/rng.ts';
import { ppoNets, setInitialStd } from '../../main/learn/algorithms/ppo/ppo.ts';
import { limitExcess } from '../../main/learn/losses/hinge-penalty.ts';
import { initialParameters } from '../../main/learn/nets/parameters.ts';
import { createOrtBackend } from '../../main/tensor/backends/ort.ts';
import { createPpo, type Environment, PPO, type PpoOptions, type RolloutConfig } from './ppo-rollouts.ts';

const backend = createOrtBackend({ threads: 1 });
const sizes = { observation: 1, action: 1 };
const COUNT = 16;
const STEPS = 8;

/** Episodes of four steps; each step shows a new number. */
function createMirror(seed: number): Environment {
  const rng = createRng(seed);
  let observation = new Float32Array(COUNT);
  let age = 0;
  const show = () => Float32Array.from({ length: COUNT }, () => rng.range(-1, 1));
  return {
    ...{ count: COUNT, observationSize: 1, actionSize: 1 },
    reset: () => {
      age = 0;
      observation = show();
      return observation;
    },
    step: (actions) => {
      const reward = observation.map((value, index) => -Math.abs(actions[index]! - value));
      age += 1;
      const over = Number(age % 4 === 0);
      const next = show();
      observation = next;
      const truncated = new Uint8Array(COUNT).fill(over);
      return { reward, terminated: new Uint8Array(COUNT), truncated, next, observation: next };
    },
  };
}

const agent = (config: Partial<RolloutConfig> = {}, rest: Partial<PpoOptions> = {}) =>
  createPpo({
    ...{ backend, sizes, environments: COUNT, steps: STEPS, rng: createRng(3) },
    config: { ...PPO, hidden: [16], learningRate: 1e-2, discount: 0, ...config },
    ...rest,
  });

async function trained(iterations: number, config: Partial<RolloutConfig>, rest: Partial<PpoOptions> = {}) {
  const ppo = await agent(config, rest);
  const task = createMirror(1);
  const metrics = [];
  const rewards = [];
  for (let iteration = 0; iteration < iterations; iteration++) {
    const rollout = await ppo.collect(task);
    rewards.push(rollout.reward.reduce((sum, value) => sum + value, 0) / rollout.reward.length);
    metrics.push(await ppo.update(rollout));
  }
  const weights = ppo.policyWeights();
  await ppo.dispose();
  return { metrics, rewards, weights };
}

test('it learns, and a seed replays to the byte', async () => {
  const [first, second] = [await trained(25, { targetKl: 0 }), await trained(25, { targetKl: 0 })];
  assert.deepEqual(first, second);
  assert.ok(
    first.rewards.at(-1)! > first.rewards[0]! / 2,
    `reward from ${first.rewards[0]} to ${first.rewards.at(-1)}`,
  );
});

test('the first rollouts teach the critic alone', async () => {
  const before = await agent();
  const { weights, metrics } = await trained(1, { criticWarmup: 1 });
  assert.deepEqual(weights, before.policyWeights());
  await before.dispose();
  assert.ok(Math.abs(metrics[0]!['approximateKl']!) < 1e-6, 'the policy that acted is the one that learns');
  assert.ok(Math.abs(metrics[0]!['referenceKl']!) < 1e-6, 'it is its own reference');
});

test('a heavy β keeps the policy near the reference', async () => {
  const reference = { beta: 0, onDemonstrations: false, targetKl: 0 };
  const free = await trained(6, { targetKl: 0, criticWarmup: 0, reference });
  const held = await trained(6, { targetKl: 0, criticWarmup: 0, reference: { ...reference, beta: 10 } });
  assert.ok(held.metrics.at(-1)!['referenceKl']! < free.metrics.at(-1)!['referenceKl']! / 5);
});

test('β follows the KL towards its target', async () => {
  const adapting = (targetKl: number) => ({ beta: 0.1, onDemonstrations: false, targetKl });
  const betas = async (targetKl: number) =>
    (await trained(4, { targetKl: 0, criticWarmup: 0, reference: adapting(targetKl) })).metrics.map(({ beta }) => beta);
  assert.deepEqual(await betas(1e-6), [0.1, 0.2, 0.4, 0.8]);
  assert.deepEqual(await betas(1e6), [0.1, 0.05, 0.025, 0.0125]);
});

test('the penalty keeps mean actions within a limit that the reward would break', async () => {
  const task = { targetKl: 0, learningRate: 3e-3 };
  const mean = async (penalty: number) => {
    const nets = ppoNets({ hidden: [16], layerNorm: false }, sizes);
    const start = initialParameters(nets.actorParameters, createRng(9));
    setInitialStd(start, nets, sizes, 0.2);
    const ppo = await agent(
      { ...task, penalty },
      { startFrom: start, constraint: (_, action) => limitExcess(action, [0.3]) },
    );
    const mirror = createMirror(1);
    for (let iteration = 0; iteration < 40; iteration++) await ppo.update(await ppo.collect(mirror));
    const actions = await ppo.meanAction(Float32Array.from({ length: COUNT }, (_, index) => -1 + index / 7.5));
    await ppo.dispose();
    return Math.max(...actions.map(Math.abs));
  };
  const [free, held] = [await mean(0), await mean(100)];
  assert.ok(free > 0.5, `without it ${free}`);
  assert.ok(held < 0.35, `with it ${held}`);
});

test('what does not fit is refused', async () => {
  await assert.rejects(agent({ minibatches: 3 }), /128 steps .* 3 minibatches/);
  await assert.rejects(agent({}, { startFrom: new Float32Array(3) }), /a policy of 3 weights/);
});
