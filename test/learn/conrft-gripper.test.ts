/** The gripper of ConRFT and imitation as a choice of its own: what it learns from, how it acts, and that the arm is apart from it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withGripperInForce } from '../../data/learning/gripper-in-force.ts';
import { ACTION_SIZE } from '../../main/api/action.ts';
import { PROPRIOCEPTION_SIZE, proprioceptionOffset } from '../../main/api/observation.ts';
import { createRng } from '../../main/api/rng.ts';
import type { Algorithm, Learner, TrainingSettings, TransitionBatch } from '../../main/learn/algorithms/algorithm.ts';
import { type ConrftConfig, PRESETS } from '../../main/learn/algorithms/conrft/conrft-config.ts';
import { conrft } from '../../main/learn/algorithms/conrft/conrft-learner.ts';
import { IMITATION_PRESETS } from '../../main/learn/algorithms/imitation/imitation-config.ts';
import { imitation } from '../../main/learn/algorithms/imitation/imitation-learner.ts';
import type { Backend } from '../../main/tensor/backend.ts';
import { createOrtBackend } from '../../main/tensor/backends/ort.ts';
import { interpreter } from '../../main/tensor/interpret.ts';
import { assertNear } from './near.ts';
import { PLANE, randomBatch, WITH_GRIPPER as SIZES } from './soft-actor-critic-fixture.ts';

const GRIPPER = ACTION_SIZE - 1;
const ort = createOrtBackend({ threads: 1 });
const CONFIG: ConrftConfig = {
  ...PRESETS.cell,
  ...{ hidden: [16], batchSize: 32, calQlActions: 2, criticWarmupUpdates: 0, averageTau: 1, learningRate: 3e-3 },
};

/** The first number of the embedding says whether a person opens; `reward` is paid for each choice. */
function batchOf(size: number, seed: number, reward: (opens: boolean, wanted: boolean) => number): TransitionBatch {
  const rng = createRng(seed);
  const batch = randomBatch(size, rng, SIZES);
  for (let row = 0; row < size; row++) {
    const wanted = batch.embedding[row * SIZES.embedding]! > 0;
    const person = rng.uniform() < 0.5;
    const opens = person ? wanted : rng.uniform() < 0.5;
    batch.human[row] = person ? 1 : 0;
    batch.action[row * ACTION_SIZE + GRIPPER] = opens ? 1 : -1;
    batch.reward[row] = reward(opens, wanted);
    batch.mask[row] = 0;
    batch.monteCarloReturn[row] = -10;
  }
  return { ...batch, actionChunk: batch.action.slice(), chunkPad: batch.human.map((human) => 1 - human) };
}

async function learnerFor<C extends TrainingSettings>(algorithm: Algorithm<C>, config: C, backend: Backend = ort) {
  return algorithm.createLearner({ backend, config, stage: 'online', sizes: SIZES, rng: createRng(1) });
}

async function train(learner: Learner, updates: number, reward: (opens: boolean, wanted: boolean) => number) {
  let metrics: Readonly<Record<string, number>> = {};
  for (let update = 0; update < updates; update++)
    metrics = await learner.update(batchOf(learner.batches * learner.batchSize, update, reward));
  return metrics;
}

/** Share of new observations in which the policy gives the command that a person would. */
async function agreement<C extends TrainingSettings>(algorithm: Algorithm<C>, config: C, learner: Learner) {
  const compiled = await ort.compile(algorithm.policyStep(config, SIZES));
  const flat = learner.policyWeights();
  let at = 0;
  const weights = Object.fromEntries(
    learner.policyParameters.map(({ name, shape }) => {
      const count = shape.reduce((product, side) => product * side, 1);
      at += count;
      return [name, flat.slice(at - count, at)];
    }),
  );
  const rng = createRng(99);
  let agreed = 0;
  for (let row = 0; row < 100; row++) {
    const { embedding, proprioception } = randomBatch(1, rng, SIZES);
    const noise = new Float32Array(ACTION_SIZE).fill(0.3);
    const { action } = await compiled.run({ ...weights, embedding, proprioception, noise });
    const given = Number(action!.data[GRIPPER]);
    assert.ok(Math.abs(given) === 1, `the gripper's command is ${given}`);
    if (given > 0 === embedding[0]! > 0) agreed++;
  }
  await compiled.dispose();
  return agreed / 100;
}

