/**
 * Keys, pointers, gamepads and the drawing context as a real browser reports them, also when a release never comes. The
 * built window runs against the scripted engine; events are sent to the browser itself. Needs renderer/dist (npx vite
 * build renderer).
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { openBrowser, SCENE_UNDRAWN } from './browser.ts';
import { contractRig, firstStatus } from './contract-data.ts';
import { type ContractEngine, createContractEngine } from './contract-engine.ts';
import { recordTape } from './tape.ts';
import { until, WAIT_MS } from './until.ts';

let browser: Browser;
let engine: ContractEngine;
let page: Page;
let devtools: CDPSession;
const pageErrors: string[] = [];

const called = (name: string) => engine.calls.filter((call) => call.name === name);
const driverSays = (word: string) =>
  page.locator('[data-testid=driver] b', { hasText: new RegExp(`^${word}$`) }).waitFor();
const notice = (text: string | RegExp) => page.getByTestId('notices').getByText(text);

const deflections = () => called('input.puck').map((call) => call.parameters['axes'] as readonly number[]);
const isZero = (axes: readonly number[] | undefined) => axes?.every((value) => value === 0) === true;
const driving = () => until('driving', () => deflections().some((axes) => !isZero(axes)));
const letGo = () => until('zero', () => isZero(deflections().at(-1)));
/** Waits for the next heartbeats. Calls come in order, so all earlier ones have then arrived. */
async function allHasArrived(): Promise<void> {
  const beats = called('input.heartbeat').length;
  await until('five more beats', () => called('input.heartbeat').length >= beats + 5);
}
/** Checks that the window sends no deflection for the next five heartbeats. */
async function nothingDrives(): Promise<void> {
  engine.calls.length = 0;
  await allHasArrived();
  assert.deepEqual(deflections(), []);
}

interface Key {
  readonly key: string;
  readonly code: string;
  readonly keyCode: number;
}
const W: Key = { key: 'w', code: 'KeyW', keyCode: 87 };
const META: Key = { key: 'Meta', code: 'MetaLeft', keyCode: 91 };
const META_SHOWN = 4;
async function send(type: 'keyDown' | 'keyUp', { key, code, keyCode }: Key, modifiers = 0, autoRepeat = false) {
  await devtools.send('Input.dispatchKeyEvent', {
    type,
    key,
    code,
    windowsVirtualKeyCode: keyCode,
    modifiers,
    autoRepeat,
  });
}
const down = (key: Key, modifiers = 0) => send('keyDown', key, modifiers);
const up = (key: Key, modifiers = 0) => send('keyUp', key, modifiers);
async function tap(key: Key, modifiers = 0): Promise<void> {
  await down(key, modifiers);
  await up(key, modifiers);
}

type MouseType = 'mousePressed' | 'mouseMoved' | 'mouseReleased';
/** A real move names the button that is down: the browser gives the pointer's capture up at a move that names none. */
const mouse = (type: MouseType, x: number, y: number, buttons: number, button?: 'left' | 'right') =>
  devtools.send('Input.dispatchMouseEvent', {
    type,
    x,
    y,
    buttons,
    clickCount: type === 'mouseMoved' ? 0 : 1,
    button: button ?? (buttons === 1 ? 'left' : buttons === 2 ? 'right' : 'none'),
  });
async function puckCentre() {
  const box = await page.getByTestId('puck-disc').boundingBox();
  assert.ok(box);
  return [box.x + box.width / 2, box.y + box.height / 2] as const;
}

before(async () => {
  assert.ok(
    existsSync(join(import.meta.dirname, '../../renderer/dist/index.html')),
    'build the window first: vite build renderer',
  );
  const [tape, opened] = await Promise.all([recordTape(10_000_003), openBrowser()]);
  browser = opened;
  engine = await createContractEngine(tape);
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US' });
  page = await context.newPage();
  await page.addInitScript(SCENE_UNDRAWN);
  page.setDefaultTimeout(WAIT_MS);
  page.on('pageerror', (error) => pageErrors.push(error.message));
  devtools = await context.newCDPSession(page);
  await page.goto(engine.url);
  await driverSays('READY');
  await page.getByRole('button', { name: 'Skip' }).click();
});
after(async () => {
  await browser?.close();
  await engine?.close();
});
beforeEach(async () => {
  engine.pause();
  engine.rig = contractRig;
  engine.status = { ...firstStatus };
  engine.refresh();
  await driverSays('READY');
  await page.getByRole('tab', { name: 'Episode' }).click();
  engine.calls.length = 0;
});

