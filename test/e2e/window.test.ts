/**
 * The built window in a real headless browser, against the scripted engine: what must never fail on the operator.
 * Needs renderer/dist (npm run build). Every wait is for a state, never for a time.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import sharp from 'sharp';
import type { Vec6 } from '../../main/api/geometry.ts';
import { systemClock } from '../../main/api/index.ts';
import { baseTwistFromPuck, DEFAULT_TELEOP_MAP } from '../../main/api/teleop.ts';
import { openBrowser, SCENE_UNDRAWN } from './browser.ts';
import { contractRig, firstStatus, pastEpisodes } from './contract-data.ts';
import { type ContractEngine, createContractEngine } from './contract-engine.ts';
import { pictureOf } from './operator.ts';
import { recordTape, type Tape } from './tape.ts';
import { until, WAIT_MS } from './until.ts';

let browser: Browser;
let context: BrowserContext;
let engine: ContractEngine;
let page: Page;
let tape: Tape;
const pageErrors: string[] = [];
let firstWordMs = 0;

/** Waits until `condition` holds here, in this process. */
const called = (name: string) => engine.calls.filter((call) => call.name === name);
const driverSays = (word: string) =>
  page.locator('[data-testid=driver] b', { hasText: new RegExp(`^${word}$`) }).waitFor();

before(async () => {
  assert.ok(
    existsSync(join(import.meta.dirname, '../../renderer/dist/index.html')),
    'build the window first: npm run build',
  );
  [tape, browser] = await Promise.all([recordTape(10_000_003), openBrowser()]);
  engine = await createContractEngine(tape);
  context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US' });
  page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  page.on('pageerror', (error) => pageErrors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy/.test(message.text())) pageErrors.push(message.text());
  });
  const startedMs = systemClock.nowMs();
  await page.goto(engine.url);
  await driverSays('READY');
  firstWordMs = systemClock.nowMs() - startedMs;
  await page.getByRole('button', { name: 'Skip' }).click();
  // The first word came while the scene was drawn; the test that looks at the scene loads the page again.
  await page.evaluate(SCENE_UNDRAWN);
});
after(async () => {
  await browser?.close();
  await engine?.close();
});
beforeEach(async () => {
  engine.calls.length = 0;
  engine.pause();
  engine.refusals.clear();
  engine.rig = contractRig;
  engine.status = { ...firstStatus };
  engine.refresh();
  await driverSays('READY');
});
const notice = (text: string | RegExp) => page.getByTestId('notices').getByText(text);
async function replay(episodeId: number): Promise<void> {
  await page.getByRole('tab', { name: 'Data' }).click();
  const row = page.locator('.episode', { has: page.locator('b', { hasText: new RegExp(`^${episodeId}$`) }) });
  if ((await row.getByRole('button', { name: 'Replay' }).count()) === 0) await row.locator('.episode-head').click();
  await row.getByRole('button', { name: 'Replay' }).click();
  await page.getByTestId('replay-banner').getByText(`Replay of episode ${episodeId}`).waitFor();
}
/** Calls come in order: what was asked for before has arrived when the next heartbeats have. */
async function allHasArrived(): Promise<void> {
  const beats = called('input.heartbeat').length;
  await until('two more beats', () => called('input.heartbeat').length >= beats + 2);
}

test('opens, shows who drives within ten seconds, and takes the code out of the address', async (t) => {
  t.diagnostic(`first word after ${firstWordMs.toFixed(0)} ms`);
  assert.ok(firstWordMs < 10_000, `took ${firstWordMs.toFixed(0)} ms`);
  assert.equal(engine.lastHello(), 'code');
  assert.equal(new URL(page.url()).hash, '');
  engine.play();
  await driverSays('POLICY');
});

test('the heartbeat goes on at 5 Hz or faster', async () => {
  await until('ten beats', () => called('input.heartbeat').length >= 10);
  const beats = called('input.heartbeat').slice(0, 10);
  const meanGapMs = (beats[9]!.atMs - beats[0]!.atMs) / 9;
  assert.ok(meanGapMs <= 200, `mean gap ${meanGapMs.toFixed(0)} ms`);
});

test('counters follow the engine, and Fine-tune says what it needs', async () => {
  engine.status = { ...engine.status, buffers: { ...engine.status.buffers, rlTransitions: 54_321 } };
  await page.getByTestId('counter-RL').getByText('54\u2009321', { exact: true }).waitFor();
  assert.equal(await page.locator('[data-action=fine-tune] small').textContent(), 'ready');
});