for (const stage of ['offline', 'online'] as const)
  test(`${stage}: ONNX Runtime agrees with the oracle`, async () => {
    const config = { ...CONFIG, hidden: [6, 5], batchSize: 4 };
    const run = async (backend: Backend) => {
      const learner = await conrft.createLearner({ backend, config, stage, sizes: SIZES, rng: createRng(5) });
      await train(learner, 1, () => 1);
      const metrics = await train(learner, 1, () => 1);
      return { metrics, arrays: learner.state().arrays };
    };
    const [expected, actual] = [await run(interpreter), await run(ort)];
    for (const name of ['graspLoss', 'graspQ', 'graspPenalty', 'gripperLoss', 'gripperQ', 'gripperError', 'actorLoss'])
      assertNear([actual.metrics[name]!], [expected.metrics[name]!], 2e-4, name);
    for (const [name, values] of Object.entries(expected.arrays)) assertNear(actual.arrays[name]!, values, 5e-4, name);
  });

test('ConRFT imitates the commands of people alone, and gives one at every step', async () => {
  const config: ConrftConfig = { ...CONFIG, online: { beta: 1, eta: 0, alpha: 0, criticUpdates: 1 } };
  const learner = await learnerFor(conrft, config);
  const { gripperError } = await train(learner, 150, () => 0);
  assert.ok(gripperError! < 0.15, `wrong in ${gripperError} of a person's steps`);
  assert.ok((await agreement(conrft, config, learner)) > 0.85);
});

test('with η, the choice that its critic values more wins over the imitation', async () => {
  const config: ConrftConfig = { ...CONFIG, online: { beta: 0.1, eta: 1, alpha: 0, criticUpdates: 1 }, mcFloor: 'off' };
  const learner = await learnerFor(conrft, config);
  await train(learner, 300, (opens, wanted) => (opens === wanted ? -2 : 2));
  assert.ok((await agreement(conrft, config, learner)) < 0.2, 'the person is paid less than the opposite');
});

test('with `gripperEta` 0 the gripper is imitated alone, whatever its critic says', async () => {
  const online = { beta: 0.1, eta: 1, alpha: 0, criticUpdates: 1 };
  const config: ConrftConfig = { ...CONFIG, online, mcFloor: 'off', gripperEta: 0 };
  const learner = await learnerFor(conrft, config);
  await train(learner, 300, (opens, wanted) => (opens === wanted ? -2 : 2));
  assert.ok((await agreement(conrft, config, learner)) > 0.85);
});

test('imitation learns the same choice by cross-entropy', async () => {
  const config = { ...IMITATION_PRESETS.cell, hidden: [16], batchSize: 32, average: undefined };
  const parsed = imitation.parseConfig(JSON.parse(JSON.stringify(config)));
  const learner = await learnerFor(imitation, { ...parsed, optimiser: { ...parsed.optimiser, learningRate: 3e-3 } });
  const { gripperError } = await train(learner, 150, () => 0);
  assert.ok(gripperError! < 0.15, `wrong in ${gripperError} of a person's steps`);
  assert.ok((await agreement(imitation, parsed, learner)) > 0.85);
});

test('ConRFT and imitation take each other’s policies; a task without gripper has the nets that it had', () => {
  const names = (sizes: typeof SIZES) => conrft.policyParameters(CONFIG, sizes).map(({ name }) => name);
  const config = { ...IMITATION_PRESETS.cell, hidden: CONFIG.hidden };
  assert.deepEqual(
    imitation.policyParameters(config, SIZES).map(({ name }) => name),
    names(SIZES),
  );
  assert.ok(names(SIZES).some((name) => name.startsWith('gripper.')));
  assert.ok(!names({ ...SIZES, actionMask: PLANE }).some((name) => name.startsWith('gripper.')));
  const old = conrft.parseConfig(JSON.parse(JSON.stringify({ ...CONFIG, gripper: undefined })));
  assert.equal(old.gripper, 'continuous', 'settings of an older run keep their nets');
});

test('the command in force holds until another one is given, and follows the opening before the first', () => {
  const first = new Float32Array(PROPRIOCEPTION_SIZE);
  const commands = (opening: number, given: readonly number[]) => {
    first[proprioceptionOffset('gripper')] = opening;
    const actions = given.map((value) => new Float32Array([0.1, 0, 0, 0, 0, 0, value]));
    const held = withGripperInForce(first, actions);
    assert.ok(held.every((action) => action[0] === actions[0]![0]));
    assert.deepEqual(
      actions.map((action) => action[GRIPPER]),
      given,
      'the recorded actions stay as they are',
    );
    return held.map((action) => action[GRIPPER]);
  };
  assert.deepEqual(commands(1, [0, 0.5, -1, 0, 0.25, 1, 0]), [1, 1, -1, -1, -1, 1, 1]);
  assert.deepEqual(commands(0.2, [0, 1, 0]), [-1, 1, 1]);
});
