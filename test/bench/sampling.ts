/**
 * Measures the time to draw an update's batches, as a share of the update: 256 of 200,000 transitions, half from each
 * buffer, with embedding 384 and proprioception 64. ConRFT's update takes two such batches. Both are processor times of
 * one thread.
 */
import type { PoolEpisode } from '../../data/learning/pool-types.ts';
import { createTransitionPool } from '../../data/learning/transition-pool.ts';
import { ACTION_SIZE } from '../../main/api/action.ts';
import { createRng, type Rng } from '../../main/api/rng.ts';
import { drawMixed } from '../../main/learn/run/trainer/updates.ts';
import { timeUpdates } from './torch.ts';
import { CONRFT, SIZES, timeStep, WORKLOADS } from './training-steps.ts';

const STACK = 2;
const EPISODE_STEPS = 100;
const DEMONSTRATIONS_OF = 10;
const DRAWS = 300;
const UPDATES = 20;

function episode(id: number, rng: Rng): PoolEpisode {
  const normals = (count: number) => Float32Array.from({ length: count }, () => rng.normal());
  const observation = { embedding: normals(SIZES.embedding), proprioception: normals(SIZES.proprioception / STACK) };
  const demo = id % DEMONSTRATIONS_OF === 0;
  const steps = Array.from({ length: EPISODE_STEPS }, (_, index) => ({
    ...({ actor: demo ? 'human' : 'policy', idle: false, rl: !demo, demo } as const),
    action: normals(ACTION_SIZE),
    reward: 0,
    terminated: index === EPISODE_STEPS - 1,
    truncated: false,
  }));
  const observations = Array.from({ length: EPISODE_STEPS + 1 }, () => observation);
  return { id, task: 'insert', mode: demo ? 'demonstrate' : 'run', outcome: 'success', observations, steps };
}

export async function run(transitions = 200_000) {
  const rng = createRng(1);
  const pool = createTransitionPool({
    embeddingSize: SIZES.embedding,
    proprioceptionSize: SIZES.proprioception / STACK,
    stack: STACK,
    discount: CONRFT.discount,
  });
  for (let id = 1; id <= transitions / EPISODE_STEPS; id++) pool.addEpisode(episode(id, rng));
  const batch = pool.createBatch(CONRFT.batchSize);
  const mixture = { stage: 'online', demoShare: CONRFT.demoShare } as const;
  const draw = async () => {
    drawMixed(pool, rng, mixture, batch.size, batch, 0);
  };
  const drawing = await timeUpdates(draw, DRAWS);
  const update = await timeStep(WORKLOADS.conrft(), { threads: 1 }, UPDATES, rng);
  const batches = CONRFT.online.criticUpdates;
  return {
    name: 'sampling',
    ...{ transitions, batchSize: batch.size, batches },
    drawMs: drawing.p50Ms,
    drawProcessorMs: drawing.cpuP50Ms,
    updateProcessorMs: update.cpuP50Ms,
    shareOfUpdate: (batches * drawing.cpuP50Ms) / update.cpuP50Ms,
  };
}

if (import.meta.main) console.log(JSON.stringify(await run()));
