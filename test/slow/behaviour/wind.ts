/**
 * The way around the post of `obstacle.ts` as a closed loop: 32 steps of displacements, a policy that sees where it is and plans 16
 * steps ahead, and a wind that rises in the second half. Actions are displacements in tenths of the table's half.
 */
import type { Rng } from '../../../main/api/rng.ts';
import { createChunkExecutor } from '../../../main/policy/chunk-executor.ts';
import type { ChunkData } from './fit-head.ts';

const STEPS = 32;
export const PLANNED = 16;
const FORWARD = 2 / STEPS;
const SCALE = 0.1;
const DETOUR = 0.3;
const START_SPREAD = 0.05;
const POST_RADIUS = 0.15;
const END_TOLERANCE = 0.06;
/** Demonstrations are disturbed, so that they show the way back. */
const GUST = 0.02;
/** First steps, in which either way is open, and the least lateral step that is one: a third of what a demonstrator makes. */
const EARLY = 8;
const TURN = 0.01;
/** Share of the deviation that a demonstrator corrects per step. */
const CORRECTION = 0.3;

/** Where a demonstrator wants to be at `step`; after the end it stays. */
const wanted = (start: number, side: number, step: number) => {
  const share = Math.min(1, step / STEPS);
  return start * (1 - share) + side * DETOUR * Math.sin(Math.PI * share);
};

export function windyDemonstrations(episodes: number, rng: Rng): ChunkData {
  const observations: number[] = [];
  const chunks: number[] = [];
  for (let episode = 0; episode < episodes; episode++) {
    const start = rng.range(-START_SPREAD, START_SPREAD);
    const side = rng.uniform() < 0.5 ? -1 : 1;
    let y = start;
    for (let step = 0; step < STEPS; step++) {
      observations.push((2 * step) / STEPS - 1, y / DETOUR);
      // The label is the rest of the way without further gusts.
      for (let [ahead, planned] = [0, y]; ahead < PLANNED; ahead++) {
        const move = lateral(planned, start, side, step + ahead);
        chunks.push(step + ahead < STEPS ? FORWARD / SCALE : 0, move / SCALE);
        planned += move;
      }
      y += lateral(y, start, side, step) + GUST * rng.normal();
    }
  }
  return {
    observations: Float32Array.from(observations),
    chunks: Float32Array.from(chunks),
    shape: { observation: 2, steps: PLANNED, size: 2 },
  };
}

const lateral = (y: number, start: number, side: number, step: number) =>
  wanted(start, side, step + 1) - wanted(start, side, step) + CORRECTION * (wanted(start, side, step) - y);

export interface WindyOutcome {
  readonly success: number;
  readonly collisions: number;
  /** Mean distance from the line at the end. */
  readonly finalError: number;
  /** Share of the first steps in which the lateral motion turns round. */
  readonly flips: number;
}

/** `count` episodes side by side; `plan` maps observations [count, 2] to chunks [count, 16, 2]. */
export async function windyEpisodes(
  plan: (observations: Float32Array) => Promise<Float32Array>,
  { count, execute, wind, rng }: { count: number; execute: number; wind: number; rng: Rng },
): Promise<WindyOutcome> {
  const carts = Array.from({ length: count }, () => ({
    x: -1,
    y: rng.range(-START_SPREAD, START_SPREAD),
    hit: false,
    lastMove: 0,
    flips: 0,
    executor: createChunkExecutor({ size: PLANNED, execute, latencySteps: 0 }, 2),
  }));
  const size = PLANNED * 2;
  for (let step = 0; step < STEPS; step++) {
    for (const { executor } of carts) executor.beginTick();
    if (carts[0]!.executor.planDue()) {
      const chunks = await plan(Float32Array.from(carts.flatMap(({ x, y }) => [x, y / DETOUR])));
      for (const [index, cart] of carts.entries()) cart.executor.accept(chunks.slice(index * size, (index + 1) * size));
    }
    for (const cart of carts) {
      const [dx = 0, dy = 0] = cart.executor.action();
      cart.x += dx * SCALE;
      cart.y += dy * SCALE + (step >= STEPS / 2 ? wind : 0);
      cart.hit ||= Math.hypot(cart.x, cart.y) < POST_RADIUS;
      const turned = dy * cart.lastMove < 0 && Math.min(Math.abs(dy), Math.abs(cart.lastMove)) * SCALE > TURN;
      if (step > 0 && step < EARLY) cart.flips += Number(turned);
      cart.lastMove = dy;
    }
  }
  const average = (of: (cart: (typeof carts)[number]) => number) =>
    carts.reduce((sum, cart) => sum + of(cart), 0) / count;
  return {
    success: average(({ hit, y }) => Number(!hit && Math.abs(y) < END_TOLERANCE)),
    collisions: average(({ hit }) => Number(hit)),
    finalError: average(({ y }) => Math.abs(y)),
    flips: average(({ flips }) => flips / (EARLY - 1)),
  };
}
