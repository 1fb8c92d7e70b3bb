import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRng } from '../../../../main/api/rng.ts';
import { createOperator } from '../../../../native/sim/people/operator.ts';
import { axesReport, buttonsReport } from '../../../../native/sim/people/spacemouse-report.ts';
import type { Truth } from '../../../../native/sim/physics/readings.ts';
import { axesOf, gripperOf } from '../drive.ts';

const started: Truth = {
  simTimeSec: 0,
  baseFromTool: { positionM: [0.52, 0.1, 0.11], orientation: [1, 0, 0, 0] },
  openingM: 0.008,
  tipM: [0.52, 0.1, 0.065],
  holeM: [0.53, 0.09, 0.03],
  baseFromObject: { positionM: [0.52, 0.1, 0.095], orientation: [0, 0, 0, 1] },
  socketYawRad: 0,
  objectTiltRad: 0,
  depthM: -0.035,
  lateralErrorM: 0.0141,
  contactForceN: 0,
};

test('reports are the bytes that a wireless puck sends', () => {
  assert.deepEqual([...axesReport([1, -1, 0.5, 0, 2, -0.02])], [1, 94, 1, 162, 254, 175, 0, 0, 0, 94, 1, 249, 255]);
  assert.deepEqual([...buttonsReport(0b1_0000_0010)], [3, 2, 1]);
});

test('demonstrating: drives from the first tick, towards the hole', () => {
  const operator = createOperator({ rng: createRng(3), mode: 'demonstrate' });
  operator.begin(started);
  const sums = [0, 0, 0, 0, 0, 0];
  for (let tick = 0; tick < 20; tick++) {
    const [report] = operator.tick(started);
    assert.equal(report?.[0], 1);
    axesOf(report!).forEach((axis, index) => {
      sums[index]! += axis;
    });
  }
  // Base +x is the puck's −y, away from the person; base −y is its +x; base −z is its +z, a press down.
  assert.ok(sums[1]! < -2 && sums[0]! > 2, `puck ${sums}`);
});

test('supervising: watches while all is well, takes over at a stall, lets go after progress', () => {
  const operator = createOperator({ rng: createRng(4), mode: 'supervise', takeover: 'hold' });
  operator.begin(started);
  assert.deepEqual([...operator.tick(started).at(-1)!], [3, 0, 0], 'a button that is still down from before comes up');
  let tick = 1;
  while (!operator.driving() && tick < 40) {
    tick++;
    const reports = operator.tick(started);
    if (operator.driving()) {
      assert.deepEqual([...reports.at(-1)!], [3, 1, 0], 'the button goes down, after the hand has moved');
      break;
    }
    assert.deepEqual(axesOf(reports[0]!), [0, 0, 0, 0, 0, 0]);
  }
  assert.equal(tick, 18);
  assert.equal(operator.reason(), 'stall');
  for (let driven = 0; driven < 5; driven++) operator.tick(started);
  assert.ok(operator.driving());
  const closer: Truth = { ...started, depthM: -0.02 };
  assert.deepEqual([...operator.tick(closer).at(-1)!], [3, 0, 0], 'the button comes up');
  assert.ok(!operator.driving());
  assert.equal(operator.takeovers(), 1);
});

test('supervising: takes over when the policy strays, and when it jams', () => {
  const stray = createOperator({ rng: createRng(5), mode: 'supervise' });
  stray.begin(started);
  stray.tick({ ...started, lateralErrorM: 0.06 });
  assert.equal(stray.reason(), 'stray');
  const jam = createOperator({ rng: createRng(6), mode: 'supervise' });
  jam.begin(started);
  for (let tick = 0; tick < 8; tick++) jam.tick({ ...started, contactForceN: 30 });
  assert.equal(jam.reason(), 'jam');
});

/** The tool over a block on the table, with open fingers, 20 mm too high. */
const overBlock: Truth = {
  ...started,
  baseFromTool: { positionM: [0.48, -0.05, 0.042], orientation: [1, 0, 0, 0] },
  baseFromObject: { positionM: [0.48, -0.05, 0.02], orientation: [0, 0, 0, 1] },
  openingM: 0.04,
  holeM: [0, 0, 0],
};
const at = (heightM: number, blockHeightM: number, openingM: number): Truth => ({
  ...overBlock,
  openingM,
  baseFromTool: { positionM: [0.48, -0.05, heightM], orientation: [1, 0, 0, 0] },
  baseFromObject: { positionM: [0.48, -0.05, blockHeightM], orientation: [0, 0, 0, 1] },
});

