/** RLPD: against PyTorch in float64 (`test/oracle/rlpd.py`), single precision against the oracle, and what makes it RLPD. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { PoolEpisode } from '../../data/learning/pool-types.ts';
import { createTransitionPool } from '../../data/learning/transition-pool.ts';
import { ACTION_SIZE } from '../../main/api/action.ts';
import { createRng } from '../../main/api/rng.ts';
import { ShapeError } from '../../main/learn/algorithms/algorithm.ts';
import { configureAlgorithm } from '../../main/learn/algorithms/algorithm-registry.ts';
import { HIL_SERL_PRESETS } from '../../main/learn/algorithms/soft-actor-critic/hil-serl.ts';
import { RLPD_PRESETS, rlpd } from '../../main/learn/algorithms/soft-actor-critic/rlpd.ts';
import { softActorCriticStep } from '../../main/learn/algorithms/soft-actor-critic/soft-actor-critic.ts';
import type { SoftActorCriticConfig } from '../../main/learn/algorithms/soft-actor-critic/soft-actor-critic-config.ts';
import { drawSubset } from '../../main/learn/algorithms/soft-actor-critic/soft-actor-critic-learner.ts';
import { sampleTanhGaussian, tanhGaussianHead } from '../../main/learn/policies/tanh-gaussian.ts';
import { createRestorableRng } from '../../main/learn/run/restorable-rng.ts';
import { drawMixed } from '../../main/learn/run/trainer/updates.ts';
import type { TensorLike } from '../../main/tensor/backend.ts';
import { createOrtBackend } from '../../main/tensor/backends/ort.ts';
import { grad } from '../../main/tensor/grad.ts';
import { interpreter } from '../../main/tensor/interpret.ts';
import { biasCorrections } from '../../main/tensor/optimiser.ts';
import { defineStep } from '../../main/tensor/step.ts';
import { clip, constant, mul, sum } from '../../main/tensor/tensor.ts';
import { assertNear } from './near.ts';
import { PLANE, randomBatch, runUpdates, SIZES, tiny } from './soft-actor-critic-fixture.ts';

const oracle = JSON.parse(readFileSync(new URL('../oracle/rlpd.json', import.meta.url), 'utf8'));
const ort = createOrtBackend({ threads: 1 });

test('tanh Gaussian: sample, log-probability and both gradients; an unused dimension has no part', async () => {
  const { mean: means, rawLogStd, noise, ...expected } = oracle.tanhGaussian;
  const head = tanhGaussianHead(1, [true, true, false, true], { hidden: [1] }, [-4, 2]);
  const [mean, raw] = [constant(means, [3, 4]), constant(rawLogStd, [3, 4])];
  const { action, logProbability } = sampleTanhGaussian(
    head,
    { mean, logStd: clip(raw, -4, 2) },
    constant(noise, [3, 4]),
  );
  const [meanGradient, logStdGradient] = grad(sum(mul(logProbability, constant([1, -2, 0.5]))), [mean, raw]);
  const outputs = { action, logProbability, meanGradient: meanGradient!, logStdGradient: logStdGradient! };
  const results = await (await interpreter.compile(defineStep(outputs))).run({});
  const used = Array.from(results['action']!.data, Number).filter((_, index) => index % 4 !== 2);
  assertNear(used, expected.action, 1e-9, 'action');
  assert.ok([2, 6, 10].every((index) => Number(results['action']!.data[index]) === 0));
  for (const name of ['logProbability', 'meanGradient', 'logStdGradient'])
    assertNear(results[name]!.data, expected[name], 1e-8, name);
});

test('log-probability far out, where 1 − tanh² has no digits left', async () => {
  const head = tanhGaussianHead(1, [true], { hidden: [1] }, [-20, 2]);
  const at = (u: number) =>
    sampleTanhGaussian(head, { mean: constant([u], [1, 1]), logStd: constant([0], [1, 1]) }, constant([0], [1, 1]));
  const step = defineStep({ right: at(50).logProbability, left: at(-50).logProbability });
  const expected = -0.5 * Math.log(2 * Math.PI) - (2 * Math.LN2 - 100);
  for (const backend of [interpreter, ort]) {
    const { right, left } = await (await backend.compile(step)).run({});
    assertNear([Number(right!.data[0]), Number(left!.data[0])], [expected, expected], 1e-6, backend.name);
  }
});

const ORACLE_RLPD: SoftActorCriticConfig = { ...tiny(RLPD_PRESETS.paper), critics: 4, criticUpdates: 3, tau: 0.05 };
const ORACLE_HIL_SERL: SoftActorCriticConfig = {
  ...tiny(HIL_SERL_PRESETS['released-code']),
  ...{ proprioceptionFeatures: 0, discount: 0.99, tau: 0.05 },
};

/** The inputs of a whole step, as the script drew them. */
function oracleInputs(
  config: SoftActorCriticConfig,
  { start, batch, noise, subset }: typeof oracle.rlpd,
): Record<string, TensorLike> {
  const zeros = (name: string) => new Array<number>(start[name].length).fill(0);
  const moments = ['actor', 'critic', 'temperature'].flatMap((name) => [
    [`${name}Mean`, zeros(name)],
    [`${name}Variance`, zeros(name)],
  ]);
  return {
    ...{ ...start, ...batch, ...noise, ...Object.fromEntries(moments) },
    ...(config.targetCritics < config.critics && { subset }),
    learningRate: config.learningRate,
    criticCorrections: Array.from({ length: config.criticUpdates }, (_, index) => biasCorrections(index + 1)).flat(),
    actorCorrections: [...biasCorrections(1)],
  };
}