test('Escape stops from the scene, from a text field, and while the overview is open', async () => {
  await page.getByTestId('scene').focus();
  await page.keyboard.press('Escape');
  await driverSays('STOPPED');
  await page.getByTestId('hold-banner').getByRole('button', { name: 'Resume' }).click();
  await driverSays('READY');

  await page.getByRole('tab', { name: 'Data' }).click();
  await page.getByLabel('Folder to export to').fill('nfr');
  assert.equal(called('mode.set').length, 0, 'letters in a text field are letters');
  await page.keyboard.press('Escape');
  await driverSays('STOPPED');
  await page.getByTestId('hold-banner').getByRole('button', { name: 'Resume' }).click();

  await page.getByRole('tab', { name: 'Episode' }).click();
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  assert.ok(await page.locator('.stop').isVisible());
  await page.keyboard.press('Escape');
  await driverSays('STOPPED');
  assert.equal(await page.getByRole('dialog').count(), 0);
  assert.equal(called('control.stop').length, 3);
});

/** Over the table, base frame: the free view looks from the front right. Driving follows what is seen. */
const AWAY_IN_FREE_VIEW = [-0.598, 0.801] as const;

function assertMoves(axes: readonly number[] | undefined, [x, y]: readonly [number, number]) {
  assert.ok(axes && axes.length === 6 && axes.slice(2).every((value) => value === 0), `${axes}`);
  // The assertion above has checked the length.
  const twist = baseTwistFromPuck(axes as unknown as Vec6, { ...DEFAULT_TELEOP_MAP, deadZone: 0 });
  assert.ok(Math.hypot(twist[0] - x, twist[1] - y) < 0.02, `moves ${twist.slice(0, 2)}, expected ${x}, ${y}`);
}

test('held keys drive at 20 Hz or faster; key-up and lost focus are zero', async () => {
  const pucks = () => called('input.puck').map((call) => call.parameters['axes'] as number[]);
  await page.getByTestId('scene').focus();
  await page.keyboard.down('w');
  await until('ten repeats', () => pucks().length >= 10);
  assertMoves(pucks()[0], AWAY_IN_FREE_VIEW);
  const gapsMs = called('input.puck')
    .map((call, index, all) => call.atMs - (all[index - 1]?.atMs ?? call.atMs))
    .slice(1);
  const median = gapsMs.toSorted((a, b) => a - b)[Math.floor(gapsMs.length / 2)]!;
  assert.ok(median <= 50, `median gap ${median.toFixed(0)} ms`);
  await page.keyboard.up('w');
  await until(
    'zero after key-up',
    () =>
      pucks()
        .at(-1)
        ?.every((value) => value === 0) === true,
  );

  engine.calls.length = 0;
  await page.keyboard.down('a');
  await until('driving', () => pucks().length >= 1);
  await page.getByRole('tab', { name: 'Episode' }).focus();
  await until(
    'zero after lost focus',
    () =>
      pucks()
        .at(-1)
        ?.every((value) => value === 0) === true,
  );
  await page.keyboard.up('a');

  engine.calls.length = 0;
  await page.getByTestId('scene').focus();
  await page.keyboard.down('d');
  await until('driving again', () => pucks().length >= 1);
  await page.evaluate(`window.dispatchEvent(new Event('blur'))`);
  await until(
    'zero after blur',
    () =>
      pucks()
        .at(-1)
        ?.every((value) => value === 0) === true,
  );
  await page.keyboard.up('d');
});

test('the puck on screen drives while it is held, and lets go', async () => {
  const box = await page.getByTestId('puck-disc').boundingBox();
  assert.ok(box);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 40, y);
  const fullyRight = () =>
    called('input.puck')
      .map((call) => call.parameters['axes'] as number[])
      .find((axes) => Math.hypot(axes[0] ?? 0, axes[1] ?? 0) > 0.99);
  await until('a full deflection', () => fullyRight() !== undefined);
  assertMoves(fullyRight(), [AWAY_IN_FREE_VIEW[1], -AWAY_IN_FREE_VIEW[0]]);
  await page.mouse.up();
  await until('zero', () =>
    (called('input.puck').at(-1)!.parameters['axes'] as number[]).every((value) => value === 0),
  );
});

