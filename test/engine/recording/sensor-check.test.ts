/**
 * The engine's check of measurements. A reading that is not finite, or an incomplete picture, is a fault of its sensor.
 * The sensor is named, the arm holds, and nothing of the snapshot is stored. Recording continues when the sensor is
 * back.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mode } from '../../../main/api/episode.ts';
import type { Snapshot } from '../../../native/device.ts';
import { createFakeCell, type FakeCell } from '../../native/fake-cell.ts';
import { type Bench, bench, ticks } from '../rig.ts';

const NAN = Number.NaN;
const withState = (snapshot: Snapshot, change: Partial<Snapshot['state']>): Snapshot => ({
  ...snapshot,
  state: { ...snapshot.state, ...change },
});
const withPad = (snapshot: Snapshot, change: Partial<Snapshot['tactile'][number]>): Snapshot => ({
  ...snapshot,
  tactile: snapshot.tactile.map((pad, index) => (index === 0 ? { ...pad, ...change } : pad)),
});

const FAULTS: readonly [name: string, sensor: string, spoil: (snapshot: Snapshot) => Snapshot][] = [
  ['a taxel', 'tactile pad left', (s) => withPad(s, { forceN: new Float32Array(12).fill(NAN, 3, 4) })],
  ['a pad as a whole', 'tactile pad left', (s) => withPad(s, { total: [NAN, 0, 0, 0] })],
  ['the wrench', 'the force sensor', (s) => withState(s, { wrenchInTool: [0, 0, Number.POSITIVE_INFINITY, 0, 0, 0] })],
  ['a joint', 'the joint sensors', (s) => withState(s, { jointPositionsRad: [0, NAN] })],
  ['the gripper', 'the gripper', (s) => withState(s, { gripperOpeningM: NAN })],
  ['the velocity', "the arm's velocity", (s) => withState(s, { twistInTool: [0, NAN, 0, 0, 0, 0] })],
  [
    'the pose',
    "the arm's pose",
    (s) => withState(s, { baseFromTool: { ...s.state.baseFromTool, positionM: [NAN, 0, 0] } }),
  ],
  [
    'an orientation that is none',
    "the arm's pose",
    (s) => withState(s, { baseFromTool: { ...s.state.baseFromTool, orientation: [0, 0, 0, 0] } }),
  ],
  ['the state estimate', 'state estimate', (s) => ({ ...s, stateEstimate: Float32Array.of(0, NAN) })],
  [
    'a picture that was cut off',
    'camera wrist',
    (s) => ({ ...s, frames: s.frames.map((frame) => ({ ...frame, rgb: frame.rgb.subarray(0, 47) })) }),
  ],
];

/** A cell whose captures are spoilt for as long as `spoil` is set. */
function unreliableCell() {
  const fake = createFakeCell();
  const spoilt: { spoil: ((snapshot: Snapshot) => Snapshot) | undefined } = { spoil: undefined };
  const cell: FakeCell = {
    ...fake,
    capture: async () => {
      const snapshot = await fake.capture();
      return spoilt.spoil ? spoilt.spoil(snapshot) : snapshot;
    },
  };
  return { cell, spoilt };
}

/** Returns the faults and the error notices. One event must be in only one of the two. */
const errorsOf = ({ faults, messages }: Bench) => [
  ...faults.map(({ what, armDoes, remedy }) => `${what} ${armDoes} ${remedy}`),
  ...messages.flatMap((message) => {
    const { kind, level, text, remedy } = message as { kind: string; level?: string; text?: string; remedy?: string };
    return kind === 'notice' && level === 'error' ? [`${text} ${remedy}`] : [];
  }),
];

for (const mode of ['demonstrate', 'run'] satisfies readonly Mode[])
  for (const [name, sensor, spoil] of FAULTS)
    test(`${name} fails in mode ${mode}: named once, held, not stored, and recording goes on when it is back`, async () => {
      const { cell, spoilt } = unreliableCell();
      const rig = await bench({ cell });
      await rig.begin(mode);
      await ticks(rig.engine, 4);
      const stored = rig.writer.episodes[0]?.steps.length ?? 0;
      assert.ok(stored > 0 && rig.engine.loop.phase() === 'running');
      spoilt.spoil = spoil;
      await ticks(rig.engine, 6);
      assert.equal(rig.engine.loop.phase(), 'hold');
      const [said, ...more] = errorsOf(rig);
      assert.ok(said?.includes(sensor), said);
      assert.match(said ?? '', /A sensor fails: .* expected .*not stored\. Check .*then press Resume/);
      assert.deepEqual(more, [], 'one event is told once');
      assert.equal(rig.writer.episodes[0]?.steps.length, stored);
      assert.deepEqual(rig.writer.episodes[0]?.end, { outcome: 'aborted', judge: 'engine' });
      for (const { next } of rig.writer.episodes[0]?.steps ?? [])
        assert.ok([...next.proprioception, ...next.wrenchInTool, ...next.jointPositionsRad].every(Number.isFinite));

      // The sensor is still broken: the next episode holds at its first observation and reports it again.
      await rig.begin(mode);
      await ticks(rig.engine, 3);
      assert.equal(rig.engine.loop.phase(), 'hold');
      assert.equal(errorsOf(rig).length, 2);
      assert.equal(rig.writer.episodes.length, 1);

      spoilt.spoil = undefined;
      await rig.begin(mode);
      await ticks(rig.engine, 4);
      assert.equal(rig.engine.loop.phase(), 'running');
      assert.ok((rig.writer.episodes[1]?.steps.length ?? 0) > 0);
    });

test('a live engine that is held takes pictures on, and tells a broken sensor once', async () => {
  const { cell, spoilt } = unreliableCell();
  const rig = await bench({ cell, pace: { kind: 'host' } });
  spoilt.spoil = (snapshot) => withState(snapshot, { gripperOpeningM: NAN });
  await ticks(rig.engine, 5);
  assert.equal(errorsOf(rig).length, 1, errorsOf(rig).join('\n'));
});

test('a reset that ends in a pose that is no number has failed', async () => {
  const fake = createFakeCell();
  let broken = true;
  const cell: FakeCell = {
    ...fake,
    state: () => {
      const state = fake.state();
      return broken ? { ...state, baseFromTool: { ...state.baseFromTool, positionM: [NAN, 0, 0] } } : state;
    },
  };
  const rig = await bench({ cell });
  await rig.engine.loop.reset(1);
  assert.equal(rig.engine.loop.phase(), 'hold');
  assert.match(errorsOf(rig)[0] ?? '', /The reset failed: the arm measures a pose that is not a finite number/);
  broken = false;
  rig.engine.loop.release();
  await rig.engine.loop.reset(1);
  assert.equal(rig.engine.loop.phase(), 'ready');
});

test('an embedding that is not finite is not stored; it can be computed again from the pictures', async () => {
  const rig = await bench();
  rig.policy.say(() => ({
    ...{ kind: 'proposal', action: new Float32Array(7), computeMs: 1, saturation: 0 },
    embedding: Float32Array.of(1, NAN),
  }));
  await rig.begin();
  await ticks(rig.engine, 4);
  const [episode] = rig.writer.episodes;
  assert.ok((episode?.steps.length ?? 0) > 0);
  assert.ok(episode?.steps.every(({ next }) => next.embedding === undefined));
  assert.deepEqual(rig.writer.embeddings, []);
});
