/** HIL-SERL: the discrete gripper, and an encoder that only the critics train. Its whole step is checked in `rlpd.test.ts`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ACTION_SIZE } from '../../main/api/action.ts';
import { createRng } from '../../main/api/rng.ts';
import type { ObservationSizes } from '../../main/learn/algorithms/algorithm.ts';
import { configureAlgorithm } from '../../main/learn/algorithms/algorithm-registry.ts';
import {
  graspChoice,
  graspCommand,
  gripperPenalty,
  measuredOpening,
} from '../../main/learn/algorithms/grasp-critic.ts';
import { HIL_SERL_PRESETS, hilSerl } from '../../main/learn/algorithms/soft-actor-critic/hil-serl.ts';
import { softActorCriticStep } from '../../main/learn/algorithms/soft-actor-critic/soft-actor-critic.ts';
import type { SoftActorCriticConfig } from '../../main/learn/algorithms/soft-actor-critic/soft-actor-critic-config.ts';
import { softActorCriticNets } from '../../main/learn/algorithms/soft-actor-critic/soft-actor-critic-nets.ts';
import {
  choiceLoss,
  doubleQTarget,
  greedyChoice,
  valueOfChoice,
} from '../../main/learn/losses/reinforcement/double-q.ts';
import { parameterCount } from '../../main/learn/nets/parameters.ts';
import type { Backend } from '../../main/tensor/backend.ts';
import { createOrtBackend } from '../../main/tensor/backends/ort.ts';
import { grad } from '../../main/tensor/grad.ts';
import { interpreter } from '../../main/tensor/interpret.ts';
import type { Node } from '../../main/tensor/ir.ts';
import { defineStep } from '../../main/tensor/step.ts';
import { constant } from '../../main/tensor/tensor.ts';
import { assertNear } from './near.ts';
import { randomBatch, runUpdates, SIZES, tiny, WITH_GRIPPER } from './soft-actor-critic-fixture.ts';

const oracle = JSON.parse(readFileSync(new URL('../oracle/rlpd.json', import.meta.url), 'utf8'));
const ort = createOrtBackend({ threads: 1 });
const CONFIG = tiny(HIL_SERL_PRESETS['released-code']);
const SPATIAL = { cameras: 2, height: 2, width: 1, channels: 3, features: 2, bottleneck: 4 };
const MAPS: ObservationSizes = { ...WITH_GRIPPER, embedding: 12 };
/** Numbers in a dropout mask: of each of two cameras 3 channels with 2 features. */
const DROPOUT = 12;

async function valuesOf(outputs: Record<string, Node>) {
  const results = await (await interpreter.compile(defineStep(outputs))).run({});
  return (name: string) => Array.from(results[name]!.data, Number);
}

/** [B, A], all zero but the gripper's command. */
const commands = (...grips: number[]) =>
  constant(
    grips.flatMap((grip) => [...new Array<number>(ACTION_SIZE - 1).fill(0), grip]),
    [grips.length, ACTION_SIZE],
  );

test('double DQN: the online net chooses, the slow one values; against PyTorch', async () => {
  const { values, online, slow, reward, bootstrap, choice, ...expected } = oracle.doubleQ;
  const q = constant(values, [4, 3]);
  const nets = [constant(online, [4, 3]), constant(slow, [4, 3])] as const;
  const target = doubleQTarget(constant(reward), constant(bootstrap), ...nets, 0.97);
  const loss = choiceLoss(valueOfChoice(q, constant(choice, [4, 3])), target);
  const value = await valuesOf({ target, loss, gradient: grad(loss, [q])[0]! });
  for (const name of ['target', 'loss', 'gradient']) assertNear(value(name), [expected[name]].flat(), 1e-9, name);
  // Plain DQN, with the maximum of the slow net itself, would give another number.
  const slowBest = [0, 1, 2, 3].map((row) => Math.max(...slow.slice(3 * row, 3 * row + 3)));
  const plain = slowBest.map((best, row) => reward[row] + 0.97 * bootstrap[row] * best);
  assert.ok(plain.some((each, row) => Math.abs(each - expected.target[row]) > 0.1));
});