for (const [name, config] of [
  ['rlpd', ORACLE_RLPD],
  ['hilSerl', ORACLE_HIL_SERL],
] as const)
  test(`${name}: one whole step, target by target and weight by weight`, async () => {
    const expected = oracle[name];
    const results = await (await interpreter.compile(softActorCriticStep(config, SIZES))).run(
      oracleInputs(config, expected),
    );
    const metric = (key: string) => Number(results[`metric.${key}`]!.data[0]);
    const last: number[] = expected.targets.at(-1);
    assertNear([metric('qTarget')], [last.reduce((a, b) => a + b) / last.length], 1e-8, 'target');
    assertNear([metric('criticLoss')], [expected.criticLosses.at(-1)], 1e-8, 'critic loss');
    assertNear([metric('temperature')], [expected.alpha], 1e-8, 'temperature');
    for (const key of ['actorLoss', 'entropy', 'temperatureLoss'])
      assertNear([metric(key)], [expected[key]], 1e-8, key);
    for (const [key, values] of Object.entries<number[]>(expected.end))
      assertNear(results[`next.${key}`]!.data, values, 1e-8, key);
  });

for (const preset of ['paper', 'cell'] as const)
  test(`${preset}: ONNX Runtime agrees with the interpreter after two updates`, async () => {
    const options = { config: tiny(RLPD_PRESETS[preset]), sizes: SIZES, updates: 2 };
    const expected = await runUpdates(rlpd, { ...options, backend: interpreter });
    const actual = await runUpdates(rlpd, { ...options, backend: ort });
    for (const [name, value] of Object.entries(expected.metrics))
      assertNear([actual.metrics[name]!], [value], 2e-4, name);
    for (const [name, values] of Object.entries(expected.state.arrays))
      assertNear(actual.state.arrays[name]!, values, 2e-4, name);
  });

/** Metrics of one step of `config` on the batch that the script drew, with some inputs changed. */
async function metricsOf(config: SoftActorCriticConfig, changes: Record<string, TensorLike> = {}) {
  const inputs = { ...oracleInputs(config, oracle.rlpd), ...changes };
  const results = await (await interpreter.compile(softActorCriticStep(config, SIZES))).run(inputs);
  return (name: string) => Number(results[`metric.${name}`]!.data[0]);
}