test('while an episode runs, focused buttons ignore Space and Enter', async () => {
  await page.getByRole('switch', { name: 'Start the next episode by itself' }).focus();
  await page.keyboard.press('Enter');
  await until('the switch works when nothing runs', () => called('settings.set').length === 1);
  engine.play();
  await driverSays('POLICY');
  await page.keyboard.press('Space');
  await until('Space takes over', () => called('control.takeover').length === 1);
  await page.keyboard.press('Enter');
  await until('Enter is success', () => called('episode.verdict').length === 1);
  assert.equal(called('settings.set').length, 1);
});

test('what cannot be read is a notice, not a crash', async () => {
  engine.sendRaw('{ not json');
  engine.sendRaw(JSON.stringify({ kind: 'status', status: { phase: 'dancing' } }));
  engine.sendRaw(JSON.stringify({ kind: 'unheard-of' }));
  engine.sendRaw(new Uint8Array([9, 9, 9]));
  await page.getByTestId('notices').getByText('cannot read').waitFor();
  engine.play();
  await driverSays('POLICY');
  await page.getByRole('button', { name: 'Dismiss' }).first().click();
});

test('a fault says what happened, what the arm does, and what to do', async () => {
  engine.status = {
    ...engine.status,
    phase: 'hold',
    fault: {
      what: 'The policy gave NaN',
      armDoes: 'The arm holds.',
      remedy: 'Go back to the last good policy (B).',
      atMs: 0,
    },
  };
  await driverSays('FAULT');
  const text = await page.getByTestId('fault-banner').textContent();
  for (const part of ['NaN', 'holds', 'last good policy']) assert.match(text ?? '', new RegExp(part));
});

test('another window holds the controls: this one says so and can take them', async () => {
  engine.status = { ...engine.status, controlsHeldByOther: true };
  await page.getByTestId('claim-banner').getByRole('button').click();
  await until('a claim', () => called('controls.claim').length === 1);
});

test('replay moves pictures and timeline together', async () => {
  await page.getByRole('tab', { name: 'Data' }).click();
  await page.locator('.episode-head').first().click();
  await page.getByRole('button', { name: 'Replay' }).click();
  await page.getByTestId('replay-banner').waitFor();
  await until('frames asked for', () => called('episode.frames').length > 0);
  await page.getByTestId('feed-wrist').getByText('recorded').waitFor();
  const box = await page.getByTestId('timeline').boundingBox();
  assert.ok(box);
  await page.mouse.click(box.x + box.width / 2, box.y + 10);
  await until('the middle asked for', () => Number(called('episode.frames').at(-1)?.parameters['index']) > 5);
  await page.getByRole('button', { name: 'Back to live' }).click();
  await page.getByRole('tab', { name: 'Episode' }).click();
});

test('with a replay open, verdict and discard are for the episode on the screen, and driving is refused', async () => {
  engine.play();
  await driverSays('POLICY');
  engine.pause();
  await replay(20);
  await page.keyboard.press('Backspace');
  await notice('Episode 20: failure').waitFor();
  await page.keyboard.press('Delete');
  await notice('Episode 20 is discarded.').waitFor();
  assert.deepEqual(called('episode.verdict')[0]?.parameters, { episodeId: 20, verdict: 'failure' });
  assert.deepEqual(called('episode.discard')[0]?.parameters, { episodeId: 20 });
  await page.getByTestId('scene').focus();
  await page.keyboard.press('w');
  await notice('A replay is open: go back to live to drive.').waitFor();
  const box = (await page.getByTestId('puck-disc').boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width, box.y + box.height / 2);
  await page.mouse.up();
  await allHasArrived();
  assert.equal(called('input.puck').length, 0);

  await page.keyboard.press('Space');
  await until('Space takes over', () => called('control.takeover').length === 1);
  assert.equal(await page.getByTestId('replay-banner').count(), 0, 'and shows the arm first');
});

test('who takes control otherwise finds the window back at the live scene', async () => {
  await replay(21);
  engine.status = { ...engine.status, phase: 'running', driver: 'human' };
  await notice('You drive: the replay is closed.').waitFor();
  assert.equal(await page.getByTestId('replay-banner').count(), 0);
});

