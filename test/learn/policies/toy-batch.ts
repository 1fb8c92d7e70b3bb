/** Batches for heads, without a store: chunks of actions that lie on one of two sides, everything else noise. */
import { ACTION_SIZE } from '../../../main/api/action.ts';
import type { Rng } from '../../../main/api/rng.ts';
import type { ObservationSizes, TransitionBatch } from '../../../main/learn/algorithms/algorithm.ts';

export const TOY_SIZES: ObservationSizes = {
  embedding: 3,
  proprioception: 4,
  actionMask: [true, true, false, false, false, false, false],
};

/** Masked dimensions hold numbers that must not matter. */
export function chunkBatch(size: number, steps: number, rng: Rng, action: (sample: number) => number): TransitionBatch {
  const normals = (count: number) => Float32Array.from({ length: count }, () => 0.5 * rng.normal());
  const none = new Float32Array();
  const samples = Float32Array.from({ length: size }, () => rng.uniform());
  return {
    size,
    embedding: normals(size * TOY_SIZES.embedding),
    proprioception: normals(size * TOY_SIZES.proprioception),
    action: none,
    reward: none,
    mask: none,
    nextEmbedding: none,
    nextProprioception: none,
    monteCarloReturn: none,
    monteCarloReturnCut: none,
    imitation: none,
    human: none,
    actionChunk: Float32Array.from({ length: size * steps * ACTION_SIZE }, (_, index) =>
      index % ACTION_SIZE < 2 ? action(samples[Math.floor(index / (steps * ACTION_SIZE))]!) : 0.9,
    ),
    chunkPad: Float32Array.from({ length: size * steps }, (_, index) =>
      Number(index % steps === steps - 1 && index % 3 === 0),
    ),
  };
}

export const SIDE = 0.6;

/** ±SIDE, the sign one for the whole chunk, and a little noise. */
export const twoSides = (rng: Rng) => (sample: number) => (sample < 0.5 ? -SIDE : SIDE) + 0.03 * rng.normal();