test('entropy is added to the target, times γ, and ends with the episode', async () => {
  const config: SoftActorCriticConfig = { ...ORACLE_RLPD, criticUpdates: 1, order: 'simultaneous' }; // `simultaneous` reports the entropy at s′.
  const { batch, noise, subset } = oracle.rlpd;
  const firstOf = (values: readonly number[]) => values.slice(0, values.length / ORACLE_RLPD.criticUpdates);
  const first = {
    ...Object.fromEntries(Object.entries<number[]>(batch).map(([name, values]) => [name, firstOf(values)])),
    ...{ nextNoise: firstOf(noise.nextNoise), subset: firstOf(subset), temperature: [Math.log(0.3)] },
  };
  const goesOn = { ...first, bootstrap: [1, 1, 1, 1] };
  const [soft, hard] = [await metricsOf(config, goesOn), await metricsOf({ ...config, backupEntropy: false }, goesOn)];
  assertNear([soft('qTarget') - hard('qTarget')], [0.99 * 0.3 * soft('entropy')], 1e-9);
  assert.ok(Math.abs(soft('entropy')) > 0.1);
  const ended = await metricsOf(config, { ...first, bootstrap: [0, 0, 0, 0] });
  const rewards = firstOf(batch.reward);
  assertNear([ended('qTarget')], [rewards.reduce((a, b) => a + b) / rewards.length], 1e-9, 'target where all ends');
});

test('the temperature falls while there is more entropy than wanted, and rises while there is less', async () => {
  for (const [wanted, sign] of [
    [-5, -1],
    [5, 1],
  ] as const) {
    const config = { ...tiny(RLPD_PRESETS.cell), targetEntropyPerDimension: wanted };
    const { state } = await runUpdates(rlpd, { config, backend: interpreter, sizes: SIZES, updates: 3 });
    const change = state.arrays['temperature']![0]! - Math.log(config.temperature.initial);
    assert.equal(Math.sign(change), sign, `wanted ${wanted} per dimension, ln α changed by ${change}`);
  }
});

test('every critic update sees the result of the one before', async () => {
  const base = await metricsOf(ORACLE_RLPD);
  const rewards: number[] = [...oracle.rlpd.batch.reward];
  for (let row = 0; row < 4; row++) rewards[row]! += 3; // Rows of the first of three batches.
  const changed = await metricsOf(ORACLE_RLPD, { reward: rewards });
  assert.notEqual(changed('criticLoss'), base('criticLoss'));
  assert.notEqual(changed('qTarget'), base('qTarget'), 'the target nets follow every update, not every step');
});

test('a subset has no member twice, and all members come up equally often', () => {
  const rng = createRng(1);
  const counts = new Array<number>(10).fill(0);
  const pairs = new Set<string>();
  for (let draw = 0; draw < 3000; draw++) {
    const subset = drawSubset(rng, 10, 2);
    assert.equal(new Set(subset).size, 2);
    for (const member of subset) counts[member]!++;
    pairs.add([...subset].sort().join());
  }
  assert.equal(pairs.size, 45);
  assert.ok(
    counts.every((count) => Math.abs(count - 600) < 100),
    `${counts}`,
  );
  assert.deepEqual(drawSubset(rng, 3, 3).sort(), [0, 1, 2]);
});

test('settings that cannot be: more critics in a target than there are, a preset that it does not have', () => {
  assert.throws(() => rlpd.parseConfig({ ...RLPD_PRESETS.cell, critics: 1 }), /drawn without replacement/);
  const spec = { algorithm: 'rlpd', preset: 'released-code' } as const;
  assert.throws(() => configureAlgorithm(spec), /rlpd has no preset `released-code`. It has: paper, cell/);
  const { settings } = configureAlgorithm({ ...spec, preset: 'paper' }, { temperature: { initial: 0.5 } });
  assert.deepEqual(settings, { ...RLPD_PRESETS.paper, temperature: { form: 'exp', initial: 0.5 } });
});

test('symmetric sampling: half of every batch of an update is from either buffer', () => {
  const pool = createTransitionPool({ embeddingSize: 1, proprioceptionSize: 1, stack: 1, discount: 0.9 });
  const episode = (id: number, demo: boolean): PoolEpisode => ({
    ...{ id, task: 'insert', mode: demo ? 'demonstrate' : 'run', outcome: 'success' },
    observations: Array.from({ length: 6 }, () => ({
      proprioception: Float32Array.of(0),
      embedding: Float32Array.of(0),
    })),
    steps: Array.from({ length: 5 }, (_, index) => ({
      ...{ actor: demo ? 'human' : 'policy', idle: false, rl: !demo, demo, reward: 0, truncated: false },
      ...{ action: new Float32Array(ACTION_SIZE), terminated: index === 4 },
    })),
  });
  pool.addEpisode(episode(1, true));
  for (let id = 2; id < 30; id++) pool.addEpisode(episode(id, false));
  const { criticUpdates, batchSize, demoShare } = RLPD_PRESETS.paper;
  const batch = pool.createBatch(criticUpdates * batchSize);
  for (let part = 0; part < criticUpdates; part++) {
    drawMixed(pool, createRng(part), { stage: 'online', demoShare }, batchSize, batch, part * batchSize);
    const humans = batch.human.subarray(part * batchSize, (part + 1) * batchSize);
    assert.equal(
      humans.reduce((a, b) => a + b),
      batchSize / 2,
    );
  }
});