test('the greedy choice is one, of equal values the first', async () => {
  const values = constant([1, 1, 0, 0, 2, 2, 3, 3, 3, -1, -2, 5, 0, -1, 0], [5, 3]);
  const value = await valuesOf({ choice: greedyChoice(values), command: graspCommand(values) });
  assert.deepEqual(value('choice'), [1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0]);
  assert.deepEqual(value('command'), [-1, 0, -1, 1, -1]);
});

test('what was executed, as a choice: beyond ±0.5 it closes or opens', async () => {
  const value = await valuesOf({ choice: graspChoice(commands(-1, -0.5, 0.2, 0.5, 0.51)) });
  assert.deepEqual(value('choice'), [1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1]);
});

test('the penalty is for closing an open gripper and for opening one that is not', async () => {
  const opening = constant([1, 0.3, 1, 0.3, 1, 0.3], [6, 1]);
  const value = await valuesOf({ penalty: gripperPenalty(commands(-1, -1, 1, 1, 0, 0), opening, 0.02) });
  assertNear(value('penalty'), [0.02, 0, 0, 0.02, 0, 0], 1e-12);
});

test('the measured opening is the newest instant’s', async () => {
  const observation = Array.from({ length: WITH_GRIPPER.embedding + WITH_GRIPPER.proprioception }, (_, index) => index);
  const value = await valuesOf({
    opening: measuredOpening(constant(observation, [1, observation.length]), WITH_GRIPPER),
  });
  // The opening follows 3 numbers of embedding, 27 of the older instant, and 18 of the newest one.
  assert.deepEqual(value('opening'), [3 + 27 + 18]);
  assert.throws(() => measuredOpening(constant([0], [1, 1]), SIZES), /proprioception of 4 numbers/);
});

test('a task without the gripper has no gripper net; one with it leaves six dimensions to the policy', () => {
  const names = (sizes: ObservationSizes) => hilSerl.policyParameters(CONFIG, sizes).map(({ name }) => name);
  assert.ok(!names(SIZES).some((name) => name.startsWith('grasp.')));
  assert.ok(names(WITH_GRIPPER).some((name) => name.startsWith('grasp.')));
  assert.deepEqual(softActorCriticNets(CONFIG, WITH_GRIPPER).head.actionMask.at(-1), false);
  assert.ok(!('metric.graspLoss' in softActorCriticStep(CONFIG, SIZES).outputs));
});

for (const [what, config, sizes] of [
  ['released-code with the gripper', CONFIG, WITH_GRIPPER],
  ['cell with the gripper', tiny(HIL_SERL_PRESETS.cell), WITH_GRIPPER],
  ['maps of a frozen trunk', { ...CONFIG, spatial: SPATIAL }, MAPS],
] as const)
  test(`${what}: ONNX Runtime agrees with the interpreter after two updates`, async () => {
    const expected = await runUpdates(hilSerl, { config, sizes, updates: 2, backend: interpreter });
    const actual = await runUpdates(hilSerl, { config, sizes, updates: 2, backend: ort });
    for (const [name, value] of Object.entries(expected.metrics))
      assertNear([actual.metrics[name]!], [value], 2e-4, name);
    for (const [name, values] of Object.entries(expected.state.arrays))
      assertNear(actual.state.arrays[name]!, values, 2e-4, name);
  });

test('an encoder that gives maps is read by spatial embeddings, unless the settings say how', () => {
  const maps = { cameras: 2, height: 4, width: 4, channels: 32 };
  const spec = { algorithm: 'hil-serl', preset: 'cell' } as const;
  const names = (changes: object, shape: typeof maps | undefined) =>
    configureAlgorithm(spec, changes, shape)
      .policyParameters({ ...WITH_GRIPPER, embedding: 1024 })
      .flatMap(({ name, shape }) => (name.endsWith('.places') ? [`${name} ${shape.join('×')}`] : []));
  assert.deepEqual(names({}, undefined), []);
  const wide = names({}, maps);
  assert.ok(wide.includes('encoder.maps.camera 1.places 32×16×8'), `${wide}`);
  assert.ok(wide.includes('encoder.maps.camera 1.kernel.places 256×256'), `${wide}`);
  const narrow = names({ spatial: { bottleneck: 32 } }, maps);
  assert.ok(narrow.includes('encoder.maps.camera 1.kernel.places 256×32'), `${narrow}`);
});

