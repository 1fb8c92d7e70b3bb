/** Sweeps past every limit (first making sure that the sweep does go past it), then properties over random commands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  angleBetween,
  compose,
  fromRotationVector,
  type Quaternion,
  rotate,
  type Vec3,
  type Vec6,
} from '../../../main/api/geometry.ts';
import type { SafetyLimits } from '../../../main/api/limits.ts';
import {
  limitCommand,
  type MeasuredState,
  type SafetyCommand,
  type SafetyMemory,
} from '../../../main/engine/loop/safety.ts';

const LIMITS: SafetyLimits = {
  workspaceLowM: [0.3, -0.2, 0.05],
  workspaceHighM: [0.7, 0.2, 0.5],
  maxTiltRad: 0.4,
  maxLinearMPerSec: 0.25,
  maxAngularRadPerSec: 0.8,
  maxSetPointLeadM: 0.02,
  maxSetPointLeadRad: 0.12,
  softForceN: 20,
  stopForceN: 50,
  maxStateAgeMs: 150,
  gripperRefractoryMs: 500,
};
const DOWN: Quaternion = [1, 0, 0, 0];
const MEMORY: SafetyMemory = { resetOrientation: DOWN, gripper: 'close', gripperSinceMs: 0 };
const NOW = 10_000;
const CENTRE: Vec3 = [0.5, 0, 0.3];

const measuredAt = (
  positionM: Vec3,
  orientation: Quaternion = DOWN,
  wrenchInTool: Vec6 = [0, 0, 0, 0, 0, 0],
  timeMs = NOW,
): MeasuredState => ({ timeMs, baseFromTool: { positionM, orientation }, wrenchInTool });
const commandTo = (positionM: Vec3, orientation: Quaternion = DOWN, rampMs = 100): SafetyCommand => ({
  baseFromTool: { positionM, orientation },
  gripper: 'close',
  rampMs,
});
const limit = (command: SafetyCommand, measured: MeasuredState, limits = LIMITS, memory = MEMORY) =>
  limitCommand(command, measured, limits, NOW, memory);
const moved = (verdict: ReturnType<typeof limit>) => {
  assert.equal(verdict.command.kind, 'move');
  return verdict.command.kind === 'move' ? verdict.command.setPoint : assert.fail();
};
const sweep = (low: number, high: number, count = 201) =>
  Array.from({ length: count }, (_, index) => low + ((high - low) * index) / (count - 1));
const mustExceed = (values: readonly number[], limitValue: number) => {
  assert.ok(Math.max(...values) > limitValue * 1.2, 'the sweep must go past the limit');
  assert.ok(Math.min(...values) < limitValue * 0.8, 'the sweep must begin inside it');
};
const between = (a: Vec3, b: Vec3) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
const EPS = 1e-6;

test('workspace: every face of the box, from just inside it', () => {
  for (const axis of [0, 1, 2] as const)
    for (const side of [-1, 1]) {
      const face = side < 0 ? LIMITS.workspaceLowM[axis] : LIMITS.workspaceHighM[axis];
      const from: Vec3 = [...CENTRE];
      const start = CENTRE.map((value, index) => (index === axis ? face - side * 0.005 : value));
      const steps = sweep(0, 0.015);
      mustExceed(steps, 0.005);
      for (const step of steps) {
        const target = start.map((value, index) => (index === axis ? value + side * step : value));
        const verdict = limit(
          commandTo([target[0]!, target[1]!, target[2]!]),
          measuredAt([start[0]!, start[1]!, start[2]!]),
        );
        const reached = moved(verdict).baseFromTool.positionM[axis];
        assert.ok(side * (reached - face) <= EPS, `axis ${axis}: ${reached} is past ${face}`);
        assert.equal(verdict.events.includes('workspace'), step > 0.005 + EPS);
        if (step < 0.005) assert.ok(Math.abs(reached - target[axis]!) < EPS);
      }
      assert.ok(from.length === 3);
    }
});

test('linear speed and lead: distance asked for, whichever limit is the nearer', () => {
  for (const rampMs of [20, 50, 100, 400]) {
    const speedReachM = (LIMITS.maxLinearMPerSec * rampMs) / 1000;
    const reachM = Math.min(speedReachM, LIMITS.maxSetPointLeadM);
    const distances = sweep(0, 0.12);
    mustExceed(distances, reachM);
    for (const distance of distances) {
      const verdict = limit(commandTo([0.5 + distance, 0, 0.3], DOWN, rampMs), measuredAt(CENTRE));
      const got = between(moved(verdict).baseFromTool.positionM, CENTRE);
      assert.ok(Math.abs(got - Math.min(distance, reachM)) < EPS, `${distance} m in ${rampMs} ms gave ${got} m`);
      assert.equal(verdict.events.includes('linear-speed'), distance > speedReachM + EPS);
      if (distance <= reachM) assert.deepEqual(verdict.events, []);
    }
  }
});

test('angular speed, angular lead and tilt', () => {
  for (const rampMs of [50, 100, 400]) {
    const reachRad = Math.min((LIMITS.maxAngularRadPerSec * rampMs) / 1000, LIMITS.maxSetPointLeadRad);
    const turns = sweep(0, 0.8);
    mustExceed(turns, reachRad);
    for (const turn of turns) {
      const verdict = limit(
        commandTo(CENTRE, compose(DOWN, fromRotationVector([0, 0, turn])), rampMs),
        measuredAt(CENTRE),
      );
      const got = angleBetween(DOWN, moved(verdict).baseFromTool.orientation);
      assert.ok(Math.abs(got - Math.min(turn, reachRad)) < EPS, `${turn} rad in ${rampMs} ms gave ${got}`);
    }
  }
  const start = compose(DOWN, fromRotationVector([LIMITS.maxTiltRad - 0.03, 0, 0]));
  const tilts = sweep(0, 0.08);
  mustExceed(tilts, 0.03);
  for (const more of tilts) {
    const target = compose(DOWN, fromRotationVector([LIMITS.maxTiltRad - 0.03 + more, 0, 0]));
    const verdict = limit(commandTo(CENTRE, target), measuredAt(CENTRE, start));
    assert.ok(tiltOf(moved(verdict).baseFromTool.orientation) <= LIMITS.maxTiltRad + EPS);
    assert.equal(verdict.events.includes('tilt'), more > 0.03 + EPS);
  }
});

const tiltOf = (orientation: Quaternion) => {
  const axis = rotate(orientation, [0, 0, 1]);
  return Math.acos(Math.min(1, Math.max(-1, -axis[2])));
};

test('force: above the soft limit nothing moves further in, above the stop limit nothing moves', () => {
  const forces = sweep(0, 80);
  mustExceed(forces, LIMITS.softForceN);
  mustExceed(forces, LIMITS.stopForceN);
  for (const forceN of forces) {
    // The tool points down and presses on a table: the table pushes it up, which is −z of the tool.
    const measured = measuredAt(CENTRE, DOWN, [0, 0, -forceN, 0, 0, 0]);
    const down = limit(commandTo([0.505, 0, 0.295]), measured);
    if (forceN > LIMITS.stopForceN) {
      assert.deepEqual(down.command, { kind: 'hold', cause: 'stop-force' });
      continue;
    }
    const [x, , z] = moved(down).baseFromTool.positionM;
    assert.ok(Math.abs(x - 0.505) < EPS, 'sliding along the contact stays allowed');
    assert.ok(Math.abs(z - (forceN > LIMITS.softForceN ? 0.3 : 0.295)) < EPS);
    assert.equal(down.events.includes('soft-force'), forceN > LIMITS.softForceN);
    const up = limit(commandTo([0.5, 0, 0.305]), measured);
    assert.ok(Math.abs(moved(up).baseFromTool.positionM[2] - 0.305) < EPS, 'backing off is always allowed');
  }
});

test('stale state holds', () => {
  const ages = sweep(0, 400);
  mustExceed(ages, LIMITS.maxStateAgeMs);
  for (const age of ages) {
    const { command } = limit(commandTo(CENTRE), measuredAt(CENTRE, DOWN, [0, 0, 0, 0, 0, 0], NOW - age));
    assert.equal(command.kind, age > LIMITS.maxStateAgeMs ? 'hold' : 'move', `${age} ms`);
  }
});

test('a number that is not one holds, wherever it is', () => {
  const bad = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of bad)
    for (let place = 0; place < 18; place++) {
      const numbers = [0.5, 0, 0.3, 1, 0, 0, 0, 100, 0.5, 0, 0.3, 1, 0, 0, 0, 0, 0, 0];
      numbers[place] = value;
      const n = (index: number) => numbers[index]!;
      const verdict = limit(
        commandTo([n(0), n(1), n(2)], [n(3), n(4), n(5), n(6)], n(7)),
        measuredAt([n(8), n(9), n(10)], [n(11), n(12), n(13), n(14)], [n(15), n(16), n(17), 0, 0, 0]),
      );
      assert.deepEqual(verdict.command, { kind: 'hold', cause: 'not-finite' }, `place ${place}, ${value}`);
    }
  assert.equal(limit(commandTo(CENTRE, DOWN, -1), measuredAt(CENTRE)).command.kind, 'hold');
  assert.equal(limit(commandTo(CENTRE, [0, 0, 0, 0]), measuredAt(CENTRE)).command.kind, 'hold');
});

test('gripper: opposite commands keep their distance in time', () => {
  const ages = sweep(0, 1000);
  mustExceed(ages, LIMITS.gripperRefractoryMs);
  for (const age of ages) {
    const memory = { ...MEMORY, gripperSinceMs: NOW - age };
    const verdict = limit({ ...commandTo(CENTRE), gripper: 'open' }, measuredAt(CENTRE), LIMITS, memory);
    const changes = age >= LIMITS.gripperRefractoryMs;
    assert.equal(moved(verdict).gripper, changes ? 'open' : 'close');
    assert.equal(verdict.events.includes('gripper-refractory'), !changes);
    assert.equal(verdict.memory.gripperSinceMs, changes ? NOW : NOW - age);
  }
});

const finite = (low: number, high: number) => fc.double({ min: low, max: high, noNaN: true });
const vector = (low: number, high: number) => fc.tuple(finite(low, high), finite(low, high), finite(low, high));
const orientation = vector(-3, 3).map((turn) => compose(DOWN, fromRotationVector(turn)));
const scene = fc.record({
  command: fc.record({
    baseFromTool: fc.record({ positionM: vector(-1, 1.5), orientation }),
    gripper: fc.constantFrom('open' as const, 'close' as const),
    rampMs: finite(0, 1000),
  }),
  measured: fc.record({
    timeMs: finite(NOW - 300, NOW),
    baseFromTool: fc.record({ positionM: vector(0, 0.8), orientation }),
    wrenchInTool: fc.tuple(
      finite(-40, 40),
      finite(-40, 40),
      finite(-40, 40),
      finite(-2, 2),
      finite(-2, 2),
      finite(-2, 2),
    ),
  }),
  sinceMs: finite(0, 1000),
});

test('property: what comes out satisfies every limit, or goes no further out than the arm already is', () => {
  fc.assert(
    fc.property(scene, ({ command, measured, sinceMs }) => {
      const memory = { ...MEMORY, gripperSinceMs: NOW - sinceMs };
      const verdict = limit(command, measured, LIMITS, memory);
      if (verdict.command.kind === 'hold') return;
      const { setPoint } = verdict.command;
      const from = measured.baseFromTool;
      const to = setPoint.baseFromTool;
      for (const axis of [0, 1, 2] as const) {
        assert.ok(to.positionM[axis] >= Math.min(LIMITS.workspaceLowM[axis], from.positionM[axis]) - EPS);
        assert.ok(to.positionM[axis] <= Math.max(LIMITS.workspaceHighM[axis], from.positionM[axis]) + EPS);
      }
      const distance = between(to.positionM, from.positionM);
      assert.ok(distance <= LIMITS.maxSetPointLeadM + EPS);
      assert.ok(distance <= (LIMITS.maxLinearMPerSec * setPoint.rampMs) / 1000 + EPS);
      const turn = angleBetween(from.orientation, to.orientation);
      assert.ok(turn <= LIMITS.maxSetPointLeadRad + EPS);
      assert.ok(turn <= (LIMITS.maxAngularRadPerSec * setPoint.rampMs) / 1000 + EPS);
      assert.ok(tiltOf(to.orientation) <= Math.max(LIMITS.maxTiltRad, tiltOf(from.orientation)) + EPS);
      const [fx, fy, fz] = rotate(from.orientation, [
        measured.wrenchInTool[0],
        measured.wrenchInTool[1],
        measured.wrenchInTool[2],
      ]);
      const forceN = Math.hypot(fx, fy, fz);
      assert.ok(forceN <= LIMITS.stopForceN + EPS);
      if (forceN > LIMITS.softForceN) {
        const inward =
          -(
            (to.positionM[0] - from.positionM[0]) * fx +
            (to.positionM[1] - from.positionM[1]) * fy +
            (to.positionM[2] - from.positionM[2]) * fz
          ) / forceN;
        assert.ok(inward <= EPS, `${inward} m further into the contact`);
      }
      assert.ok(Math.abs(Math.hypot(...to.orientation) - 1) < EPS);
    }),
    { numRuns: 3000 },
  );
});

test('property: limiting twice changes nothing more', () => {
  fc.assert(
    fc.property(scene, ({ command, measured }) => {
      const first = limit(command, measured);
      if (first.command.kind === 'hold') return;
      const second = limit(first.command.setPoint, measured, LIMITS, first.memory);
      const once = moved(first);
      const twice = moved(second);
      assert.ok(between(once.baseFromTool.positionM, twice.baseFromTool.positionM) < 1e-8);
      assert.ok(angleBetween(once.baseFromTool.orientation, twice.baseFromTool.orientation) < 1e-6);
      assert.deepEqual(second.events, []);
    }),
    { numRuns: 3000 },
  );
});