test('a state that is restored continues to the byte; another run begins with its weights and fresh optimisers', async () => {
  const config = tiny(RLPD_PRESETS.cell);
  const rng = createRestorableRng(1);
  const learner = await rlpd.createLearner({ backend: ort, config, stage: 'online', sizes: SIZES, rng });
  const batch = randomBatch(learner.batches * learner.batchSize, createRng(2), SIZES);
  await learner.update(batch);
  const [state, chance] = [learner.state(), rng.save()];
  const first = await learner.update(batch);
  const end = learner.state();
  learner.restore(state);
  rng.restore(chance);
  assert.deepEqual(await learner.update(batch), first);
  assert.deepEqual(learner.state(), end);

  const other = await rlpd.createLearner({ backend: ort, config, stage: 'online', sizes: SIZES, rng: createRng(9) });
  other.startFrom({ arrays: { ...end.arrays, actor: learner.policyWeights() }, counters: end.counters });
  assert.deepEqual(other.policyWeights(), learner.policyWeights());
  for (const name of ['critic', 'criticTarget', 'temperature'])
    assert.deepEqual(other.state().arrays[name], end.arrays[name], name);
  assert.ok(other.state().arrays['criticMean']!.every((value) => value === 0));
  assert.throws(
    () => other.restore({ arrays: { ...end.arrays, critic: new Float32Array(3) }, counters: {} }),
    ShapeError,
  );
  await Promise.all([learner.dispose(), other.dispose()]);
});

test('a masked action dimension changes nothing', async () => {
  const outcomes = [];
  for (const gripper of [0, 1]) {
    const learner = await rlpd.createLearner({
      ...{ backend: ort, config: tiny(RLPD_PRESETS.cell), stage: 'online', sizes: SIZES },
      rng: createRng(1),
    });
    const batch = randomBatch(learner.batches * learner.batchSize, createRng(2), SIZES);
    for (let row = 0; row < batch.size; row++) batch.action[row * ACTION_SIZE + 6] = gripper;
    outcomes.push(await learner.update(batch));
    await learner.dispose();
  }
  assert.deepEqual(outcomes[0], outcomes[1]);
});

test('acting: stochastic, within bounds, zero where masked', async () => {
  const config = tiny(RLPD_PRESETS.cell);
  const learner = await rlpd.createLearner({ backend: ort, config, stage: 'online', sizes: SIZES, rng: createRng(1) });
  const compiled = await ort.compile(rlpd.policyStep(config, SIZES));
  const rng = createRng(3);
  let offset = 0;
  const weights = Object.fromEntries(
    rlpd.policyParameters(config, SIZES).map(({ name, shape }) => {
      const start = offset;
      offset += shape.reduce((a, b) => a * b, 1);
      return [name, learner.policyWeights().subarray(start, offset)];
    }),
  );
  assert.equal(offset, learner.policyWeights().length);
  const act = async () => {
    const noise = Float32Array.from({ length: ACTION_SIZE }, () => rng.normal());
    const observation = { embedding: new Float32Array(3).fill(0.3), proprioception: new Float32Array(4).fill(-0.2) };
    return Array.from((await compiled.run({ ...weights, ...observation, noise }))['action']!.data, Number);
  };
  const [one, two] = [await act(), await act()];
  assert.notDeepEqual(one, two);
  assert.ok([...one, ...two].every((value) => Math.abs(value) <= 1));
  assert.ok(one.every((value, index) => PLANE[index] || value === 0));
  await Promise.all([learner.dispose(), compiled.dispose()]);
});