/** State after one update on a batch that `change` has changed. */
async function afterOne(
  config: SoftActorCriticConfig,
  sizes: ObservationSizes,
  change: (batch: ReturnType<typeof randomBatch>) => void,
) {
  const learner = await hilSerl.createLearner({
    backend: interpreter,
    config,
    stage: 'online',
    sizes,
    rng: createRng(1),
  });
  const batch = randomBatch(learner.batches * learner.batchSize, createRng(2), sizes);
  change(batch);
  const metrics = await learner.update(batch);
  return { metrics, arrays: learner.state().arrays };
}

test('the penalty lowers the gripper’s target, and nothing else’s', async () => {
  const [sizes, config] = [WITH_GRIPPER, { ...CONFIG, criticUpdates: 1 }];
  const close = (opening: number) => (batch: ReturnType<typeof randomBatch>) => {
    for (let row = 0; row < batch.size; row++) {
      batch.action[row * ACTION_SIZE + ACTION_SIZE - 1] = -1;
      batch.proprioception[row * sizes.proprioception + 27 + 18] = opening;
    }
  };
  const [penalised, free] = [await afterOne(config, sizes, close(0.95)), await afterOne(config, sizes, close(0.85))];
  assertNear([penalised.metrics['graspPenalty']!, free.metrics['graspPenalty']!], [0.02, 0], 1e-6);
  const without = { ...config, gripperPenalty: 0 };
  const unpunished = await afterOne(without, sizes, close(0.95));
  assert.equal(unpunished.metrics['qTarget'], penalised.metrics['qTarget']);
  assert.notEqual(unpunished.metrics['graspLoss'], penalised.metrics['graspLoss']);
});

test('the encoder follows the critics, and no gradient of the actor reaches it', async () => {
  const config: SoftActorCriticConfig = { ...CONFIG, spatial: SPATIAL, criticUpdates: 1 };
  const nets = softActorCriticNets(config, MAPS);
  const step = softActorCriticStep(config, MAPS);
  const learner = await hilSerl.createLearner({
    backend: interpreter,
    config,
    stage: 'online',
    sizes: MAPS,
    rng: createRng(1),
  });
  const { arrays } = learner.state();
  const batch = randomBatch(4, createRng(2), MAPS);
  const compiled = await interpreter.compile(step);
  const mask = (rows: number, value: number) => new Float32Array(rows * DROPOUT).fill(value);
  const run = (acting: number, reward: number, seen = { acting: 1, next: 1 }) =>
    compiled.run({
      ...arrays,
      ...{ embedding: batch.embedding, nextEmbedding: batch.nextEmbedding, proprioception: batch.proprioception },
      ...{ nextProprioception: batch.nextProprioception, action: batch.action, bootstrap: batch.mask },
      reward: batch.reward.map((value) => value + reward),
      nextNoise: new Float32Array(4 * ACTION_SIZE).fill(0.1),
      actingNoise: new Float32Array(4 * ACTION_SIZE).fill(acting),
      ...{ actingDropout: mask(4, seen.acting), nextDropout: mask(4, seen.next) },
      ...{ learningRate: 1e-3, criticCorrections: [10, 1000], actorCorrections: [10, 1000] },
    });
  const encoder = parameterCount(nets.encoder.parameters);
  const [base, otherNoise, otherReward] = [await run(0.5, 0), await run(-0.5, 0), await run(0.5, 1)];
  const shared = (results: Awaited<ReturnType<typeof run>>) =>
    Array.from(results['next.criticMean']!.data, Number).slice(0, encoder);
  assert.notDeepEqual(otherNoise['next.actorMean']!.data, base['next.actorMean']!.data);
  assert.deepEqual(shared(otherNoise), shared(base));
  assert.notDeepEqual(shared(otherReward), shared(base));
  assert.ok(shared(base).filter((value) => value !== 0).length > encoder / 2, 'most of the encoder has a gradient');

  // The actor alone looks through the dropout, at s for its loss and at s′ for the action in the target.
  const changed = (results: Awaited<ReturnType<typeof run>>) =>
    ['metric.qData', 'metric.qTarget', 'metric.graspQ', 'metric.graspLoss', 'metric.actorLoss'].filter(
      (name) => results[name]!.data[0] !== base[name]!.data[0],
    );
  assert.deepEqual(changed(await run(0.5, 0, { acting: 0, next: 1 })), ['metric.actorLoss']);
  assert.deepEqual(changed(await run(0.5, 0, { acting: 1, next: 0 })), ['metric.qTarget']);
});

