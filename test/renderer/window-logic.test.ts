/** The window's pure logic: who drives, what keys mean, axes, rates, numbers, colours, streams, layout. No DOM. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  baseTwistFromPuck,
  DEFAULT_TAKEOVER,
  DEFAULT_TELEOP_MAP,
  type EpisodeSummary,
  encodeStream,
  type SafetyEvent,
} from '../../main/api/index.ts';
import { KEY_BINDINGS, type KeyPlace, meaningOf } from '../../renderer/commands/keys.ts';
import { axesFromGamepad } from '../../renderer/driving/gamepads.ts';
import { axesFromKeys, FINE_FRACTION } from '../../renderer/driving/held-keys.ts';
import { PuckDriver, type PuckMessage } from '../../renderer/driving/puck-driver.ts';
import { backoffMs } from '../../renderer/engine/engine-client.ts';
import { isNewer, LiveStreams } from '../../renderer/engine/live-streams.ts';
import { codeFromFragment, createSession } from '../../renderer/engine/session.ts';
import { rollingRates } from '../../renderer/panels/timeline/rates.ts';
import { limitedStretches, segmentsOf } from '../../renderer/panels/timeline/segments.ts';
import { decodeStreamNumbers } from '../../renderer/scene/decode-poses.ts';
import { firstLevel, nextLevel } from '../../renderer/scene/quality.ts';
import { type DriverInput, driverView } from '../../renderer/state/driver.ts';
import { defaultLayout, fitted, layoutFrom } from '../../renderer/state/layout.ts';
import { HEAT_TABLE, heatOffset } from '../../renderer/ui/color-map.ts';
import { changedValue, isWrong } from '../../renderer/ui/number-entry.ts';
import { centreOfPressure, padScaleN } from '../../renderer/ui/pad-math.ts';
import { bytes, duration, fixed, grouped } from '../../renderer/words/format.ts';
import { freshnessOf, pace } from '../../renderer/words/freshness.ts';
import { gripperButtonsInWords } from '../../renderer/words/gripper-words.ts';
import { newestLimitsInWords } from '../../renderer/words/safety-words.ts';

const running: DriverInput = {
  phase: 'running',
  mode: 'run',
  driver: 'policy',
  policy: { name: 'starter', candidate: false },
};

test('the driver is one word', () => {
  const word = (change: Partial<DriverInput>, linked = true) => driverView(linked, { ...running, ...change }).word;
  assert.equal(word({}), 'POLICY');
  assert.equal(word({ driver: 'human' }), 'YOU');
  assert.equal(word({ phase: 'ready', driver: 'nobody' }), 'READY');
  assert.equal(word({ phase: 'resetting', driver: 'nobody' }), 'RESETTING');
  assert.equal(word({ phase: 'hold', driver: 'nobody', holdReason: 'the link was lost' }), 'HOLD');
  assert.equal(word({ phase: 'hold', driver: 'nobody', holdReason: 'Stopped by the operator' }), 'STOPPED');
  assert.equal(word({ fault: { what: 'NaN', armDoes: 'holds', remedy: 'reset', atMs: 0 } }), 'FAULT');
  assert.equal(word({}, false), 'NO LINK');
});

const press = (key: string, code = '') => ({ key, code, ctrl: false, alt: false, shift: false, repeat: false });
const place: KeyPlace = { focus: 'elsewhere', running: true, dialogOpen: false };

test('Escape stops wherever the focus is', () => {
  for (const focus of ['scene', 'text', 'control', 'elsewhere'] as const)
    for (const dialogOpen of [false, true])
      assert.deepEqual(
        meaningOf({ ...press('Escape'), ctrl: true, repeat: true }, { focus, running: true, dialogOpen }),
        {
          kind: 'action',
          action: 'stop',
        },
      );
});

test('text fields swallow every key but Escape', () => {
  for (const key of [' ', 'Enter', 'Backspace', 'Delete', 'n', 'r', 'b', 'f', '1', 'c', 'g', '?', 'w'])
    assert.equal(meaningOf(press(key, 'KeyW'), { ...place, focus: 'text' }).kind, 'leave');
});

test('focused buttons get Space and Enter only while no episode runs', () => {
  for (const key of [' ', 'Enter']) {
    assert.equal(meaningOf(press(key), { ...place, focus: 'control', running: false }).kind, 'leave');
    assert.equal(meaningOf(press(key), { ...place, focus: 'control' }).kind, 'action');
  }
});

test('letters drive only with the scene in focus, and are actions elsewhere', () => {
  assert.equal(meaningOf(press('w', 'KeyW'), { ...place, focus: 'scene' }).kind, 'drive');
  assert.equal(meaningOf(press('w', 'KeyW'), place).kind, 'leave');
  assert.deepEqual(meaningOf({ ...press('z', 'KeyZ'), ctrl: true }, { ...place, focus: 'scene' }), {
    kind: 'action',
    action: 'undo',
  });
  assert.equal(meaningOf({ ...press('n'), repeat: true }, place).kind, 'swallow');
});

test('labels go on while their key is held, whatever Caps Lock says', () => {
  for (const key of ['p', 'P'])
    for (const repeat of [false, true]) {
      const action = (shift: boolean) => meaningOf({ ...press(key, 'KeyP'), repeat, shift }, place);
      assert.deepEqual(action(false), { kind: 'action', action: 'label-positive' });
      assert.deepEqual(action(true), { kind: 'action', action: 'label-negative' });
    }
});

test('every action of the overview can be reached by its key', () => {
  const codes: Record<string, string> = { Space: ' ', Esc: 'Escape', Del: 'Delete' };
  for (const binding of KEY_BINDINGS) {
    const ctrl = binding.keys.startsWith('Ctrl ');
    const shift = binding.keys.startsWith('Shift ');
    const name = binding.keys.replace(/^(Ctrl|Shift) /, '');
    assert.deepEqual(
      meaningOf({ ...press(codes[name] ?? name), ctrl, shift }, place),
      { kind: 'action', action: binding.action },
      binding.keys,
    );
  }
});

test('W drives away, A left, E up, as the default map reads the puck', () => {
  const twist = (...codes: string[]) =>
    baseTwistFromPuck(axesFromKeys(new Set(codes)), DEFAULT_TELEOP_MAP).map((value) => Math.sign(value) || 0);
  assert.deepEqual(twist('KeyW').slice(0, 3), [1, 0, 0]);
  assert.equal(twist('KeyA')[1], 1);
  assert.equal(twist('KeyE')[2], 1);
  assert.equal(axesFromKeys(new Set(['KeyD', 'ShiftLeft']))[0], FINE_FRACTION);
  assert.deepEqual(axesFromKeys(new Set(['KeyA', 'KeyD'])), [0, 0, 0, 0, 0, 0]);
});

test('a gamepad drives only while a trigger is held', () => {
  const buttons = new Array<number>(17).fill(0);
  assert.equal(axesFromGamepad({ axes: [1, 0, 0, 0], buttons }).axes[0], 0);
  const held = axesFromGamepad({ axes: [1, 0, 0, 0], buttons: buttons.map((_, index) => (index === 7 ? 1 : 0)) });
  assert.equal(held.axes[0], 1);
  assert.equal(held.held, true);
});

test('the puck repeats while held and says zero once on release', () => {
  const sent: PuckMessage[] = [];
  const driver = new PuckDriver(
    (message) => sent.push(message),
    () => DEFAULT_TAKEOVER,
  );
  driver.beat();
  driver.set('keyboard', [0, -1, 0, 0, 0, 0], 0);
  driver.beat();
  driver.set('gamepad 0', [0, 0, 0, 0, 0, 0], 0);
  driver.set('keyboard', [0, 0, 0, 0, 0, 0], 0);
  driver.beat();
  driver.release();
  assert.deepEqual(
    sent.map((message) => [message.source, message.axes[1]]),
    [
      ['keyboard', -1],
      ['keyboard', -1],
      ['keyboard', 0],
    ],
  );
});

test('the code is used once, then the token; a refused token is forgotten', () => {
  const kept = new Map<string, string>();
  const store = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  assert.equal(codeFromFragment('#code=abc'), 'abc');
  assert.equal(codeFromFragment(''), undefined);
  const session = createSession('abc', store);
  assert.deepEqual(session.credentials(), { code: 'abc' });
  session.welcomed('t');
  assert.deepEqual(session.credentials(), { token: 't' });
  session.refused();
  assert.deepEqual(session.credentials(), {});
});

test('reconnection backs off to four seconds', () => {
  assert.deepEqual([1, 2, 3, 4, 5, 9].map(backoffMs), [250, 500, 1000, 2000, 4000, 4000]);
});

test('the newest stream message wins, also across the wrap of its number', () => {
  assert.equal(isNewer(0, 0xffffffff), true);
  assert.equal(isNewer(5, 6), false);
  const live = new LiveStreams();
  const message = (sequence: number, timeMs: number) =>
    encodeStream({
      kind: 'poses',
      name: 'poses',
      sequence,
      timeMs,
      payload: new Uint8Array(new Float32Array([sequence]).buffer),
    });
  live.accept(message(2, 100), 0);
  live.accept(message(1, 50), 1);
  live.accept(message(3, 200), 2);
  const slot = live.get('poses');
  assert.equal(slot?.count, 2);
  assert.equal(slot && decodeStreamNumbers(slot.message.payload)[0], 3);
  assert.equal(slot?.rateHz, 10);
  assert.throws(() => live.accept(new Uint8Array(3), 3), /expected at least 16/);
});

test('a replay’s pictures are forgotten alone, and what comes after them is never taken for what was painted', () => {
  const live = new LiveStreams();
  const arrives = (name: string) =>
    live.accept(encodeStream({ kind: 'camera', name, sequence: 0, timeMs: 0, payload: new Uint8Array() }), 0);
  arrives('wrist');
  arrives('replay/wrist');
  const painted = live.get('replay/wrist')?.count;
  live.clearReplay();
  assert.equal(live.get('replay/wrist'), undefined);
  assert.ok(live.get('wrist'));
  arrives('replay/wrist');
  assert.notEqual(live.get('replay/wrist')?.count, painted);
});

test('freshness says why', () => {
  assert.equal(freshnessOf(false, { arrivedMs: 0 }, 0, 500).stale, true);
  assert.equal(freshnessOf(true, { arrivedMs: 0 }, 100, 500).stale, false);
  assert.match(freshnessOf(true, { arrivedMs: 0 }, 1500, 500).says, /1\.5/);
  assert.equal(pace({ arrivedMs: 0, rateHz: 29.8 }, 42), '30\u2009Hz · 40\u2009ms');
  assert.equal(pace(undefined, 42), '–');
});

test('numbers keep their place', () => {
  assert.equal(grouped(12340), '12\u2009340');
  assert.equal(fixed(-0.04, 1), '0.0');
  assert.equal(fixed(-1.25, 1), '\u22121.3');
  assert.equal(duration(75), '1\u2009min 15\u2009s');
  assert.equal(bytes(3.4e9), '3.4\u2009GB');
});

test('segments are maximal runs by one actor', () => {
  const actors = ['policy', 'policy', 'mixed', 'human', 'human', 'policy'] as const;
  const segments = segmentsOf(actors.map((actor, index) => ({ actor, idle: false, index })));
  assert.deepEqual(
    segments.map((segment) => [segment.actor, segment.from, segment.to]),
    [
      ['policy', 0, 2],
      ['mixed', 2, 3],
      ['human', 3, 5],
      ['policy', 5, 6],
    ],
  );
});

test('rates count ended policy episodes, without discarded ones', () => {
  const episode = (id: number, change: Partial<EpisodeSummary>): EpisodeSummary => ({
    id,
    sessionId: 1,
    task: 'insert',
    mode: 'run',
    observation: 'pixels',
    seed: id,
    policyIsCandidate: false,
    startedAtMs: 0,
    steps: 50,
    humanSteps: 0,
    takeovers: 0,
    return: 0,
    outcome: 'success',
    discarded: false,
    ...change,
  });
  const points = rollingRates(
    [
      episode(1, { mode: 'demonstrate', humanSteps: 50 }),
      episode(2, { humanSteps: 25 }),
      episode(3, { discarded: true, outcome: 'failure' }),
      episode(4, {}),
    ],
    20,
  );
  assert.deepEqual(points, [
    { episodeId: 2, unaidedSuccess: 0, intervention: 0.5 },
    { episodeId: 4, unaidedSuccess: 0.5, intervention: 0.25 },
  ]);
});

test('the colour map gets lighter in equal steps', () => {
  const lightness = (index: number) => {
    const channel = (at: number) => {
      const value = HEAT_TABLE[3 * index + at]! / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    };
    const [red, green, blue] = [channel(0), channel(1), channel(2)];
    const cube = (a: number, b: number, c: number) => Math.cbrt(a * red + b * green + c * blue);
    return (
      0.2104542553 * cube(0.4122214708, 0.5363325363, 0.0514459929) +
      0.793617785 * cube(0.2119034982, 0.6806995451, 0.1073969566) -
      0.0040720468 * cube(0.0883024619, 0.2817188376, 0.6299787005)
    );
  };
  for (let index = 8; index < 256; index += 8) assert.ok(lightness(index) > lightness(index - 8), `step ${index}`);
  assert.equal(heatOffset(2), 765);
  assert.equal(heatOffset(Number.NaN), 0);
});

test('a pad gives its centre of pressure and a scale that does not flicker', () => {
  const forceN = new Float32Array(3 * 16);
  forceN[5] = 0.3;
  forceN[6] = 0.3;
  const pad = { rows: 4, columns: 4, total: new Float32Array(4), forceN };
  assert.deepEqual(centreOfPressure(pad), { column: 1.5, row: 1 });
  assert.equal(padScaleN(pad, 0.2), 0.5);
  assert.equal(padScaleN(pad, 1), 1);
  assert.equal(padScaleN({ ...pad, forceN: new Float32Array(48) }, 1), 0.2);
});

test('quality starts low in software and only steps down', () => {
  assert.equal(firstLevel('ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device))'), 'low');
  assert.equal(firstLevel('Apple M2'), 'high');
  assert.equal(nextLevel('high', 30), 'medium');
  assert.equal(nextLevel('low', 5), 'low');
});

test('a remembered layout that does not fit gives the default', () => {
  assert.deepEqual(layoutFrom(null, 1440, 900), defaultLayout(1440, 900));
  assert.deepEqual(layoutFrom('{"feedsPx":300,"deskPx":320,"timelinePx":130}', 1440, 900), {
    feedsPx: 300,
    deskPx: 320,
    timelinePx: 130,
  });
  assert.deepEqual(layoutFrom('{"feedsPx":900,"deskPx":320}', 1024, 700), defaultLayout(1024, 700));
  assert.deepEqual(defaultLayout(1440, 900), { feedsPx: 320, deskPx: 360, timelinePx: 120 });
});

test('panels leave the scene its least width and the timeline half the height; the one that is moved gives way', () => {
  const wished = { feedsPx: 500, deskPx: 500, timelinePx: 320 };
  assert.deepEqual(fitted(wished, 1440, 900), wished);
  assert.deepEqual(fitted(wished, 1024, 500, 'deskPx'), { feedsPx: 464, deskPx: 280, timelinePx: 250 });
  assert.deepEqual(fitted(wished, 1200, 900, 'feedsPx'), { feedsPx: 420, deskPx: 500, timelinePx: 320 });
  assert.deepEqual(fitted(wished, 300, 900), { feedsPx: 200, deskPx: 280, timelinePx: 320 });
});

test('a number that was typed is sent as it is shown, or not at all', () => {
  const range = { value: 57.3, low: 1, high: 100, decimals: 0 };
  assert.equal(changedValue('57', range), undefined);
  assert.equal(changedValue('60.4', range), 60);
  assert.equal(changedValue('0.26', { ...range, value: 0.05, low: 0, decimals: 2 }), 0.26);
  for (const text of ['', ' ', 'abc', '0.5', '101', 'Infinity']) {
    assert.equal(isWrong(text, range), true, text);
    assert.equal(changedValue(text, range), undefined, text);
  }
});

const limited = (...safety: SafetyEvent[][]) => safety.map((events, index) => ({ index, safety: events }));

test('what safety limited within a second is said, the gravest first; what only smooths is not', () => {
  const words = (...safety: SafetyEvent[][]) => newestLimitsInWords(limited(...safety), 100);
  const nothing = new Array<SafetyEvent[]>(10).fill([]);
  assert.equal(words(), '');
  assert.equal(words(['lead', 'gripper-refractory']), '');
  assert.equal(words(['workspace'], ...nothing.slice(1)), 'at the workspace wall');
  assert.equal(words(['workspace'], ...nothing), '');
  assert.equal(
    words(['linear-speed', 'tilt'], [], ['soft-force']),
    'pushes no further: soft force limit · at the tilt limit',
  );
});

test('limited steps in a row are one mark of the timeline', () => {
  assert.deepEqual(limitedStretches(limited([], ['tilt'], ['workspace'], ['lead'], ['tilt'])), [
    { from: 1, to: 3 },
    { from: 4, to: 5 },
  ]);
});

test('the gripper’s buttons in words follow the hold button', () => {
  assert.match(gripperButtonsInWords(DEFAULT_TAKEOVER), /button 0 closes it and button 1 opens it/);
  assert.match(gripperButtonsInWords({ ...DEFAULT_TAKEOVER, mode: 'hold' }), /button 1 opens or closes it/);
  assert.match(gripperButtonsInWords({ ...DEFAULT_TAKEOVER, mode: 'hold', holdButton: 5 }), /button 0 closes/);
});
