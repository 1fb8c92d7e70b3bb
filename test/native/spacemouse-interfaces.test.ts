/**
 * A SpaceMouse with several interfaces on the bus. The interface that sends reports leads, in any order of the system's
 * list.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVirtualClock, type VirtualClock } from '../../main/api/clock.ts';
import { DEFAULT_TAKEOVER } from '../../main/api/teleop.ts';
import { createFakeHid, type FakeHid } from '../../native/fake-hid.ts';
import type { HidDevice } from '../../native/hid.ts';
import { createSpaceMouse, type SpaceMouse } from '../../native/spacemouse.ts';

type Given = Pick<HidDevice, 'path' | 'productId' | 'product'>;
const CABLE: Given = { productId: 0xc62e, path: '/dev/hidraw3', product: 'SpaceMouse Wireless' };
const RECEIVER: Given = { productId: 0xc62f, path: '/dev/hidraw0', product: 'SpaceMouse Wireless Receiver' };
const COMPACT: Given = { productId: 0xc635, path: '/dev/hidraw5', product: 'SpaceMouse Compact' };
const refusal = Object.assign(new Error('cannot open device'), { code: 'EACCES' });

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
const word = (value: number): [number, number] => [value & 0xff, (value >> 8) & 0xff];
const right = (counts = 350) => Uint8Array.from([1, ...word(counts), 0, 0, 0, 0]);
const buttons = (bits: number) => Uint8Array.from([3, bits, 0]);

function permutations<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  if (items.length < 2) return [items];
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}

interface Desk {
  readonly clock: VirtualClock;
  readonly hid: FakeHid;
  readonly mouse: SpaceMouse;
  /** Lets the driver search the bus once more. */
  look(): Promise<void>;
}

async function desk(plugged: readonly Given[], prepare: (hid: FakeHid) => void = () => {}): Promise<Desk> {
  const clock = createVirtualClock(1000);
  const hid = createFakeHid(false);
  for (const device of plugged) hid.plug(device);
  prepare(hid);
  const mouse = createSpaceMouse({ transport: hid, clock, takeover: () => DEFAULT_TAKEOVER });
  const opening = mouse.open();
  await settle();
  clock.advanceToMs(clock.nowMs() + 2000);
  await opening;
  const look = async () => {
    clock.advanceToMs(clock.nowMs() + 3000);
    await settle();
  };
  return { clock, hid, mouse, look };
}
const states = (mouse: SpaceMouse) => Object.fromEntries(mouse.devices().map(({ name, state }) => [name, state]));

for (const order of [...permutations([CABLE, RECEIVER]), ...permutations([CABLE, RECEIVER, COMPACT])]) {
  const listed = order.map(({ product }) => product).join(', ');

  test(`each of them drives, moves and presses when it talks: ${listed}`, async () => {
    const { hid, mouse, clock } = await desk(order);
    for (const { path } of order) {
      hid.push(right(), path);
      assert.equal(mouse.reading().axes[0], 1, path);
      hid.push(right(0), path);
      assert.equal(mouse.reading().axes[0], 0, path);
      hid.push(buttons(2), path);
      assert.equal(mouse.reading().buttons, 2, path);
      hid.push(buttons(0), path);
      assert.equal(mouse.reading().buttons, 0, path);
    }
    clock.advanceToMs(clock.nowMs() + 1000);
    assert.deepEqual(mouse.reading().axes, [0, 0, 0, 0, 0, 0]);
  });

  test(`one that is refused, and one that does not answer, hide no other: ${listed}`, async () => {
    for (const talking of order)
      for (const refused of order.filter((device) => device !== talking)) {
        const hanging = order.filter((device) => device !== talking && device !== refused);
        const { hid, mouse } = await desk(order, (bus) => {
          bus.failWith(refusal, 'open', refused.path);
          for (const { path } of hanging) bus.hang(path);
        });
        hid.push(right(), talking.path);
        assert.equal(mouse.reading().axes[0], 1);
        assert.deepEqual(mouse.health(), { kind: 'ready', name: talking.product });
        const lines = mouse.devices();
        assert.deepEqual(
          lines.map(({ name, state }) => [name, state]),
          order.map((device) => [device.product, device === talking ? 'ready' : 'blocked']),
        );
        const refusedLine = lines.find(({ name }) => name === refused.product);
        assert.match(refusedLine?.remedy ?? '', /70-spacemouse\.rules/);
        for (const { product } of hanging)
          assert.match(lines.find(({ name }) => name === product)?.message ?? '', /not opened it yet/);
      }
  });
}

test('a silent receiver is named as silent, with what to do, until something comes from it', async () => {
  const { hid, mouse } = await desk([RECEIVER, CABLE]);
  hid.push(right(), CABLE.path);
  assert.deepEqual(states(mouse), { 'SpaceMouse Wireless Receiver': 'silent', 'SpaceMouse Wireless': 'ready' });
  assert.match(mouse.devices()[0]?.remedy ?? '', /receiver stays silent/);
  hid.push(buttons(0), RECEIVER.path);
  assert.equal(states(mouse)['SpaceMouse Wireless Receiver'], 'ready');
});

