/** Reads transitions from a pool's tables into a batch: stacked observations, n-step rewards and action chunks. */
import { ACTION_SIZE } from '../../main/api/action.ts';
import type { Rng } from '../../main/api/rng.ts';
import { IS_LAST, type PoolTables } from './pool-tables.ts';
import type { PoolOptions, TransitionBatch } from './pool-types.ts';

/** `chunk`: K of the action chunks; 0 = none. */
export function createBatch({ embeddingSize, proprioceptionSize, stack }: PoolOptions, size: number, chunk: number) {
  return {
    size,
    rows: new Int32Array(size),
    embedding: new Float32Array(size * embeddingSize),
    proprioception: new Float32Array(size * stack * proprioceptionSize),
    action: new Float32Array(size * ACTION_SIZE),
    reward: new Float32Array(size),
    mask: new Float32Array(size),
    nextEmbedding: new Float32Array(size * embeddingSize),
    nextProprioception: new Float32Array(size * stack * proprioceptionSize),
    monteCarloReturn: new Float32Array(size),
    monteCarloReturnCut: new Float32Array(size),
    imitation: new Float32Array(size),
    human: new Float32Array(size),
    actionChunk: new Float32Array(size * chunk * ACTION_SIZE),
    chunkPad: new Float32Array(size * chunk),
  } satisfies TransitionBatch;
}

/** Returns a function that copies transition `row` into row `at` of a batch. Without `rng` it takes the recorded view. */
export function createTransitionReader(tables: PoolTables, { stack, discount, nStep = 1 }: PoolOptions) {
  const { observations, transitions, views, embeddingSize, proprioceptionSize } = tables;

  const copyObservation = (
    row: number,
    view: number,
    at: number,
    embedding: Float32Array,
    proprioception: Float32Array,
  ) => {
    const held = (row * views + view) * embeddingSize;
    embedding.set(observations.embedding.subarray(held, held + embeddingSize), at * embeddingSize);
    let from = row;
    for (let back = stack - 1; back >= 0; back--) {
      const vector = observations.proprioception.subarray(from * proprioceptionSize, (from + 1) * proprioceptionSize);
      proprioception.set(vector, (at * stack + back) * proprioceptionSize);
      from = observations.previous[from] ?? from;
    }
  };

  const copyChunk = (row: number, batch: TransitionBatch, at: number) => {
    const length = batch.chunkPad.length / batch.size;
    let from = row;
    for (let k = 0; k < length; k++) {
      const ended = from - row < k;
      const action = transitions.action.subarray(from * ACTION_SIZE, (from + 1) * ACTION_SIZE);
      batch.actionChunk.set(action, (at * length + k) * ACTION_SIZE);
      batch.chunkPad[at * length + k] = ended || transitions.idle[from] ? 1 : 0;
      const isLast = (transitions.member[from] ?? 0) & IS_LAST;
      if (!ended && !isLast && transitions.human[from + 1] === transitions.human[row]) from++;
    }
  };

  return (row: number, batch: TransitionBatch, at: number, rng?: Rng): void => {
    const drawView = () => (rng && views > 1 ? rng.integer(views) : 0);
    const observation = transitions.observation[row] ?? 0;
    copyObservation(observation, drawView(), at, batch.embedding, batch.proprioception);
    let [reward, weight, last] = [transitions.reward[row] ?? 0, 1, row];
    while (last - row + 1 < nStep && !((transitions.member[last] ?? 0) & IS_LAST)) {
      last++;
      weight *= discount;
      reward += weight * (transitions.reward[last] ?? 0);
    }
    copyObservation(observation + 1 + last - row, drawView(), at, batch.nextEmbedding, batch.nextProprioception);
    batch.rows[at] = row;
    batch.action.set(transitions.action.subarray(row * ACTION_SIZE, (row + 1) * ACTION_SIZE), at * ACTION_SIZE);
    batch.reward[at] = reward;
    batch.mask[at] = weight * (transitions.mask[last] ?? 0);
    if (batch.chunkPad.length > 0) copyChunk(row, batch, at);
    batch.monteCarloReturn[at] = transitions.monteCarlo[row] ?? 0;
    batch.monteCarloReturnCut[at] = transitions.monteCarloCut[row] ?? 0;
    batch.imitation[at] = transitions.idle[row] ? 0 : 1;
    batch.human[at] = transitions.human[row] ?? 0;
  };
}