test('dropout is drawn anew for every update, a tenth of the actor’s sums', async () => {
  const config: SoftActorCriticConfig = { ...CONFIG, spatial: SPATIAL, batchSize: 64 };
  const masks: number[][][] = [];
  const watched: Backend = {
    ...interpreter,
    compile: async (...step) => {
      const compiled = await interpreter.compile(...step);
      return {
        ...compiled,
        run: (inputs, places) => {
          // Arrays, as the learner makes them; copied, because it fills the same ones anew.
          masks.push([inputs['nextDropout'], inputs['actingDropout']].map((mask) => Array.from(mask as Float32Array)));
          return compiled.run(inputs, places);
        },
      };
    },
  };
  await runUpdates(hilSerl, { config, sizes: MAPS, updates: 2, backend: watched });
  assert.deepEqual(
    masks[0]!.map(({ length }) => length),
    [2 * 64 * DROPOUT, 64 * DROPOUT],
  );
  const all = masks.flat(2);
  assert.deepEqual(new Set(all), new Set([0, Math.fround(1 / 0.9)]));
  const dropped = all.filter((value) => value === 0).length / all.length;
  assert.ok(Math.abs(dropped - 0.1) < 0.02, `${dropped}`); // 4,608 draws: σ = 0.0044
  assert.notDeepEqual(masks[1], masks[0]);

  assert.equal(softActorCriticNets(CONFIG, MAPS).encoder.dropoutSize, 0, 'an embedding that is a vector has none');
});

test('acting with the gripper: −1, 0 or 1; a policy carries its encoder and its gripper from run to run', async () => {
  const config: SoftActorCriticConfig = { ...CONFIG, spatial: SPATIAL };
  const options = { backend: ort, config, stage: 'online', sizes: MAPS } as const;
  const learner = await hilSerl.createLearner({ ...options, rng: createRng(1) });
  await learner.update(randomBatch(learner.batches * learner.batchSize, createRng(2), MAPS));
  const weights = learner.policyWeights().slice();
  const other = await hilSerl.createLearner({ ...options, rng: createRng(7) });
  other.startFrom({ arrays: { actor: weights }, counters: {} });
  assert.deepEqual(other.policyWeights(), weights);
  const shared = parameterCount(softActorCriticNets(config, MAPS).sharedParameters);
  assert.ok(shared > 0);
  const { critic, criticTarget } = other.state().arrays;
  assert.deepEqual(critic!.slice(0, shared), weights.slice(0, shared));
  assert.deepEqual(criticTarget!.slice(0, shared), weights.slice(0, shared));

  const compiled = await ort.compile(hilSerl.policyStep(config, MAPS));
  let offset = 0;
  const named = Object.fromEntries(
    hilSerl.policyParameters(config, MAPS).map(({ name, shape }) => {
      const start = offset;
      offset += shape.reduce((a, b) => a * b, 1);
      return [name, weights.subarray(start, offset)];
    }),
  );
  const rng = createRng(4);
  const grips = new Set<number>();
  for (let draw = 0; draw < 40; draw++) {
    const noise = (count: number, scale = 1) => Float32Array.from({ length: count }, () => scale * rng.normal());
    const observation = { embedding: noise(MAPS.embedding, 3), proprioception: noise(MAPS.proprioception, 3) };
    const { action } = await compiled.run({ ...named, ...observation, noise: noise(ACTION_SIZE) });
    grips.add(Number(action!.data[ACTION_SIZE - 1]));
  }
  assert.ok(
    [...grips].every((grip) => [-1, 0, 1].includes(grip)),
    `${[...grips]}`,
  );
  assert.ok(grips.size > 1, 'the choice depends on what is seen');
  await Promise.all([learner.dispose(), other.dispose(), compiled.dispose()]);
});