test('plugged in beside one that is open already, unplugged and plugged in elsewhere, in every combination', async () => {
  for (const [first, second] of permutations([CABLE, RECEIVER, COMPACT]) as readonly (readonly [Given, Given])[]) {
    const { hid, mouse, look } = await desk([first]);
    hid.plug(second);
    await look();
    hid.push(right(), second.path);
    assert.equal(mouse.reading().axes[0], 1, 'the second drives');
    hid.unplug(first.path);
    assert.equal(mouse.reading().axes[0], 1, 'the loss of the first changes nothing for the second');
    assert.equal(states(mouse)[first.product ?? ''], 'lost');
    hid.push(buttons(1), second.path);
    hid.unplug(second.path);
    assert.deepEqual([mouse.reading().axes[0], mouse.reading().buttons], [0, 0], 'and its own is zero at once');
    assert.equal(mouse.health().kind, 'lost');
    hid.plug({ ...first, path: '/dev/hidraw9' });
    await look();
    hid.push(right(-350), '/dev/hidraw9');
    assert.equal(mouse.reading().axes[0], -1);
    assert.deepEqual(states(mouse), { [second.product ?? '']: 'lost', [first.product ?? '']: 'ready' });
  }
});

test('permission that is given later is found by itself, while another one drives', async () => {
  const { hid, mouse, look } = await desk([COMPACT, CABLE], (bus) => bus.failWith(refusal, 'open', COMPACT.path));
  hid.push(right(), CABLE.path);
  await look();
  assert.equal(states(mouse)[COMPACT.product ?? ''], 'blocked');
  hid.failWith(undefined);
  await look();
  assert.equal(states(mouse)[COMPACT.product ?? ''], 'silent');
  hid.push(right(-350), COMPACT.path);
  assert.equal(mouse.reading().axes[0], -1);
});

test('an error that comes late from a lost connection does not end the new one, and every handle is closed', async () => {
  const { hid, mouse, look } = await desk([COMPACT]);
  hid.unplug(COMPACT.path);
  hid.plug(COMPACT);
  await look();
  assert.deepEqual(hid.connected(), [COMPACT.path], 'the handle of the lost connection is closed');
  hid.breakOldConnections(COMPACT.path);
  assert.equal(mouse.health().kind, 'ready');
  hid.push(right(), COMPACT.path);
  assert.equal(mouse.reading().axes[0], 1);
  await mouse.close();
  assert.deepEqual(hid.connected(), []);
});

test('one that vanished from the bus without a word lets go, and another in its place is opened', async () => {
  const { hid, mouse, look } = await desk([COMPACT]);
  hid.push(buttons(1), COMPACT.path);
  hid.plug({ ...CABLE, path: COMPACT.path });
  await look();
  assert.equal(mouse.reading().buttons, 0);
  hid.push(right(), COMPACT.path);
  assert.equal(mouse.reading().axes[0], 1);
  assert.equal(states(mouse)[CABLE.product ?? ''], 'ready');
});

test('the light follows on each, also on one that is plugged in while a person drives', async () => {
  const { hid, mouse, look } = await desk([RECEIVER, CABLE]);
  mouse.setLed(true);
  hid.plug(COMPACT);
  await look();
  mouse.setLed(false);
  const onThenOff = [
    [4, 1],
    [4, 0],
  ];
  for (const { path } of [RECEIVER, CABLE, COMPACT]) assert.deepEqual(hid.writtenTo(path), onThenOff, path);
});

test('two of the same model have two names', async () => {
  const { mouse } = await desk([COMPACT, { ...COMPACT, path: '/dev/hidraw6' }]);
  assert.deepEqual(Object.keys(states(mouse)), ['SpaceMouse Compact', 'SpaceMouse Compact 2']);
});

test('one held button and another one that moves are one reading', async () => {
  const { hid, mouse } = await desk([CABLE, COMPACT]);
  hid.push(buttons(1), CABLE.path);
  hid.push(right(), COMPACT.path);
  assert.deepEqual([mouse.reading().axes[0], mouse.reading().buttons], [1, 1]);
});

test('two that are off neutral: the one that moved last, and a resting one never', async () => {
  const { hid, mouse } = await desk([CABLE, COMPACT]);
  hid.push(right(), CABLE.path);
  for (const counts of [5, 12, 18, 20]) {
    hid.push(right(counts), COMPACT.path);
    assert.equal(mouse.reading().axes[0], 1, `a cap that rests at ${counts} of 350`);
  }
  hid.push(right(-350), COMPACT.path);
  assert.equal(mouse.reading().axes[0], -1);
  hid.push(right(0), COMPACT.path);
  assert.equal(mouse.reading().axes[0], 1, 'the other one is deflected still');
});
