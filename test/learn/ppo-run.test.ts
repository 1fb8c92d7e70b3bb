/** PPO as a run: what its own steps are, how probable they were, where advantages end, and that a stored state goes on the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Driver, PoolStep } from '../../data/learning/pool-types.ts';
import { createTransitionPool } from '../../data/learning/transition-pool.ts';
import { ACTION_SIZE, type Actor } from '../../main/api/action.ts';
import { createRng } from '../../main/api/rng.ts';
import type { ObservationSizes, OnPolicySteps } from '../../main/learn/algorithms/algorithm.ts';
import { PPO_CELL, type PpoConfig } from '../../main/learn/algorithms/ppo/ppo-config.ts';
import { ppo } from '../../main/learn/algorithms/ppo/ppo-learner.ts';
import { evaluationStep, ppoPolicyStep, ppoRunNets } from '../../main/learn/algorithms/ppo/ppo-steps.ts';
import { clippedGaussianLogProb } from '../../main/learn/losses/likelihood/clipped-gaussian.ts';
import { gae } from '../../main/learn/losses/reinforcement/gae.ts';
import { initialParameters, parameterCount } from '../../main/learn/nets/parameters.ts';
import { createRestorableRng } from '../../main/learn/run/restorable-rng.ts';
import { onPolicySteps } from '../../main/learn/run/trainer/on-policy-steps.ts';
import { interpreter } from '../../main/tensor/interpret.ts';
import { defineStep } from '../../main/tensor/step.ts';
import { constant, input } from '../../main/tensor/tensor.ts';
import { assertNear } from './near.ts';

const MASK = [true, true, false, false, false, false, false];
const SIZES: ObservationSizes = { embedding: 2, proprioception: 1, actionMask: MASK };
const CONFIG: PpoConfig = {
  ...PPO_CELL,
  ...{
    hidden: [6],
    learningRate: 1e-3,
    targetKl: 0,
    batchSize: 16,
    criticWarmupUpdates: 2,
    penalty: 10,
    reference: { beta: 0.1, targetKl: 0.01 },
  },
};

test('a clipped action has the probability of all that was clipped to it', async () => {
  const [mean, std] = [0.8, 0.25];
  const inside = Array.from({ length: 2000 }, (_, index) => -0.9999 + (index * 1.9998) / 1999);
  const actions = [-1, 1, ...inside];
  const policy = { mean: constant([mean], [1, 1]), logStd: constant([Math.log(std)], [1, 1]) };
  const step = defineStep({ logProb: clippedGaussianLogProb(input('action', [actions.length, 1]), policy) });
  const compiled = await interpreter.compile(step, { name: 'clipped' });
  const { logProb } = await compiled.run({ action: actions });
  const [below = 0, above = 0, ...density] = Float64Array.from(logProb!.data, Number);
  assertNear([above], [Math.log(0.211855)], 2e-3); // The logarithm of Φ(−0.8).
  assert.ok(below < -20, `${below}: seven deviations away`);
  assertNear([density[0]!], [-0.5 * ((-0.9999 - mean) / std) ** 2 - Math.log(std * Math.sqrt(2 * Math.PI))], 1e-3);
  const total = Math.exp(above) + density.reduce((sum, each) => sum + Math.exp(each), 0) * (1.9998 / 1999);
  assertNear([total], [1], 3e-3);
});

test('what the acting graph draws has, under its weights, the probability of its noise', async () => {
  const nets = ppoRunNets(CONFIG, SIZES);
  const parameters = initialParameters(nets.parameters, createRng(4));
  const end = parameterCount(nets.actorParameters);
  parameters.fill(Math.log(0.1), end - 2, end);
  let offset = 0;
  const named = Object.fromEntries(
    nets.actorParameters.map(({ name, shape }) => {
      const size = shape.reduce((product, each) => product * each, 1);
      offset += size;
      return [name, parameters.slice(offset - size, offset)];
    }),
  );
  const noise = [0.7, -1.2, 9, 9, 9, 9, 9];
  const [embedding, proprioception] = [[0.3, -0.2], [0.1]];
  const acting = await interpreter.compile(ppoPolicyStep(CONFIG, SIZES), { name: 'acting' });
  const { action } = await acting.run({ ...named, embedding, proprioception, noise });
  const drawn = Array.from(action!.data, Number);
  assert.equal(drawn.length, ACTION_SIZE);
  assert.ok(drawn.every((value, index) => (MASK[index] ? Math.abs(value) < 1 : value === 0)));
  const reading = await interpreter.compile(evaluationStep(CONFIG, SIZES, 1), { name: 'reading' });
  const observation = [...embedding, ...proprioception];
  const { logProb } = await reading.run({ parameters, observation, action: drawn.slice(0, 2) });
  const expected = [0.7, -1.2].reduce((sum, z) => sum - 0.5 * z * z - Math.log(0.1 * Math.sqrt(2 * Math.PI)), 0);
  assertNear(Array.from(logProb!.data, Number), [expected], 1e-4);
});

const OWN: Driver = { policy: 'run-1/5', actingNoiseStd: 0 };

function poolOf(
  episodes: readonly { readonly actors: readonly Actor[]; readonly driver: Driver; readonly success: boolean }[],
) {
  const pool = createTransitionPool({ embeddingSize: 2, proprioceptionSize: 1, stack: 1, discount: 0.9 });
  const rng = createRng(8);
  for (const [index, { actors, driver, success }] of episodes.entries())
    pool.addEpisode({
      ...{ id: index + 1, task: 'insert', mode: 'run', outcome: success ? 'success' : 'truncated', driver },
      observations: Array.from({ length: actors.length + 1 }, () => ({
        proprioception: Float32Array.of(rng.normal()),
        embedding: Float32Array.of(rng.normal(), rng.normal()),
      })),
      steps: actors.map((actor, at): PoolStep => {
        const last = at === actors.length - 1;
        return {
          ...{ actor, idle: false, rl: true, demo: actor === 'human' },
          action: Float32Array.from({ length: ACTION_SIZE }, (_, dimension) =>
            MASK[dimension] ? rng.range(-0.3, 0.3) : 0,
          ),
          reward: last && success ? 10 : -0.05,
          terminated: last && success,
          truncated: last && !success,
        };
      }),
    });
  return pool;
}

const P: Actor = 'policy';
const H: Actor = 'human';

test('own steps: the newest episodes of policies of this kind, without a person’s steps; a takeover ends them as a time-out does', () => {
  const weights = Float32Array.of(1);
  const pool = poolOf([
    { actors: [P, P], driver: OWN, success: true }, // Older than the two newest.
    { actors: [P, P, H, 'mixed', P], driver: OWN, success: true },
    { actors: [P, P, P], driver: { ...OWN, actingNoiseStd: 0.1 }, success: true }, // Acting noise was added.
    { actors: [P, P, P], driver: { ...OWN, policy: 'starter' }, success: true }, // A policy of another kind.
    { actors: [P, P], driver: { ...OWN, policy: 'run-1/9' }, success: false },
    { actors: [H, H], driver: OWN, success: true }, // The policy drove no step.
  ]);
  const own = onPolicySteps(pool, 2, (policy) => (policy === 'starter' ? undefined : weights));
  const expected = pool.createBatch(5);
  for (const [at, row] of [2, 3, 6, 13, 14].entries()) pool.readTransition(row, expected, at);
  assert.deepEqual(own.steps, expected);
  assert.deepEqual([...own.ended], [0, 1, 1, 0, 1]);
  assert.deepEqual([...own.takenOver], [0, 1, 0, 0, 0]);
  assert.deepEqual(own.drivers, [
    { first: 0, end: 3, weights },
    { first: 3, end: 5, weights },
  ]);
  const terminated = Array.from(own.steps.mask, (mask) => mask === 0);
  assert.deepEqual(terminated, [false, false, true, false, false]);

  const [values, nextValues] = [new Array<number>(5).fill(1), new Array<number>(5).fill(2)];
  const { advantages } = gae({ rewards: own.steps.reward, values, nextValues, terminated, ended: own.ended }, 0.9, 0.5);
  const open = -0.05 + 0.9 * 2 - 1;
  // A takeover and a time-out are worth V of the state that they led to; a success is worth its reward.
  assertNear(Array.from(advantages), [open + 0.45 * open, open, 9, open + 0.45 * open, open], 1e-6);
});

async function learner(seed: number, changes: Partial<PpoConfig> = {}) {
  const rng = createRestorableRng(seed);
  const made = await ppo.createLearner({
    backend: interpreter,
    config: { ...CONFIG, ...changes },
    stage: 'online',
    sizes: SIZES,
    rng,
  });
  const pool = poolOf([
    { actors: [P, P, P, P, H], driver: OWN, success: true },
    { actors: [P, P, P, P, P], driver: OWN, success: false },
  ]);
  const demonstrations = pool.createBatch(CONFIG.batchSize);
  pool.sampleBatch(createRng(1), CONFIG.batchSize, 'rl', demonstrations);
  const acted = made.policyWeights().slice();
  const own: OnPolicySteps = onPolicySteps(pool, 2, () => acted);
  return { made, rng, demonstrations, own };
}

test('a state that is put back in the middle of a block makes the same updates', async () => {
  const { made, rng, demonstrations, own } = await learner(5);
  await made.onPolicy?.useSteps(own);
  const first = await made.update(demonstrations);
  assertNear([first['approximateKl']!], [0], 1e-6, 'the policy that acted is the one that learns');
  assert.equal(first['ownSteps'], 9);
  for (let update = 0; update < 4; update++) await made.update(demonstrations);
  const stored = { state: made.state(), rng: rng.save() };
  assert.notEqual(stored.state.counters['beta'], CONFIG.reference.beta);
  const others = await learner(6);
  others.made.restore(stored.state);
  others.rng.restore(stored.rng);
  await others.made.onPolicy?.useSteps(own);
  for (let update = 0; update < 3; update++)
    assert.deepEqual(await others.made.update(demonstrations), await made.update(demonstrations));
  assert.deepEqual(others.made.state(), made.state());
});

test('the critic learns alone at first; then what was better becomes more probable, and β answers the distance', async () => {
  const { made, demonstrations, own } = await learner(7);
  const before = made.policyWeights().slice();
  await made.onPolicy?.useSteps(own);
  for (let update = 0; update < CONFIG.criticWarmupUpdates; update++) await made.update(demonstrations);
  assert.deepEqual(made.policyWeights(), before);
  let metrics = await made.update(demonstrations);
  const surrogate = metrics['actorLoss']!;
  for (let update = 0; update < 60; update++) metrics = await made.update(demonstrations);
  assert.ok(metrics['actorLoss']! < surrogate, `${metrics['actorLoss']}, at first ${surrogate}`);
  assert.ok(metrics['referenceKl']! > 0);
});

test('too far from the policies that drove, the policy waits for newer episodes', async () => {
  const { made, demonstrations, own } = await learner(7, { maxClipFraction: 0.3, policyLearningRate: 3e-3 });
  await made.onPolicy?.useSteps(own);
  const moved: number[] = [];
  const clipped: number[] = [];
  for (let update = 0; update < 80; update++) {
    const metrics = await made.update(demonstrations);
    moved.push(metrics['policyWeight']!);
    clipped.push(metrics['clipFraction']!);
  }
  assert.deepEqual(
    moved.slice(CONFIG.criticWarmupUpdates),
    clipped.slice(CONFIG.criticWarmupUpdates - 1, -1).map((share) => (share <= 0.3 ? 1 : 0)),
  );
  assert.ok(moved.includes(1) && moved.slice(CONFIG.criticWarmupUpdates).includes(0));
});

test('a takeover costs: what led to it is worth less', async () => {
  const losses = [];
  for (const takeoverCost of [0, 100]) {
    const { made, demonstrations, own } = await learner(3, { takeoverCost, rewardScale: 1 });
    await made.onPolicy?.useSteps(own);
    const { criticLoss } = await made.update(demonstrations);
    losses.push(criticLoss!);
  }
  const [free = 0, costly = 0] = losses;
  // Four of nine rows lead to the takeover and are worth 100, 93, 87 and 81 less. Half the mean square is 1816.
  assert.ok(costly > free + 1200, `${costly}, without the cost ${free}`);
});

test('without own steps it clones: the mean goes to the action, the deviation stays', async () => {
  const { made, demonstrations, own } = await learner(9);
  const std = made.policyWeights().slice(-2);
  const first = await made.update(demonstrations);
  let last = first;
  for (let update = 0; update < 150; update++) last = await made.update(demonstrations);
  assert.ok(last['actorLoss']! < first['actorLoss']! / 2, `${last['actorLoss']} of ${first['actorLoss']}`);
  assert.ok(last['criticLoss']! < first['criticLoss']!);
  assert.deepEqual(made.policyWeights().slice(-2), std);
  const cloned = made.policyWeights().slice();
  await made.onPolicy?.useSteps(own);
  await made.update(demonstrations);
  assert.deepEqual(made.state().arrays['reference'], cloned, 'what it is held to is what it had cloned');
});

test('a run goes on from another’s policy, which is its reference, with its critic where there is one', async () => {
  const [a, b] = [await learner(1), await learner(2)];
  for (let update = 0; update < 3; update++) await a.made.update(a.demonstrations);
  const { arrays } = a.made.state();
  const { actor, critic } = arrays;
  b.made.startFrom({ arrays: { actor: actor!, critic: critic! }, counters: { updates: 3 } });
  assert.deepEqual(b.made.policyWeights(), actor);
  assert.deepEqual(b.made.state().arrays['reference'], actor);
  assert.deepEqual(b.made.state().arrays['critic'], critic);
  assert.equal(b.made.updates(), 0);
  assert.throws(() => b.made.startFrom({ arrays: { actor: new Float32Array(3) }, counters: {} }), /reference has 3/);
});
