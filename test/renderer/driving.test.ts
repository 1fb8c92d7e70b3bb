/**
 * Input state that outlasts its cause: keys, pointers and gamepads whose release never comes, and driving while the arm
 * is not visible.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_TAKEOVER, type Vec6 } from '../../main/api/index.ts';
import { createGamepads, type Pad } from '../../renderer/driving/gamepads.ts';
import { axesFromKeys, FINE_FRACTION, isZero, NEUTRAL, reconciled } from '../../renderer/driving/held-keys.ts';
import { refusalToDrive, SEES_NO_SCENE, WATCHES_A_REPLAY } from '../../renderer/driving/may-drive.ts';
import { PuckDriver, type PuckMessage } from '../../renderer/driving/puck-driver.ts';
import { createScreenGrip, type PointerFacts } from '../../renderer/driving/screen-grip.ts';

const nothing = { ctrl: false, meta: false, alt: false, shift: false };

test('an event that shows Ctrl, Meta or Alt, or is their press or release, lets go of every held key', () => {
  const held = new Set(['KeyW', 'KeyA', 'ShiftLeft']);
  for (const shown of [
    { ...nothing, ctrl: true },
    { ...nothing, meta: true, key: 'w' },
    { ...nothing, alt: true },
    { ...nothing, key: 'Meta' },
    { ...nothing, key: 'Alt' },
    { ...nothing, key: 'AltGraph' },
    { ...nothing, key: 'Control' },
    { ...nothing, key: 'ContextMenu' },
  ])
    assert.ok(isZero(axesFromKeys(reconciled(held, shown))), JSON.stringify(shown));
  assert.equal(reconciled(held, { ...nothing, shift: true, key: 'n' }), held, 'other keys change nothing');
});

test('Shift is fine motion exactly while events show it', () => {
  const size = (held: ReadonlySet<string>) => Math.abs(axesFromKeys(held)[1]);
  const fine = new Set(['KeyW', 'ShiftRight']);
  assert.equal(size(reconciled(fine, { ...nothing, shift: true })), FINE_FRACTION);
  assert.equal(size(reconciled(fine, nothing)), 1, 'its release was lost');
  assert.equal(size(reconciled(new Set(['KeyW']), { ...nothing, shift: true })), FINE_FRACTION, 'its press was lost');
});

const MOUSE: PointerFacts = { pointerId: 1, isPrimary: true, button: 0, buttons: 1 };
const MOVED: PointerFacts = { ...MOUSE, button: -1 };
const at = (x: number, y: number) => ({ x, y });

function grip(mayDrive = () => true) {
  const moves: Vec6[] = [];
  const made = createScreenGrip({ mayDrive, onMove: (axes) => moves.push(axes) });
  return { made, moves };
}

test('the puck on the screen is held by the primary button alone', () => {
  const { made, moves } = grip();
  for (const [button, buttons] of [
    [1, 4],
    [2, 2],
    [3, 8],
    [5, 32],
    [0, 0],
  ] as const)
    assert.equal(made.begin('disc', { ...MOUSE, button, buttons }, at(60, 60)), false);
  assert.equal(made.begin('disc', { ...MOUSE, isPrimary: false }, at(60, 60)), false, 'a second finger');
  assert.equal(made.begin('disc', MOUSE, at(60, 60)), true);
  made.move(MOVED, at(84, 60));
  made.move({ ...MOVED, buttons: 3 }, at(84, 84));
  assert.deepEqual(moves, [
    [1, 0, 0, 0, 0, 0],
    [1, 1, 0, 0, 0, 0],
  ]);
});

test('every sign that the button is up ends the grip with zero, and only the pointer that holds it', () => {
  const ends: readonly ((made: ReturnType<typeof grip>['made']) => void)[] = [
    (made) => made.move({ ...MOVED, buttons: 0 }, at(90, 90)),
    (made) => made.move({ ...MOVED, buttons: 2 }, at(90, 90)),
    (made) => made.reconcile({ ...MOVED, buttons: 0 }, 'move'),
    (made) => made.reconcile({ ...MOUSE, buttons: 0 }, 'up'),
    (made) => made.reconcile({ ...MOUSE, buttons: 0 }, 'cancel'),
    (made) => made.reconcile(MOUSE, 'down'),
    (made) => made.end(),
  ];
  for (const end of ends) {
    const { made, moves } = grip();
    made.begin('bar', MOUSE, at(135, 60));
    made.move(MOVED, at(135, 84));
    made.reconcile({ ...MOVED, pointerId: 7, buttons: 0 }, 'move');
    assert.deepEqual(made.axes(), [0, 0, 1, 0, 0, 0]);
    end(made);
    made.move(MOVED, at(135, 30));
    assert.deepEqual(moves, [[0, 0, 1, 0, 0, 0], NEUTRAL]);
    assert.equal(made.axes(), undefined);
  }
});

test('no grip where driving is refused', () => {
  const { made, moves } = grip(() => false);
  assert.equal(made.begin('ring', MOUSE, at(60, 10)), false);
  made.move(MOVED, at(110, 60));
  assert.deepEqual(moves, []);
});

const TRIGGER = 7;
const pad = (index: number, stick: number, trigger: number, standard = true): Pad => ({
  index,
  name: `Pad ${index}`,
  standard,
  axes: [stick, 0, 0, 0],
  buttons: Array.from({ length: 17 }, (_, button) => (button === TRIGGER ? trigger : 0)),
});

test('each gamepad drives when its trigger is held, in every order; one that rests hides no other', () => {
  for (const [resting, driving] of [
    [0, 1],
    [1, 0],
  ] as const) {
    const unusable = pad(2, 1, 1, false);
    const pads = [pad(resting, 1, 0), unusable, pad(driving, 1, 1)].sort((a, b) => a.index - b.index);
    const found = createGamepads().poll(pads, () => true);
    assert.deepEqual(
      found.filter(({ held }) => held).map(({ index, axes }) => [index, axes[0]]),
      [[driving, 1]],
    );
    assert.ok(found.every(({ index }) => index !== unusable.index));
  }
});

test('a gamepad that is unplugged is zero once more; a trigger that was held while refused must be let go of', () => {
  const gamepads = createGamepads();
  const yes = () => true;
  assert.equal(gamepads.poll([pad(0, 1, 1)], yes)[0]?.held, true);
  assert.deepEqual(gamepads.poll([], yes), [{ index: 0, axes: NEUTRAL, held: false }]);
  assert.deepEqual(gamepads.poll([], yes), []);
  assert.equal(gamepads.poll([pad(0, 1, 1)], () => false)[0]?.held, false);
  assert.equal(gamepads.poll([pad(0, 1, 1)], yes)[0]?.held, false, 'held all the time');
  gamepads.poll([pad(0, 1, 0)], yes);
  assert.equal(gamepads.poll([pad(0, 1, 1)], yes)[0]?.held, true);
});

test('keys, screen and gamepads are one puck: a resting stick takes no lead, and each can be let go of alone', () => {
  const sent: PuckMessage[] = [];
  const driver = new PuckDriver(
    (message) => sent.push(message),
    () => DEFAULT_TAKEOVER,
  );
  driver.set('keyboard', [0, -1, 0, 0, 0, 0], 0);
  driver.set('gamepad 0', [0.011, 0, 0, 0, 0, 0], 0);
  driver.beat();
  assert.deepEqual(sent.at(-1), { source: 'keyboard', axes: [0, -1, 0, 0, 0, 0], buttons: 0 });
  driver.set('gamepad 1', [0.8, 0, 0, 0, 0, 0], 4);
  assert.deepEqual(sent.at(-1), { source: 'gamepad', axes: [0.8, 0, 0, 0, 0, 0], buttons: 4 });
  driver.set('gamepad 1', NEUTRAL, 0);
  assert.deepEqual(sent.at(-1), { source: 'keyboard', axes: [0, -1, 0, 0, 0, 0], buttons: 0 });
  driver.release();
  assert.deepEqual([sent.at(-1)?.axes, driver.active], [NEUTRAL, false]);
  const count = sent.length;
  driver.beat();
  assert.equal(sent.length, count);
});

test('whatever was held, when all has been let go of the newest message is zero', () => {
  const sources = ['screen', 'keyboard', 'gamepad 0', 'gamepad 1'] as const;
  const steps = fc.array(
    fc.tuple(fc.constantFrom(...sources), fc.constantFrom(-1, -0.05, 0, 0.05, 0.1, 0.3, 1), fc.constantFrom(0, 1)),
  );
  fc.assert(
    fc.property(steps, (sequence) => {
      const sent: PuckMessage[] = [];
      const driver = new PuckDriver(
        (message) => sent.push(message),
        () => DEFAULT_TAKEOVER,
      );
      for (const [source, x, buttons] of sequence) driver.set(source, [x, 0, 0, 0, 0, 0], buttons);
      for (const source of sources) driver.set(source, NEUTRAL, 0);
      const last = sent.at(-1);
      assert.ok(last === undefined || (isZero(last.axes) && last.buttons === 0));
      assert.equal(driver.active, false);
    }),
  );
});

test('an arm that is not drawn cannot be driven, except by the cameras', () => {
  const sight = { replay: undefined, sceneMissing: undefined, drivesByCameras: false };
  assert.equal(refusalToDrive(sight), undefined);
  assert.equal(refusalToDrive({ ...sight, replay: {} }), WATCHES_A_REPLAY);
  assert.equal(refusalToDrive({ ...sight, sceneMissing: 'the drawing context was lost' }), SEES_NO_SCENE);
  assert.equal(refusalToDrive({ ...sight, sceneMissing: 'none', drivesByCameras: true }), undefined);
  assert.equal(refusalToDrive({ replay: {}, sceneMissing: 'none', drivesByCameras: true }), WATCHES_A_REPLAY);
});
