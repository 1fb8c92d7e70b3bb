/** Small nets and random batches, for the tests of RLPD and HIL-SERL. */
import type { TransitionBatch } from '../../data/learning/pool-types.ts';
import { ACTION_SIZE } from '../../main/api/action.ts';
import { PROPRIOCEPTION_SIZE, PROPRIOCEPTION_STACK } from '../../main/api/observation.ts';
import { createRng, type Rng } from '../../main/api/rng.ts';
import type { Algorithm, ObservationSizes } from '../../main/learn/algorithms/algorithm.ts';
import type { SoftActorCriticConfig } from '../../main/learn/algorithms/soft-actor-critic/soft-actor-critic-config.ts';
import type { Backend } from '../../main/tensor/backend.ts';

export const PLANE = [true, true, false, false, false, false, false];
export const SIZES: ObservationSizes = { embedding: 3, proprioception: 4, actionMask: PLANE };
/** A task that uses the gripper. */
export const WITH_GRIPPER: ObservationSizes = {
  embedding: 3,
  proprioception: PROPRIOCEPTION_SIZE * PROPRIOCEPTION_STACK,
  actionMask: [true, true, false, false, false, false, true],
};

export const tiny = (config: SoftActorCriticConfig): SoftActorCriticConfig => ({
  ...config,
  hidden: [6, 5],
  critics: Math.min(config.critics, 4),
  criticUpdates: Math.min(config.criticUpdates, 3),
  proprioceptionFeatures: config.proprioceptionFeatures && 3,
  batchSize: 4,
});

export function randomBatch(size: number, rng: Rng, { embedding, proprioception }: ObservationSizes): TransitionBatch {
  const normals = (count: number) => Float32Array.from({ length: count }, () => 0.5 * rng.normal());
  return {
    size,
    rows: new Int32Array(size),
    embedding: normals(size * embedding),
    proprioception: normals(size * proprioception),
    action: normals(size * ACTION_SIZE).map((value) => Math.max(-1, Math.min(1, value))),
    reward: normals(size),
    mask: Float32Array.from({ length: size }, (_, index) => (index % 3 ? 1 : 0)),
    nextEmbedding: normals(size * embedding),
    nextProprioception: normals(size * proprioception),
    monteCarloReturn: normals(size),
    monteCarloReturnCut: normals(size).map((value, index) => (index % 2 ? value : Number.NEGATIVE_INFINITY)),
    imitation: new Float32Array(size).fill(1),
    human: new Float32Array(size).fill(1),
    actionChunk: new Float32Array(),
    chunkPad: new Float32Array(),
  };
}

export async function runUpdates(
  algorithm: Algorithm<SoftActorCriticConfig>,
  {
    backend,
    config,
    sizes,
    updates,
  }: { backend: Backend; config: SoftActorCriticConfig; sizes: ObservationSizes; updates: number },
) {
  const learner = await algorithm.createLearner({ backend, config, stage: 'online', sizes, rng: createRng(5) });
  const rng = createRng(6);
  let metrics: Readonly<Record<string, number>> = {};
  for (let update = 0; update < updates; update++)
    metrics = await learner.update(randomBatch(learner.batches * learner.batchSize, rng, sizes));
  const state = learner.state();
  await learner.dispose();
  return { state, metrics };
}
