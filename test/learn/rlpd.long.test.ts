/**
 * That RLPD learns, and what for it has its parts: reach the origin of a plane from a circle around it, in 25 steps,
 * with no reward before. With ten demonstrations it does; without any it hardly finds the reward. Without LayerNorm its
 * critics believe in more than can be had.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PoolEpisode } from '../../data/learning/pool-types.ts';
import { createTransitionPool } from '../../data/learning/transition-pool.ts';
import { ACTION_SIZE } from '../../main/api/action.ts';
import { createRng, type Rng } from '../../main/api/rng.ts';
import { TASKS } from '../../main/api/task.ts';
import type { Learner } from '../../main/learn/algorithms/algorithm.ts';
import { RLPD_PRESETS, rlpd } from '../../main/learn/algorithms/soft-actor-critic/rlpd.ts';
import type { SoftActorCriticConfig } from '../../main/learn/algorithms/soft-actor-critic/soft-actor-critic-config.ts';
import { drawMixed } from '../../main/learn/run/trainer/updates.ts';
import { createOrtBackend } from '../../main/tensor/backends/ort.ts';
import { PLANE } from './soft-actor-critic-fixture.ts';
import { type Place, reachExpert, reached, reachStep } from './toy-project.ts';

const SIZES = { embedding: 2, proprioception: 1, actionMask: PLANE };
const MAX_STEPS = 25;
const REWARD = TASKS.insert.rewardAtSuccess;
const CONFIG: SoftActorCriticConfig = {
  ...RLPD_PRESETS.cell,
  ...{ hidden: [32, 32], critics: 3, batchSize: 64, learningRate: 1e-3, tau: 0.02, discount: 0.95, mcFloor: 'off' },
};
const ort = createOrtBackend({ threads: 1 });

type Act = (place: Place) => Promise<Float32Array>;

function startOnCircle(rng: Rng): Place {
  const angle = rng.range(0, 2 * Math.PI);
  return [Math.cos(angle), Math.sin(angle)];
}

async function episodeOf(id: number, act: Act, demo: boolean, rng: Rng): Promise<PoolEpisode> {
  const proprioception = new Float32Array(1);
  let place = startOnCircle(rng);
  const observations = [{ proprioception, embedding: Float32Array.from(place) }];
  const steps: PoolEpisode['steps'][number][] = [];
  while (steps.length < MAX_STEPS && !reached(place)) {
    const action = await act(place);
    place = reachStep(place, action);
    observations.push({ proprioception, embedding: Float32Array.from(place) });
    const terminated = reached(place);
    steps.push({
      ...{ actor: demo ? 'human' : 'policy', idle: false, action, rl: !demo, demo },
      ...{ reward: terminated ? REWARD : 0, terminated, truncated: !terminated && steps.length === MAX_STEPS - 1 },
    });
  }
  const outcome = reached(place) ? 'success' : 'truncated';
  return { id, task: 'insert', mode: demo ? 'demonstrate' : 'run', outcome, observations, steps };
}

/** The policy's graph with the learner's newest weights. */
async function policyOf(learner: Learner, rng: Rng): Promise<Act> {
  const compiled = await ort.compile(rlpd.policyStep(CONFIG, SIZES));
  return async (place) => {
    let offset = 0;
    const weights = Object.fromEntries(
      learner.policyParameters.map(({ name, shape }) => {
        const start = offset;
        offset += shape.reduce((a, b) => a * b, 1);
        return [name, learner.policyWeights().subarray(start, offset)];
      }),
    );
    const noise = Float32Array.from({ length: ACTION_SIZE }, () => rng.normal());
    const observation = { embedding: Float32Array.from(place), proprioception: new Float32Array(1) };
    return Float32Array.from((await compiled.run({ ...weights, ...observation, noise }))['action']!.data, Number);
  };
}

interface Run {
  readonly demonstrations: number;
  readonly config?: SoftActorCriticConfig;
  /** Updates on the demonstrations alone, then online episodes with an update per step. */
  readonly offlineUpdates?: number;
  readonly episodes?: number;
}

async function run({ demonstrations, config = CONFIG, offlineUpdates = 0, episodes = 0 }: Run) {
  const rng = createRng(101);
  const learner = await rlpd.createLearner({ backend: ort, config, stage: 'online', sizes: SIZES, rng: createRng(1) });
  const { discount, demoShare } = config;
  const pool = createTransitionPool({ embeddingSize: 2, proprioceptionSize: 1, stack: 1, discount });
  for (let id = 1; id <= demonstrations; id++)
    pool.addEpisode(await episodeOf(id, async (place) => reachExpert(place, rng), true, rng));
  const batch = pool.createBatch(learner.batches * learner.batchSize);
  const update = () => {
    for (let part = 0; part < learner.batches; part++)
      drawMixed(pool, rng, { stage: 'online', demoShare }, learner.batchSize, batch, part * learner.batchSize);
    return learner.update(batch);
  };
  let metrics: Readonly<Record<string, number>> = {};
  for (let count = 0; count < offlineUpdates; count++) metrics = await update();
  const act = await policyOf(learner, createRng(2));
  const successes: boolean[] = [];
  for (let index = 0; index < episodes; index++) {
    const episode = await episodeOf(1000 + index, act, false, rng);
    pool.addEpisode(episode);
    successes.push(episode.outcome === 'success');
    for (let step = 0; step < episode.steps.length; step++) metrics = await update();
  }
  await learner.dispose();
  return { metrics, solvedOfLastTen: successes.slice(-10).filter(Boolean).length };
}

test('from scratch with ten demonstrations it reaches; without them it does not', async () => {
  const [taught, alone] = [
    await run({ demonstrations: 10, episodes: 30 }),
    await run({ demonstrations: 0, episodes: 30 }),
  ];
  assert.ok(taught.solvedOfLastTen >= 9, `${taught.solvedOfLastTen} of the last ten with demonstrations`);
  assert.ok(alone.solvedOfLastTen <= 5, `${alone.solvedOfLastTen} of the last ten without`);
});

test('LayerNorm bounds what the critics believe where there are no data', async () => {
  const [withNorm, without] = [
    await run({ demonstrations: 10, offlineUpdates: 400 }),
    await run({ demonstrations: 10, offlineUpdates: 400, config: { ...CONFIG, criticLayerNorm: false } }),
  ];
  // No state is worth more than the reward of a success.
  assert.ok(withNorm.metrics['qMax']! < 1.3 * REWARD, `${withNorm.metrics['qMax']} with LayerNorm`);
  assert.ok(without.metrics['qMax']! > 1.5 * REWARD, `${without.metrics['qMax']} without`);
});
