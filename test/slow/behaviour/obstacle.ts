/**
 * A post on the way: from the left edge to the right edge of a table, demonstrations pass it on either side with equal chance.
 * A chunk is the whole way, 16 points (x, y); x runs from −1 to 1, lengths in units of half the table. The start is seen.
 */
import type { Rng } from '../../../main/api/rng.ts';
import type { ChunkData } from './fit-head.ts';

export const WAY_STEPS = 16;
const START_SPREAD = 0.05;
const DETOUR = 0.3;
const POST_RADIUS = 0.15;
const HAND_NOISE = 0.01;
/** Points between two steps that are looked at for a collision. */
const BETWEEN = 4;

export function wayDemonstrations(count: number, rng: Rng): ChunkData {
  const observations = new Float32Array(count);
  const chunks = new Float32Array(count * WAY_STEPS * 2);
  for (let row = 0; row < count; row++) {
    const start = startOf(rng);
    const side = rng.uniform() < 0.5 ? -1 : 1;
    observations[row] = start / START_SPREAD;
    for (let step = 0; step < WAY_STEPS; step++) {
      const share = step / (WAY_STEPS - 1);
      const at = (row * WAY_STEPS + step) * 2;
      chunks[at] = 2 * share - 1;
      chunks[at + 1] = start * (1 - share) + side * DETOUR * Math.sin(Math.PI * share) + HAND_NOISE * rng.normal();
    }
  }
  return { observations, chunks, shape: { observation: 1, steps: WAY_STEPS, size: 2 } };
}

/** [n, 1] */
export function wayStarts(count: number, rng: Rng): Float32Array {
  return Float32Array.from({ length: count }, () => startOf(rng) / START_SPREAD);
}

/** Executes chunks `[n, 16, 2]` to the end and counts how many hit the post and how many pass above it. */
export function wayOutcome(chunks: Float32Array): { readonly collisions: number; readonly above: number } {
  const count = chunks.length / (WAY_STEPS * 2);
  let [collisions, above] = [0, 0];
  for (let row = 0; row < count; row++) {
    const point = (step: number) => chunks.subarray((row * WAY_STEPS + step) * 2, (row * WAY_STEPS + step + 1) * 2);
    let nearest = Infinity;
    for (let step = 0; step + 1 < WAY_STEPS; step++)
      for (let part = 0; part <= BETWEEN; part++) {
        const [from, to] = [point(step), point(step + 1)];
        const mix = (axis: number) => from[axis]! + (part / BETWEEN) * (to[axis]! - from[axis]!);
        nearest = Math.min(nearest, Math.hypot(mix(0), mix(1)));
      }
    collisions += Number(nearest < POST_RADIUS);
    above += Number(point(WAY_STEPS / 2)[1]! > 0);
  }
  return { collisions: collisions / count, above: above / count };
}

const startOf = (rng: Rng) => rng.range(-START_SPREAD, START_SPREAD);
