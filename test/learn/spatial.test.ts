/**
 * Algorithms on the maps of a frozen trunk: spatial embeddings by themselves, gradients that reach those of actor and critic,
 * the same numbers by ONNX Runtime, and a policy's graph that acts as the training graph says.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TransitionBatch } from '../../data/learning/pool-types.ts';
import { ACTION_SIZE } from '../../main/api/action.ts';
import { createRng } from '../../main/api/rng.ts';
import type { AlgorithmName } from '../../main/api/run.ts';
import type { ObservationSizes } from '../../main/learn/algorithms/algorithm.ts';
import { algorithmNames, configureAlgorithm } from '../../main/learn/algorithms/algorithm-registry.ts';
import { conrftPolicyStep, conrftStep } from '../../main/learn/algorithms/conrft/conrft.ts';
import { PRESETS } from '../../main/learn/algorithms/conrft/conrft-config.ts';
import { conrftNets } from '../../main/learn/algorithms/conrft/conrft-nets.ts';
import { imitationPolicyStep, imitationStep } from '../../main/learn/algorithms/imitation/imitation.ts';
import { IMITATION_PRESETS, type ImitationConfig } from '../../main/learn/algorithms/imitation/imitation-config.ts';
import { PPO_CELL } from '../../main/learn/algorithms/ppo/ppo-config.ts';
import { cloningStep, ppoPolicyStep, ppoRunNets } from '../../main/learn/algorithms/ppo/ppo-steps.ts';
import { initialParameters, type ParameterSpec, parameterCount } from '../../main/learn/nets/parameters.ts';
import type { Backend } from '../../main/tensor/backend.ts';
import { createOrtBackend } from '../../main/tensor/backends/ort.ts';
import { interpreter } from '../../main/tensor/interpret.ts';
import { sizeOf } from '../../main/tensor/ir.ts';
import type { Step } from '../../main/tensor/step.ts';
import { assertNear } from './near.ts';

const MAPS = { cameras: 2, height: 2, width: 1, channels: 3 };
const SIZES: ObservationSizes = {
  embedding: 12,
  proprioception: 4,
  actionMask: [true, true, true, false, false, false, false],
};
const SPATIAL = { ...MAPS, features: 2, bottleneck: 4 };
const SMALL = { hidden: [6, 5], batchSize: 4, spatial: { features: 2, bottleneck: 4 } };
const ort = createOrtBackend({ threads: 1 });

const configured = (algorithm: AlgorithmName) => {
  const mse = { head: { name: 'mse' }, losses: [{ name: 'mse', weight: 1 }] };
  const own = algorithm === 'imitation' ? mse : {};
  return configureAlgorithm({ algorithm, preset: 'cell' }, { ...SMALL, ...own }, MAPS);
};

function randomBatch(size: number): TransitionBatch {
  const rng = createRng(6);
  const normals = (count: number) => Float32Array.from({ length: count }, () => 0.5 * rng.normal());
  const actions = normals(size * ACTION_SIZE);
  return {
    size,
    rows: new Int32Array(size),
    embedding: normals(size * SIZES.embedding),
    proprioception: normals(size * SIZES.proprioception),
    action: actions,
    reward: normals(size),
    mask: new Float32Array(size).fill(1),
    nextEmbedding: normals(size * SIZES.embedding),
    nextProprioception: normals(size * SIZES.proprioception),
    monteCarloReturn: normals(size),
    monteCarloReturnCut: normals(size),
    imitation: new Float32Array(size).fill(1),
    human: new Float32Array(size).fill(1),
    actionChunk: actions,
    chunkPad: new Float32Array(size),
  };
}

async function trained(algorithm: AlgorithmName, backend: Backend) {
  const { createLearner } = configured(algorithm);
  const learner = await createLearner({ backend, stage: 'offline', sizes: SIZES, rng: createRng(5) });
  const before = learner.state().arrays;
  const batch = randomBatch(learner.batches * learner.batchSize);
  await learner.update(batch);
  const metrics = await learner.update(batch);
  const [after, specs] = [learner.state().arrays, learner.policyParameters];
  await learner.dispose();
  return { before, after, metrics, specs };
}

for (const algorithm of algorithmNames())
  test(`${algorithm}: on an encoder with maps, ONNX Runtime and the oracle train the same spatial embeddings`, async () => {
    const [expected, actual] = [await trained(algorithm, interpreter), await trained(algorithm, ort)];
    assert.ok(expected.specs.some(({ name }) => name.endsWith('.maps.camera 1.places')));
    for (const [name, value] of Object.entries(expected.metrics))
      assertNear([actual.metrics[name]!], [value], 5e-4, name);
    for (const [name, values] of Object.entries(expected.after)) assertNear(actual.after[name]!, values, 5e-4, name);
  });

/** The parameters by name, as parts of one flat vector. */
function byName(specs: readonly ParameterSpec[], flat: Float32Array): Record<string, Float32Array> {
  const named: Record<string, Float32Array> = {};
  let offset = 0;
  for (const { name, shape } of specs) {
    named[name] = flat.subarray(offset, offset + sizeOf(shape));
    offset += sizeOf(shape);
  }
  return named;
}

/** Names of the parameters of which some number differs. */
function changed(specs: readonly ParameterSpec[], before: Float32Array, after: Float32Array): string[] {
  const now = byName(specs, after);
  return Object.entries(byName(specs, before)).flatMap(([name, values]) =>
    values.some((value, index) => value !== now[name]![index]) ? [name] : [],
  );
}
const mapsOf = (specs: readonly ParameterSpec[]) =>
  specs.map(({ name }) => name).filter((name) => name.includes('.maps.'));