test('a second replay does not show the first one’s pictures', async () => {
  const wrist = page.getByTestId('feed-wrist');
  await replay(22);
  await until('a picture', async () => (await pictureOf(page, 'feed-wrist')).colours > 20);
  engine.refusals.set('episode.frames', 'The pictures are gone.');
  await replay(23);
  await wrist.getByText('waiting for the first picture').waitFor();
  assert.ok((await pictureOf(page, 'feed-wrist')).colours <= 1, 'nothing is painted');
  await page.getByRole('button', { name: 'Back to live' }).click();
});

test('what safety limits is said beside who drives, for a second', async () => {
  const line = page.getByTestId('safety-line');
  engine.play();
  await driverSays('POLICY');
  assert.equal(await line.textContent(), '');
  engine.pause();
  const { summary } = tape.steps[0]!;
  engine.send({
    kind: 'step',
    episodeId: engine.status.episodeId!,
    step: { ...summary, index: 90, safety: ['lead', 'workspace'] },
    toolPositionM: [0, 0, 0],
  });
  await line.getByText('at the workspace wall', { exact: true }).waitFor();
  engine.play(20);
  await until('it goes when nothing is limited', async () => (await line.textContent()) === '');
});

test('Space and G say why they do nothing; where they do something they ask the engine', async () => {
  engine.rig = { ...contractRig, takeover: { ...contractRig.takeover, mode: 'hold' } };
  engine.status = { ...engine.status, phase: 'running', driver: 'human' };
  engine.refresh();
  await driverSays('YOU');
  await page.getByTestId('scene').focus();
  await page.keyboard.press('Space');
  await notice(/In Hold mode you drive while the button is held/).waitFor();
  await page.keyboard.press('g');
  await notice(/This task leaves the gripper alone/).waitFor();
  assert.equal(called('control.takeover').length + called('control.gripper').length, 0);
  await page.getByRole('tab', { name: 'Episode' }).click();
  assert.match((await page.locator('[data-action=takeover]').textContent()) ?? '', /^Release/);

  engine.rig = { ...contractRig, task: 'lift' };
  engine.refresh();
  await page.getByText('button 0 closes it and button 1 opens it').waitFor();
  await page.keyboard.press('g');
  await until('the gripper', () => called('control.gripper').length === 1);
  assert.deepEqual(called('control.gripper')[0]?.parameters, { command: 'toggle' });
});

test('a limit that the engine refuses is not shown as if it were in force', async () => {
  await page.getByRole('tab', { name: 'Rig' }).click();
  const field = page.getByLabel('Force: hold');
  const inForce = await field.inputValue();
  engine.refusals.set('settings.set', 'That would be more than the robot bears.');
  await field.fill('299.4');
  await field.press('Enter');
  await notice('That would be more than the robot bears.').waitFor();
  await until('the value in force', async () => (await field.inputValue()) === inForce);
  const sent = called('settings.set')[0]?.parameters['limits'] as { readonly stopForceN: number };
  assert.equal(sent.stopForceN, 299, 'rounded as it is shown');
  await page.getByRole('button', { name: 'Dismiss' }).first().click();
});

test('the shell’s menu and notices do what the window’s own do; the overview takes the focus and gives it back', async () => {
  const tell = (detail: object) =>
    page.evaluate(`window.dispatchEvent(new CustomEvent('takeover:shell', { detail: ${JSON.stringify(detail)} }))`);
  await tell({ kind: 'notice', level: 'info', text: 'The engine stopped and was started again.' });
  await notice('The engine stopped and was started again.').waitFor();
  const focused = () => page.evaluate(`document.activeElement?.closest('[role=dialog]') !== null`);
  await page.getByTestId('scene').focus();
  await tell({ kind: 'keys' });
  await page.getByRole('dialog').waitFor();
  assert.equal(await focused(), true);
  await tell({ kind: 'keys' });
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(`document.activeElement?.getAttribute('data-testid')`), 'scene');
  await tell({ kind: 'export' });
  await until('the export', () => called('data.export').length === 1);
  await page.getByRole('progressbar', { name: 'Progress of the export' }).waitFor();
  await notice('Exporting 12 episodes to exports/insert; left out: 1 discarded').waitFor();
});