test('supervising a grasp: takes over at a stall, closes by button, and lets go only when the block is on its way', () => {
  const operator = createOperator({
    task: 'lift',
    rng: createRng(8),
    mode: 'supervise',
    takeover: 'hold',
    holdButton: 2,
  });
  operator.begin(overBlock);
  for (let tick = 0; !operator.driving() && tick < 40; tick++) operator.tick(overBlock);
  assert.equal(operator.reason(), 'stall');
  /** The scene stays the same until the operator presses the expected button. */
  const until = (truth: Truth, done: (reports: readonly Uint8Array[]) => boolean, what: string) => {
    for (let tick = 0; tick < 30; tick++) if (done(operator.tick(truth))) return;
    assert.fail(`not within 30 periods: ${what}`);
  };
  until(overBlock, ([axes]) => axesOf(axes!)[2] > 0.2, 'presses the puck down');
  const around = (opening: number) => at(0.022, 0.02, opening);
  until(around(0.04), (reports) => gripperOf(reports[1]) === -1 && reports[2]?.[1] === 1 << 2, 'closes, still driving');
  for (let tick = 0; tick < 3; tick++) operator.tick(around(0.02));
  assert.ok(operator.driving(), 'no gain yet, and fingers that close are left to close');
  until(around(0.02), ([axes]) => axesOf(axes!)[2] < -0.2, 'lifts');
  until(at(0.06, 0.058, 0.02), () => !operator.driving(), 'lets go');
});

test('supervising a grasp: fingers that have closed on nothing are opened first', () => {
  const operator = createOperator({ task: 'lift', rng: createRng(9), mode: 'demonstrate' });
  operator.begin(at(0.1, 0.02, 0));
  let pressed = 0;
  for (let tick = 0; tick < 8; tick++) pressed ||= gripperOf(operator.tick(at(0.1, 0.02, 0))[1]);
  assert.equal(pressed, 1);
  assert.throws(
    () => createOperator({ task: 'lift', rng: createRng(1), mode: 'supervise', takeover: 'hold' }),
    /button 0 moves the gripper in lift/,
  );
});

test('supervising a grasp: fingers that close away from the block are noticed, and the grasp is made before letting go', () => {
  const operator = createOperator({ task: 'lift', rng: createRng(10), mode: 'supervise' });
  operator.begin(at(0.2, 0.02, 0.04));
  const early = at(0.15, 0.02, 0.01);
  for (let tick = 0; !operator.driving() && tick < 6; tick++) operator.tick(early);
  assert.equal(operator.reason(), 'empty');
  for (const heightM of [0.11, 0.08, 0.05]) {
    for (let tick = 0; tick < 5; tick++) operator.tick(at(heightM, 0.02, 0.04));
    assert.ok(operator.driving(), `she has gained much at ${heightM} m, but holds nothing`);
  }
  for (let tick = 0; tick < 25 && operator.driving(); tick++) operator.tick(at(0.022, 0.02, tick < 6 ? 0.04 : 0.02));
  assert.ok(operator.driving(), 'the block is still on the table');
  for (let tick = 0; tick < 5 && operator.driving(); tick++) operator.tick(at(0.03, 0.028, 0.02));
  assert.ok(!operator.driving(), 'the block is off the table');
});

test('supervising a grasp: a hand too low for the socket is raised before it closes, a hand that passes is left alone', () => {
  const peg = (toolHeightM: number, openingM: number, pegHeightM = 0.03): Truth => ({
    ...started,
    baseFromTool: { positionM: [0.48, -0.1, toolHeightM], orientation: [1, 0, 0, 0] },
    baseFromObject: { positionM: [0.48, -0.1, pegHeightM], orientation: [0, 0, 0, 1] },
    openingM,
    lateralErrorM: 0.2,
    depthM: 0.03,
  });
  const operator = createOperator({ task: 'pick-insert', rng: createRng(11), mode: 'supervise' });
  operator.begin(peg(0.11, 0.04));
  for (const heightM of [0.09, 0.07, 0.05, 0.045, 0.042]) operator.tick(peg(heightM, 0.04));
  assert.ok(!operator.driving(), 'the hand is where a person grasps');
  operator.tick(peg(0.03, 0.04));
  assert.ok(!operator.driving(), 'one look is not enough');
  const [report] = [operator.tick(peg(0.03, 0.04)), operator.tick(peg(0.03, 0.04))].at(-1)!;
  assert.equal(operator.reason(), 'low');
  assert.ok(axesOf(report!)[2] < 0, 'raises the hand');
  for (let tick = 0; tick < 20; tick++) operator.tick(peg(0.045, tick < 8 ? 0.04 : 0.008));
  assert.ok(operator.driving(), 'the peg is still on the table');
  for (let tick = 0; tick < 5 && operator.driving(); tick++) operator.tick(peg(0.055, 0.008, 0.04));
  assert.ok(!operator.driving(), 'the peg is held');
});