test('ConRFT: the critic’s loss trains the critic’s embeddings, the actor’s loss the actor’s own', async () => {
  const { before, after } = await trained('conrft', ort);
  const nets = conrftNets({ ...PRESETS.cell, ...SMALL, spatial: SPATIAL }, SIZES);
  for (const [array, specs] of [
    ['actor', nets.actorParameters],
    ['critic', nets.criticParameters],
  ] as const) {
    const [maps, moved] = [mapsOf(specs), new Set(changed(specs, before[array]!, after[array]!))];
    assert.equal(maps.length, 10, 'five of each camera');
    assert.ok(
      maps.every((name) => name.startsWith(`${array}.maps.camera `) && moved.has(name)),
      `${array}: ${maps}`,
    );
  }
});

test('imitation and PPO train the policy’s embeddings; PPO’s value net has its own', async () => {
  const imitated = await trained('imitation', ort);
  const moved = changed(imitated.specs, imitated.before['actor']!, imitated.after['actor']!);
  assert.deepEqual(
    mapsOf(imitated.specs).filter((name) => !moved.includes(name)),
    [],
  );
  const cloned = await trained('ppo', ort);
  const nets = ppoRunNets({ ...PPO_CELL, ...SMALL, spatial: SPATIAL }, SIZES);
  const criticSpecs = nets.parameters.slice(nets.actorParameters.length);
  for (const [array, specs] of [
    ['actor', nets.actorParameters],
    ['critic', criticSpecs],
  ] as const) {
    const names = changed(specs, cloned.before[array]!, cloned.after[array]!);
    assert.deepEqual(
      mapsOf(specs).filter((name) => !names.includes(name)),
      [],
      array,
    );
    assert.equal(mapsOf(specs).length, 10, array);
  }
});

/** Runs a step with `given`, zeros for its other inputs. */
async function valuesOf(step: Step, given: Readonly<Record<string, Float32Array>>) {
  const feeds = Object.entries(step.inputs).map(([name, { shape }]) => [
    name,
    given[name] ?? new Float32Array(sizeOf(shape)),
  ]);
  return (await interpreter.compile(step)).run(Object.fromEntries(feeds));
}

const PPO = { ...PPO_CELL, ...SMALL, spatial: SPATIAL, batchSize: 2 };
const CONRFT = { ...PRESETS.cell, ...SMALL, spatial: SPATIAL, batchSize: 2 };
const IMITATION = {
  ...{ ...IMITATION_PRESETS.cell, ...SMALL, spatial: SPATIAL, batchSize: 2 },
  head: { name: 'mse' },
  losses: [{ name: 'mse', weight: 1 }],
} as const satisfies ImitationConfig;

/** The acting graph, the training graph, and the names under which the latter takes weights, observation and actions. */
const GRAPHS = [
  {
    ...{ name: 'conrft', acting: conrftPolicyStep(CONRFT, SIZES), training: conrftStep(CONRFT, 'offline', SIZES) },
    specs: conrftNets(CONRFT, SIZES).actorParameters,
    ...{ weights: 'actor', actions: 'action', error: 'metric.actionError', used: ACTION_SIZE },
  },
  {
    ...{ name: 'imitation', acting: imitationPolicyStep(IMITATION, SIZES), training: imitationStep(IMITATION, SIZES) },
    specs: configured('imitation').policyParameters(SIZES),
    ...{ weights: 'actor', actions: 'actionChunk', error: 'metric.actorLoss', used: ACTION_SIZE },
  },
  {
    ...{ name: 'ppo', acting: ppoPolicyStep(PPO, SIZES), training: cloningStep(PPO, SIZES) },
    specs: ppoRunNets(PPO, SIZES).actorParameters,
    ...{ weights: 'parameters', actions: 'action', error: 'metric.actorLoss', used: 3 },
  },
];

for (const { name, acting, training, specs, weights, actions, error, used } of GRAPHS)
  test(`${name}: the policy’s graph acts on maps as the training graph says`, async () => {
    const rng = createRng(3);
    const all = initialParameters(specs, rng).map((value) => 0.3 * value); // Small, so that no action is at its limit
    const normals = (count: number) => Float32Array.from({ length: count }, () => rng.normal());
    const [embedding, proprioception] = [normals(SIZES.embedding), normals(SIZES.proprioception)];
    const acted = (await valuesOf(acting, { ...byName(specs, all), embedding, proprioception }))['action']!;
    const action = Float32Array.from(acted.data, Number);
    assert.ok(action.some((value) => Math.abs(value) > 1e-3));

    const twice = (values: Float32Array, name: string) => {
      const room = new Float32Array(sizeOf(training.inputs[name]?.shape ?? [0]));
      for (let at = 0; at < room.length; at += values.length) room.set(values, at);
      return room;
    };
    const held = new Float32Array(sizeOf(training.inputs[weights]!.shape));
    held.set(all.subarray(0, parameterCount(specs)));
    const errorAt = async (taken: Float32Array) => {
      const given = {
        [weights]: held,
        [actions]: twice(taken.subarray(0, used), actions),
        embedding: twice(embedding, 'embedding'),
        proprioception: twice(proprioception, 'proprioception'),
        observation: twice(Float32Array.of(...embedding, ...proprioception), 'observation'),
        ...Object.fromEntries(
          ['imitationWeight', 'imitation', 'sigma'].map((one) => [one, twice(Float32Array.of(1), one)]),
        ),
      };
      return Number((await valuesOf(training, given))[error]!.data[0]);
    };
    assert.ok((await errorAt(action)) < 1e-10);
    assert.ok((await errorAt(action.map((value) => value + 0.5))) > 0.01);
  });
