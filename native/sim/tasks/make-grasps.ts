/**
 * Makes `grasp-pool.json`: `node native/sim/tasks/make-grasps.ts`. A scripted hand that sees the peg with an error
 * picks it up and carries it above the socket; a peg that slipped or tilted is left out. Deterministic: every attempt
 * follows from the first seed of its range and its number.
 */
import { writeFileSync } from 'node:fs';
import { createRng } from '../../../main/api/rng.ts';
import { SEED_RANGES, type SeedRange } from '../../../main/api/task.ts';
import { toolDown, yawOf, yawOrientation } from '../physics/frames.ts';
import { FINGER_OPEN_M, PEG_LENGTH_M, PHYSICS_HZ } from '../physics/model.ts';
import { loadMujoco } from '../physics/mujoco.ts';
import { createPhysics, type Physics, readReadings } from '../physics/physics.ts';
import { truthOf } from '../physics/readings.ts';
import { GRASPS_PER_POOL, type Grasp } from './grasp-pool.ts';
import { homePosture } from './task.ts';

const SEEN_ERROR_M = 0.0015;
const SEEN_ERROR_RAD = 0.02;
const GRASP_HEIGHT_M = 0.045;
const CARRY_HEIGHT_M = 0.14;

/** Makes one attempt. Returns `undefined` when the peg was lost or is tilted in the hand. */
export function tryGrasp(physics: Physics, range: SeedRange, attempt: number): Grasp | undefined {
  const rng = createRng(SEED_RANGES[range].first).split(`grasp ${attempt}`);
  const pegYaw = rng.range(-0.15, 0.15);
  physics.arrange({
    armRad: homePosture(rng),
    fingerM: FINGER_OPEN_M,
    gripper: 'open',
    socket: undefined,
    baseFromObject: {
      positionM: [0.48 + rng.range(-0.03, 0.03), -0.1 + rng.range(-0.03, 0.03), PEG_LENGTH_M / 2],
      orientation: yawOrientation(pegYaw),
    },
  });
  const { positionM, orientation } = truthOf(readReadings(physics)).baseFromObject;
  const x = positionM[0] + rng.range(-SEEN_ERROR_M, SEEN_ERROR_M);
  const y = positionM[1] + rng.range(-SEEN_ERROR_M, SEEN_ERROR_M);
  const yaw = yawOf(orientation) + rng.range(-SEEN_ERROR_RAD, SEEN_ERROR_RAD);

  let gripper: 'open' | 'close' = 'open';
  const move = (toX: number, toY: number, toZ: number, toYaw: number, rampSec: number, restSec: number) => {
    const baseFromTool = { positionM: [toX, toY, toZ] as const, orientation: toolDown(toYaw) };
    physics.command({ baseFromTool, gripper, rampMs: rampSec * 1000 });
    for (let step = 0; step < (rampSec + restSec) * PHYSICS_HZ; step++) physics.step();
  };
  move(x, y, CARRY_HEIGHT_M, yaw, 1.5, 0.3);
  move(x, y, GRASP_HEIGHT_M, yaw, 0.6, 0.4);
  gripper = 'close';
  move(x, y, GRASP_HEIGHT_M, yaw, 0, 0.6);
  move(x, y, CARRY_HEIGHT_M, yaw, 0.8, 0.1);
  const overX = 0.52 + rng.range(-0.03, 0.03);
  const overY = 0.1 + rng.range(-0.03, 0.03);
  move(overX, overY, rng.range(0.1, 0.12), rng.range(-0.08, 0.08), 1.2, 0.8);

  const truth = truthOf(readReadings(physics));
  if (truth.tipM[2] < GRASP_HEIGHT_M || truth.objectTiltRad > 0.2) return undefined;
  return Array.from(physics.readConfiguration(), (value) => Math.round(value * 1e8) / 1e8);
}

async function main(): Promise<void> {
  const physics = createPhysics(await loadMujoco(), { object: 'peg' });
  const pools = Object.fromEntries(
    Object.keys(SEED_RANGES).map((range) => {
      const pool: Grasp[] = [];
      for (let attempt = 0; pool.length < GRASPS_PER_POOL; attempt++) {
        // The keys of SEED_RANGES are its ranges, but `Object.keys` returns strings.
        const grasp = tryGrasp(physics, range as SeedRange, attempt);
        if (grasp) pool.push(grasp);
        else console.log(`${range}: attempt ${attempt} lost the peg`);
      }
      return [range, pool];
    }),
  );
  physics.dispose();
  const rows = Object.entries(pools).map(
    ([range, pool]) => `"${range}": [\n${pool.map((grasp) => JSON.stringify(grasp)).join(',\n')}\n]`,
  );
  writeFileSync(new URL('./grasp-pool.json', import.meta.url), `{\n${rows.join(',\n')}\n}\n`);
}

if (import.meta.main) await main();