test('the export form chooses episodes; numbers that cannot be read are said and not sent', async () => {
  const before = called('data.export').length;
  await page.getByRole('tab', { name: 'Data' }).click();
  await page.getByLabel('Folder to export to').fill('');
  const numbers = page.getByLabel('Episode numbers to export');
  await numbers.fill('5-2');
  await page.getByText('5-2 runs backwards; expected 2-5.').waitFor();
  const button = page.getByRole('button', { name: 'Export the chosen episodes' });
  await button.click({ force: true });
  assert.equal(called('data.export').length, before);
  await numbers.fill('1-5, 8');
  for (const [label, value] of [
    ['Task', 'lift'],
    ['Observation', 'state'],
    ['Buffer', 'demo'],
    ['Outcome', 'success'],
  ] as const)
    await page.getByLabel(`Export: ${label}`).selectOption(value);
  await button.click();
  await until('the call', () => called('data.export').length === before + 1);
  assert.deepEqual(called('data.export').at(-1)?.parameters, {
    format: 'lerobot-v3',
    includeDiscarded: false,
    choice: {
      task: 'lift',
      observation: 'state',
      buffer: 'demo',
      outcome: 'success',
      episodes: [
        [1, 5],
        [8, 8],
      ],
    },
  });
  await page.getByRole('tab', { name: 'Episode' }).click();
});

test('a lost link is said, what was true before it is not, and it is found again with the token', async () => {
  engine.cut();
  await driverSays('NO LINK');
  await page.getByTestId('link-banner').waitFor();
  await page.locator('.tick b', { hasText: /^–/ }).waitFor();
  await page.locator('.wrench span', { hasText: /^–$/ }).first().waitFor();
  engine.accept();
  await driverSays('READY');
  assert.equal(engine.lastHello(), 'token');
  await page.getByRole('tab', { name: 'Data' }).click();
  await page.locator('.export[data-state=unknown]').getByText('The link was lost meanwhile').waitFor();
  await page.getByRole('tab', { name: 'Episode' }).click();
});

test('the window of an engine that was started again is rescued by the new address, without being loaded', async () => {
  await page.evaluate(`window.sameDocument = true`);
  const address = engine.restart();
  await page.getByTestId('link-banner').getByText('Open the address that the engine printed last.').waitFor();
  await page.goto(address);
  await driverSays('READY');
  assert.equal(engine.lastHello(), 'code');
  assert.equal(new URL(page.url()).hash, '');
  assert.equal(await page.evaluate(`window.sameDocument`), true);
});

test('episodes older than the first page are asked for', async () => {
  engine.episodes = pastEpisodes(230);
  await page.reload();
  await driverSays('READY');
  await page.getByRole('tab', { name: 'Data' }).click();
  await page.locator('.episode-head').nth(199).waitFor();
  assert.equal(await page.locator('.episode-head').count(), 200);
  await page.getByRole('button', { name: 'Older' }).click();
  await until('all of them', async () => (await page.locator('.episode-head').count()) === 230);
  assert.equal(await page.getByRole('button', { name: 'Older' }).count(), 0);
  await page.getByRole('radio', { name: 'Failure' }).click();
  const failures = engine.episodes.filter(({ outcome, discarded }) => outcome === 'failure' && !discarded).length;
  await until('only failures', async () => (await page.locator('.episode-head').count()) === failures);
  await page.getByRole('tab', { name: 'Episode' }).click();
});

/** Shares of sixteen levels of grey in the middle of the scene. */
async function greyLevels(): Promise<readonly number[]> {
  const box = await page.getByTestId('scene').boundingBox();
  assert.ok(box);
  const picture = await page.screenshot({
    clip: { x: box.x + 200, y: box.y + 80, width: box.width - 240, height: box.height - 320 },
  });
  const { data } = await sharp(picture).greyscale().raw().toBuffer({ resolveWithObject: true });
  const bins = new Array<number>(16).fill(0);
  for (const value of data) bins[value >> 4]!++;
  return bins.map((count) => count / data.length);
}

test('the scene is not blank', async () => {
  await page.reload();
  await driverSays('READY');
  const isDrawn = (levels: readonly number[]) => levels.filter((share) => share > 0.005).length >= 4;
  await until('four levels of grey', async () => isDrawn(await greyLevels()));
  const bright = (await greyLevels()).slice(8).reduce((sum, share) => sum + share, 0);
  assert.ok(bright > 0.01, 'the arm is light on dark');
});

test('nothing was thrown in the page, and the content security policy was kept', () => {
  assert.deepEqual(pageErrors, []);
});