test('Meta lets go of a held key whose release never comes, and its repeats do not drive', async () => {
  await page.getByTestId('scene').focus();
  await down(W);
  await driving();
  await down(META, META_SHOWN);
  await letGo();
  await up(META);
  engine.calls.length = 0;
  for (let repeat = 0; repeat < 5; repeat++) await send('keyDown', W, 0, true);
  await allHasArrived();
  assert.deepEqual(deflections(), []);
  await up(W);
  await down(W);
  await driving();
  await up(W);
  await letGo();
});

test('a pointer that shows Ctrl lets go of held keys as well, and so does an open menu', async () => {
  await page.getByTestId('scene').focus();
  await down(W);
  await driving();
  await devtools.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x: 640, y: 300, modifiers: 2 });
  await letGo();
  await up(W);
  engine.calls.length = 0;
  await down(W);
  await driving();
  await page.evaluate(
    `document.body.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true }))`,
  );
  await letGo();
  await up(W);
});

test('the right button does not drive the puck on the screen', async () => {
  const [x, y] = await puckCentre();
  await mouse('mousePressed', x, y, 2, 'right');
  await mouse('mouseMoved', x + 10, y, 2);
  await mouse('mouseMoved', x + 40, y - 30, 0);
  await allHasArrived();
  assert.deepEqual(deflections(), []);
  await mouse('mouseReleased', x, y, 0, 'right');
});

test('a move with no button down is the end of a drag, wherever the pointer is', async () => {
  const [x, y] = await puckCentre();
  for (const [toX, toY] of [
    [x + 20, y],
    [x + 300, y - 200],
  ] as const) {
    engine.calls.length = 0;
    await mouse('mousePressed', x, y, 1, 'left');
    await mouse('mouseMoved', x + 12, y, 1);
    await driving();
    await mouse('mouseMoved', toX, toY, 0);
    await letGo();
    await mouse('mouseMoved', toX + 5, toY + 5, 0);
    await nothingDrives();
  }
});

test('a lost focus ends a drag for good', async () => {
  const [x, y] = await puckCentre();
  await mouse('mousePressed', x, y, 1, 'left');
  await mouse('mouseMoved', x + 12, y, 1);
  await driving();
  await page.evaluate(`window.dispatchEvent(new Event('blur'))`);
  await letGo();
  await mouse('mouseMoved', x + 16, y, 1);
  await nothingDrives();
  await mouse('mouseReleased', x, y, 0, 'left');
});

test('a lost drawing context is said, lets go, and refuses to drive until it is back or the cameras are chosen', async () => {
  const context = `document.querySelector('[data-testid=scene] canvas').getContext('webgl2').getExtension('WEBGL_lose_context')`;
  await page.getByTestId('scene').focus();
  await down(W);
  await driving();
  await page.evaluate(`window.lostContext = ${context}; window.lostContext.loseContext()`);
  const banner = page.getByTestId('scene-banner');
  await banner.getByText('The 3-D view cannot be drawn here').waitFor();
  await letGo();
  await up(W);
  engine.calls.length = 0;
  await down(W);
  await notice('The 3-D view is not drawn: choose to drive by the cameras first.').waitFor();
  await up(W);
  const [x, y] = await puckCentre();
  await mouse('mousePressed', x, y, 1, 'left');
  await mouse('mouseMoved', x + 12, y, 1);
  await nothingDrives();
  await mouse('mouseReleased', x + 12, y, 0, 'left');

  await banner.getByRole('button', { name: 'Drive by the cameras' }).click();
  await page.getByTestId('scene').focus();
  await down(W);
  await driving();
  await up(W);
  await letGo();

  await page.evaluate(`window.lostContext.restoreContext()`);
  await banner.waitFor({ state: 'detached' });
  engine.calls.length = 0;
  await down(W);
  await driving();
  await up(W);
  await letGo();
});

