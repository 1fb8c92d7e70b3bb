/**
 * Sparse reach: a point on a table has to touch a goal within 30 steps, and is paid only then. Lengths in m.
 * Observation [x, y, goalX, goalY]; action [-1, 1]², 0.05 m per unit. Goals lie on a circle of 0.6 m; `arc` says which part of it.
 * A bonus per step can be placed in a ring around the goal: a reward that is not what was meant.
 */
import type { Rng } from '../../../main/api/rng.ts';
import type { Environment } from '../../learn/ppo-rollouts.ts';

export const REACH_STEPS = 30;
export const REACH_OBSERVATION = 4;
export const REACH_ACTION = 2;
const STEP_M = 0.05;
const GOAL_RADIUS_M = 0.6;
const TOLERANCE_M = 0.1;
const START_SPREAD_M = 0.1;

export type Arc = 'all' | 'right half' | 'left half';

export interface ReachOptions {
  readonly count: number;
  readonly arc: Arc;
  readonly rng: Rng;
  /** Paid per step while the distance to the goal is in [from, to). */
  readonly bonus?: { readonly perStep: number; readonly fromM: number; readonly toM: number };
}

interface Point {
  readonly position: Float64Array;
  readonly goal: Float64Array;
  age: number;
}

export function createReach({ count, arc, rng, bonus }: ReachOptions): Environment {
  let points: Point[] = [];
  const observe = () => Float32Array.from(points.flatMap(({ position, goal }) => [...position, ...goal]));
  return {
    count,
    observationSize: REACH_OBSERVATION,
    actionSize: REACH_ACTION,
    reset: () => {
      points = Array.from({ length: count }, () => begin(arc, rng));
      return observe();
    },
    step: (actions) => {
      const reward = new Float32Array(count);
      const terminated = new Uint8Array(count);
      const truncated = new Uint8Array(count);
      points.forEach((point, index) => {
        const distance = move(point, actions[2 * index]!, actions[2 * index + 1]!);
        point.age += 1;
        terminated[index] = Number(distance < TOLERANCE_M);
        truncated[index] = Number(!terminated[index] && point.age === REACH_STEPS);
        const paid = bonus && distance >= bonus.fromM && distance < bonus.toM ? bonus.perStep : 0;
        reward[index] = terminated[index]! + paid;
      });
      const next = observe();
      points = points.map((point, index) => (terminated[index] || truncated[index] ? begin(arc, rng) : point));
      return { reward, terminated, truncated, next, observation: observe() };
    },
  };
}

/** Share of `count` episodes that touch the goal; `act` maps observations [N, 4] to actions [N, 2]. */
export async function reachSuccess(
  act: (observation: Float32Array) => Promise<Float32Array>,
  options: ReachOptions,
): Promise<number> {
  const task = createReach(options);
  const touched = new Set<number>();
  const over = new Set<number>();
  let observation = task.reset();
  for (let step = 0; step < REACH_STEPS; step++) {
    const result = task.step(await act(observation));
    for (let index = 0; index < options.count; index++) {
      if (result.terminated[index] && !over.has(index)) touched.add(index);
      if (result.terminated[index] || result.truncated[index]) over.add(index);
    }
    observation = result.observation;
  }
  return touched.size / options.count;
}

/** Straight at the goal with a hand that is not quite steady: `noise` is the deviation of each component. */
export function reachDemonstrations(episodes: number, arc: Arc, noise: number, rng: Rng) {
  const observations: number[] = [];
  const actions: number[] = [];
  for (let episode = 0; episode < episodes; episode++) {
    const point = begin(arc, rng);
    for (let step = 0; step < REACH_STEPS; step++) {
      const away = [point.goal[0]! - point.position[0]!, point.goal[1]! - point.position[1]!];
      const distance = Math.hypot(...away);
      const action = away.map((part) =>
        clip((part / distance) * Math.min(1, distance / STEP_M) + noise * rng.normal()),
      );
      observations.push(...point.position, ...point.goal);
      actions.push(...action);
      if (move(point, action[0]!, action[1]!) < TOLERANCE_M) break;
    }
  }
  return { observations: Float32Array.from(observations), actions: Float32Array.from(actions) };
}

function begin(arc: Arc, rng: Rng): Point {
  const half = arc === 'all' ? Math.PI : Math.PI / 2;
  const angle = rng.range(-half, half) + (arc === 'left half' ? Math.PI : 0);
  return {
    position: Float64Array.of(rng.range(-START_SPREAD_M, START_SPREAD_M), rng.range(-START_SPREAD_M, START_SPREAD_M)),
    goal: Float64Array.of(GOAL_RADIUS_M * Math.cos(angle), GOAL_RADIUS_M * Math.sin(angle)),
    age: 0,
  };
}

/** Moves, and returns the distance to the goal. */
function move({ position, goal }: Point, dx: number, dy: number): number {
  position[0]! += STEP_M * clip(dx);
  position[1]! += STEP_M * clip(dy);
  return Math.hypot(goal[0]! - position[0]!, goal[1]! - position[1]!);
}

const clip = (value: number) => Math.min(1, Math.max(-1, value));
