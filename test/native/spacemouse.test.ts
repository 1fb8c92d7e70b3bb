import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVirtualClock } from '../../main/api/clock.ts';
import { DEFAULT_TAKEOVER } from '../../main/api/teleop.ts';
import { createFakeHid, FAKE_SPACEMOUSE } from '../../native/fake-hid.ts';
import { decodeReport } from '../../native/six-axis-interface.ts';
import { createSpaceMouse, isSixAxis } from '../../native/spacemouse.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);
/** Encodes a number as int16, little-endian. */
const word = (value: number): [number, number] => [value & 0xff, (value >> 8) & 0xff];
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test('reports are decoded by their length', () => {
  const axes = [...word(350), ...word(-350), ...word(175)];
  const table: readonly (readonly [string, Uint8Array, unknown])[] = [
    ['translation, 7 bytes', bytes(1, ...axes), { kind: 'translation', axes: [1, -1, 0.5] }],
    ['rotation, 7 bytes', bytes(2, ...axes), { kind: 'rotation', axes: [1, -1, 0.5] }],
    ['combined, 13 bytes', bytes(1, ...axes, ...axes), { kind: 'combined', axes: [1, -1, 0.5, 1, -1, 0.5] }],
    ['combined, padded', bytes(1, ...axes, ...axes, 0, 0), { kind: 'combined', axes: [1, -1, 0.5, 1, -1, 0.5] }],
    [
      'beyond full scale is clamped',
      bytes(1, ...word(400), ...word(-32768), ...word(0)),
      { kind: 'translation', axes: [1, -1, 0] },
    ],
    ['two buttons', bytes(3, 0b10, 0), { kind: 'buttons', buttons: 2 }],
    ['high bits of every byte', bytes(3, 0x80, 0x80, 0x80, 0x80), { kind: 'buttons', buttons: 0x80808080 }],
    ['battery', bytes(0x17, 87), { kind: 'battery', percent: 87 }],
    ['unknown report', bytes(0x1c, 1, 2, 3), undefined],
    ['cut short', bytes(1, 2, 3), undefined],
    ['empty', bytes(), undefined],
  ];
  for (const [name, report, expected] of table) assert.deepEqual(decodeReport(report), expected, name);
});

test('six-axis devices by usage, else by id; the same vendors\u2019 other devices are left alone', () => {
  const device = (change: object) => ({ ...FAKE_SPACEMOUSE, ...change });
  assert.equal(isSixAxis(device({})), true);
  assert.equal(isSixAxis(device({ usage: 6 })), false, 'a receiver\u2019s keyboard interface');
  assert.equal(isSixAxis(device({ usagePage: undefined, usage: undefined })), true);
  assert.equal(isSixAxis(device({ usagePage: 0, usage: 0, productId: 0xc652 })), true);
  assert.equal(isSixAxis(device({ productId: 0xc650 })), false, 'CadMouse');
  assert.equal(isSixAxis(device({ vendorId: 0x046d, productId: 0xc626 })), true);
  assert.equal(isSixAxis(device({ vendorId: 0x046d, productId: 0xc077, usagePage: undefined })), false, 'a mouse');
  assert.equal(isSixAxis(device({ vendorId: 0x1234 })), false);
});

async function open(plugged = true) {
  const clock = createVirtualClock(5000);
  const hid = createFakeHid(plugged);
  const mouse = createSpaceMouse({ transport: hid, clock, takeover: () => DEFAULT_TAKEOVER });
  await mouse.open();
  return { clock, hid, mouse };
}

test('translation and rotation reports are one reading; the newest wins; every report is told', async () => {
  const { hid, mouse, clock } = await open();
  let heard = 0;
  mouse.onReading(() => heard++);
  hid.push(bytes(1, ...word(350), 0, 0, 0, 0));
  hid.push(bytes(2, 0, 0, 0, 0, ...word(-350)));
  hid.push(bytes(3, 1, 0));
  assert.deepEqual(mouse.reading(), { timeMs: 5000, axes: [1, 0, 0, 0, 0, -1], buttons: 1 });
  assert.equal(heard, 3);
  clock.advanceToMs(5100);
  assert.equal(mouse.reading().axes[0], 1);
  clock.advanceToMs(5101);
  assert.deepEqual(mouse.reading().axes, [0, 0, 0, 0, 0, 0]);
  assert.equal(mouse.reading().buttons, 1, 'buttons send nothing while they are held');
});

test('unplug reads as zero at once, replug is found by itself', async () => {
  const { hid, mouse, clock } = await open();
  const healths: string[] = [];
  mouse.onHealth((health) => healths.push(health.kind));
  hid.push(bytes(1, ...word(350), 0, 0, 0, 0));
  hid.push(bytes(3, 1, 0));
  hid.unplug();
  assert.deepEqual([mouse.reading().axes[0], mouse.reading().buttons, mouse.health().kind], [0, 0, 'lost']);
  clock.advanceToMs(clock.nowMs() + 3000);
  await settle();
  assert.equal(mouse.health().kind, 'lost');
  hid.plug();
  clock.advanceToMs(clock.nowMs() + 3000);
  await settle();
  assert.deepEqual(mouse.health(), { kind: 'ready', name: 'SpaceMouse Compact' });
  hid.push(bytes(1, ...word(-350), 0, 0, 0, 0));
  assert.equal(mouse.reading().axes[0], -1);
  assert.deepEqual(healths, ['lost', 'ready']);
});

test('plugged in later than the start; the light follows; closing ends the search', async () => {
  const { hid, mouse, clock } = await open(false);
  assert.equal(mouse.health().kind, 'absent');
  hid.plug();
  clock.advanceToMs(clock.nowMs() + 3000);
  await settle();
  assert.equal(mouse.health().kind, 'ready');
  mouse.setLed(true);
  mouse.setLed(false);
  assert.deepEqual(hid.written, [
    [4, 1],
    [4, 0],
  ]);
  await mouse.close();
  assert.equal(clock.nextDueMs(), Number.POSITIVE_INFINITY);
});

test('a missing library and a missing permission are said with what to do, and tried again', async () => {
  const clock = createVirtualClock(0);
  const hid = createFakeHid();
  const failure = (code: string, message: string) => Object.assign(new Error(message), { code });
  const mouse = createSpaceMouse({ transport: hid, clock, takeover: () => DEFAULT_TAKEOVER });
  hid.failWith(failure('NO_LIBRARY', 'libusb-1.0.so.0: cannot open shared object file'));
  await mouse.open();
  const library = mouse.health();
  assert.ok(library.kind === 'blocked' && library.remedy.includes('apt install libusb-1.0-0'));
  hid.failWith(failure('EACCES', 'cannot open device'), 'open');
  clock.advanceToMs(3000);
  await settle();
  const permission = mouse.health();
  assert.ok(permission.kind === 'blocked' && permission.remedy.includes('/etc/udev/rules.d/70-spacemouse.rules'));
  hid.failWith(undefined);
  clock.advanceToMs(6000);
  await settle();
  assert.equal(mouse.health().kind, 'ready');
});