test('actions by character where the layout has it, else by place', async () => {
  const N_ON_RUSSIAN: Key = { key: 'т', code: 'KeyN', keyCode: 78 };
  const Z_ON_RUSSIAN: Key = { key: 'я', code: 'KeyZ', keyCode: 90 };
  const TWO_ON_AZERTY: Key = { key: 'é', code: 'Digit2', keyCode: 50 };
  const CTRL = 2;
  await page.locator('.bar').click({ position: { x: 2, y: 2 } });
  await tap(N_ON_RUSSIAN);
  await until('an episode', () => called('episode.start').length === 1);
  await tap(Z_ON_RUSSIAN, CTRL);
  await until('an undo', () => called('episode.undo').length === 1);
  await tap(TWO_ON_AZERTY);
  await page.getByRole('radio', { name: /^Side/, checked: true }).waitFor();
  await tap({ key: '4', code: 'Digit4', keyCode: 52 });
  await page.getByRole('radio', { name: /^Free/, checked: true }).waitFor();
});

test('Escape stops while an input method composes, and where only its release arrives', async () => {
  await page.getByRole('tab', { name: 'Data' }).click();
  await page.getByLabel('Folder to export to').click();
  await devtools.send('Input.imeSetComposition', { text: 'にほ', selectionStart: 2, selectionEnd: 2 });
  await tap({ key: 'Process', code: 'Escape', keyCode: 229 });
  await driverSays('STOPPED');
  assert.equal(called('control.stop').length, 1, 'press and release are one Stop');
  await up({ key: 'Escape', code: 'Escape', keyCode: 27 });
  await until('the second Stop', () => called('control.stop').length === 2);
  await page.getByLabel('Folder to export to').fill('');
});

test('of two gamepads the one whose trigger is held drives; unplugged, it is zero', async () => {
  const pads = (driving: number | undefined) => `
    const pad = (index) => ({ index, id: 'Pad ' + index, connected: true, mapping: 'standard', timestamp: 0,
      axes: [1, 0, 0, 0], buttons: Array.from({ length: 17 }, (_, at) => ({ value: at === 7 && index === ${driving} ? 1 : 0 })) });
    navigator.getGamepads = () => ${driving === undefined ? '[]' : '[pad(0), null, pad(2)]'};
    dispatchEvent(new Event('${driving === undefined ? 'gamepaddisconnected' : 'gamepadconnected'}'));`;
  await page.bringToFront();
  for (const driver of [2, 0]) {
    engine.calls.length = 0;
    await page.evaluate(pads(driver));
    await driving();
    assert.equal(called('input.puck')[0]?.parameters['source'], 'gamepad');
    await page.evaluate(pads(undefined));
    await letGo();
    await nothingDrives();
  }
  await page.evaluate(pads(2));
  await page.getByRole('tab', { name: 'Rig' }).click();
  for (const name of ['Pad 0', 'Pad 2']) await page.locator('.device', { hasText: name }).waitFor();
  await page.evaluate(pads(undefined));
});

test('every interface of a SpaceMouse has its line, its state and its remedy', async () => {
  engine.status = {
    ...engine.status,
    inputDevices: [
      { name: 'SpaceMouse Wireless', kind: 'spacemouse', state: 'ready' },
      { name: 'SpaceMouse Receiver', kind: 'spacemouse', state: 'silent', remedy: 'Move its cap.' },
      {
        name: 'SpaceMouse Compact',
        kind: 'spacemouse',
        state: 'blocked',
        message: 'Refused.',
        remedy: 'sudo tee rules',
      },
    ],
  };
  engine.refresh();
  await page.getByRole('tab', { name: 'Rig' }).click();
  const line = (name: string) => page.locator('.device', { hasText: name });
  await line('SpaceMouse Wireless').getByText('ready').waitFor();
  await line('SpaceMouse Receiver').getByText('nothing came from it yet').waitFor();
  await line('SpaceMouse Receiver').getByText('Move its cap.').waitFor();
  await line('SpaceMouse Compact').getByText('sudo tee rules').waitFor();
});

test('nothing was thrown in the page', () => {
  assert.deepEqual(pageErrors, []);
});
