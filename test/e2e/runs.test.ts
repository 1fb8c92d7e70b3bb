/**
 * Tests the Runs tab in a headless browser against the scripted engine: the plan before the start, curves that move
 * with the newest points alone, the comparison of two runs, cancelling, and the reach of Tab. Needs renderer/dist (npm
 * run build). Every wait is for a state, never for a time.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { openBrowser, SCENE_UNDRAWN } from './browser.ts';
import { type ContractEngine, createContractEngine } from './contract-engine.ts';
import { recordTape } from './tape.ts';
import { until, WAIT_MS } from './until.ts';

let browser: Browser;
let engine: ContractEngine;
let page: Page;
const pageErrors: string[] = [];

const called = (name: string) => engine.calls.filter((call) => call.name === name);
const run = (id: number) => page.locator('.run', { has: page.getByText(`Run ${id}`, { exact: true }) });
const chart = (title: string) => page.locator('.chart', { has: page.getByText(title, { exact: true }) });
/** A chart's picture as a number that changes with it. */
const picture = (title: string): Promise<number> =>
  chart(title)
    .locator('canvas')
    .evaluate((element) => {
      const canvas = element as unknown as {
        width: number;
        height: number;
        getContext(kind: '2d'): {
          getImageData(x: number, y: number, w: number, h: number): { data: Uint8ClampedArray };
        };
      };
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.reduce((hash, value) => (Math.imul(hash, 31) + value) | 0, 0);
    });
const startButton = () => page.getByRole('button', { name: 'Start the run' });

before(async () => {
  assert.ok(
    existsSync(join(import.meta.dirname, '../../renderer/dist/index.html')),
    'build the window first: npm run build',
  );
  const [tape, opened] = await Promise.all([recordTape(10_000_003, 12), openBrowser()]);
  browser = opened;
  engine = await createContractEngine(tape);
  engine.runs = [];
  const context = await browser.newContext({ viewport: { width: 1024, height: 700 }, locale: 'en-US' });
  page = await context.newPage();
  await page.addInitScript(SCENE_UNDRAWN);
  page.setDefaultTimeout(WAIT_MS);
  page.on('pageerror', (error) => pageErrors.push(error.message));
  await page.goto(engine.url);
  await page.getByRole('button', { name: 'Skip' }).click();
  await page.getByRole('tab', { name: 'Runs' }).click();
});
after(async () => {
  await browser?.close();
  await engine?.close();
});

test('no run yet: what this is for; what a run would use and how long it would take is said beforehand', async () => {
  await page.getByText('No run yet.').waitFor();
  await page.getByText('1\u2009204 demo and 12\u2009340 RL transitions').waitFor();
  await page.getByText(/to catch up with what is recorded, about 14\u2009min 29\u2009s at 14.2\u2009\/s/).waitFor();
  await page.getByRole('radio', { name: 'Offline' }).click();
  await page.getByText(/1\u2009200 updates: about 1\u2009min 25\u2009s/).waitFor();
  await page.getByLabel('Algorithm').selectOption('rlpd');
  await page.getByText(/Fresh weights: run-1\/1200 does not fit/).waitFor();
  await page.getByText('How long is not known').waitFor();
  assert.equal(await page.getByRole('radio', { name: 'Code' }).count(), 0, 'RLPD has no preset of released code');
});

test('a run is started as it was chosen, waits, and shows itself', async () => {
  await page.getByLabel('Algorithm').selectOption('conrft');
  await page.getByRole('radio', { name: 'Paper' }).click();
  await page.getByRole('radio', { name: 'Offline' }).click();
  await startButton().click();
  await until('the start', () => called('run.start').length === 1);
  assert.deepEqual(called('run.start')[0]?.parameters['spec'], {
    algorithm: 'conrft',
    preset: 'paper',
    stage: 'offline',
  });
  await run(1).getByText('Its trainer starts').waitFor();
  assert.equal(await startButton().getAttribute('aria-disabled'), 'true');
  await page.getByText('Run 1 is under way').first().waitFor();
  for (let part = 0; part < 10; part++) engine.advanceRun(40);
  await run(1).getByText('400 of 1\u2009200 updates.').waitFor();
  engine.advanceRun(800);
  engine.changeRun(1, { state: 'finished' });
  await run(1).getByText('finished', { exact: false }).first().waitFor();
});

test('curves move with the newest points alone: the series are asked for once', async () => {
  await page.getByRole('radio', { name: 'Cell' }).click();
  await page.getByRole('radio', { name: 'Online' }).click();
  await startButton().click();
  await run(2).getByText('Its trainer starts').waitFor();
  const asked = () => called('run.metrics').filter(({ parameters }) => parameters['runId'] === 2).length;
  await until('the series', () => asked() === 1);
  engine.advanceRun(40);
  for (const title of ['Loss', 'Q', 'Bound, floor, saturation', 'Speed', 'Updates per step', 'Batches'])
    await chart(title).waitFor();
  for (let round = 0; round < 8; round++) {
    const [loss, values] = [await picture('Loss'), await page.locator('.charts').textContent()];
    engine.advanceRun(20);
    await until('the curve moves', async () => (await picture('Loss')) !== loss);
    await until('the newest values', async () => (await page.locator('.charts').textContent()) !== values);
  }
  assert.equal(asked(), 1);
  // Losses over decades are drawn in logarithms; one below zero takes that back.
  const strange = async (criticLoss: number, metricsStep: number) => {
    const loss = await picture('Loss');
    const { metrics } = engine.runs[0] ?? { metrics: {} };
    engine.changeRun(2, { metrics: { ...metrics, criticLoss }, metricsStep });
    await until('the curve moves', async () => (await picture('Loss')) !== loss);
  };
  await strange(1e-4, 220);
  await chart('Loss').getByText('log', { exact: true }).waitFor();
  await strange(-2, 240);
  assert.equal(await chart('Loss').getByText('log', { exact: true }).count(), 0);
  await strange(1, 260);
  // As after a frozen tab: many statuses at once.
  for (let burst = 0; burst < 120; burst++) engine.advanceRun(1);
  await run(2)
    .getByText(/Behind what was recorded by 1\u2009680 updates/)
    .waitFor();
  await run(2)
    .getByRole('img', { name: /^Batches: .*policy, .*corrections, .*demos$/ })
    .waitFor();
});

test('the curves are read under the pointer and with the arrow keys', async () => {
  await chart('Loss').scrollIntoViewIfNeeded();
  const box = await chart('Loss').locator('canvas').boundingBox();
  assert.ok(box);
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.getByText(/^At update /).waitFor();
  const before = await page.getByText(/^At update /).textContent();
  await page.mouse.move(0, 300);
  await page.getByText('Newest values').waitFor();
  await page.getByRole('group', { name: /^Curves/ }).focus();
  await page.keyboard.press('ArrowLeft');
  await page.getByText(/^At update /).waitFor();
  assert.notEqual(await page.getByText(/^At update /).textContent(), before);
  await page.keyboard.press('End');
  await page.getByText('Newest values').waitFor();
});

test('two runs: the other one’s curves are dashed, what was set differently is listed', async () => {
  const plain = await picture('Loss');
  await page.getByLabel('Compare with').selectOption('1');
  await until('curves laid over', async () => (await picture('Loss')) !== plain);
  assert.equal(await chart('Loss').locator('[data-dashed=true]').count(), 3);
  const row = (name: string) => page.locator('.differences tr', { has: page.getByText(name, { exact: true }) });
  assert.deepEqual(await row('stage').locator('td').allTextContents(), ['online', 'offline']);
  assert.deepEqual(await row('mcFloor').locator('td').allTextContents(), ['cut', 'off']);
  assert.equal(await row('discount').count(), 0, 'what is the same is not listed');
  await page.getByLabel('Compare with').selectOption('');
  await until('the curves alone again', async () => (await chart('Loss').locator('[data-dashed=true]').count()) === 0);
});

test('everything of an open run is reached by Tab and acts on Enter', async () => {
  await run(2).locator('.run-head').focus();
  const seen: string[] = [];
  for (let stop = 0; stop < 5; stop++) {
    await page.keyboard.press('Tab');
    const name = await page.evaluate(
      `((one) => one.getAttribute('aria-label') ?? one.closest('label')?.firstChild?.textContent ?? one.textContent)(document.activeElement)`,
    );
    seen.push(String(name));
  }
  assert.deepEqual(
    ['Cancel the run', 'Compare with', 'Curves'].map((wanted) => seen.some((name) => name.startsWith(wanted))),
    [true, true, true],
    seen.join(' | '),
  );
  await page.getByRole('button', { name: 'Cancel the run' }).focus();
  await page.keyboard.press('Enter');
  await until('the cancel', () => called('run.cancel').length === 1);
  await run(2)
    .getByText(/^Cancelled after /)
    .waitFor();
  assert.equal(await run(2).getAttribute('data-state'), 'cancelled');
});

test('a failed run says why and what to do; one that got worse offers the way back', async () => {
  engine.changeRun(2, {
    state: 'failed',
    message: 'criticLoss became NaN at update 7',
    remedy: 'Go back to an earlier policy.',
  });
  await run(2).getByText('criticLoss became NaN at update 7.').waitFor();
  await run(2).getByText('Go back to an earlier policy.').waitFor();

  const model = engine.episodes.find(({ mode, discarded }) => mode === 'run' && !discarded);
  assert.ok(model);
  const add = (count: number, policy: string, solved: boolean) => {
    for (let index = 0; index < count; index++) {
      const id = engine.episodes.length + 1;
      const outcome = solved ? 'success' : 'failure';
      const episode = { ...model, id, policy, humanSteps: 0, takeovers: 0, outcome } as const;
      engine.episodes = [...engine.episodes, episode];
      engine.send({ kind: 'episode', episode });
    }
  };
  add(10, 'starter', true);
  add(10, 'run-2/400', false);
  engine.changeRun(2, { state: 'finished', policy: 'run-2/400' });
  await run(2).getByText('Worse: without help it solved 0 of 10, 10 of 10 before it.').waitFor();
  await run(2).getByRole('button', { name: 'Back to the good one' }).click();
  await until('the way back', () => called('policy.revert').length === 1);
  await run(2).getByRole('button', { name: 'Use this policy' }).click();
  await until('the use', () => called('policy.use')[0]?.parameters['name'] === 'run-2/400');
});

test('nothing is clipped at 1024×700, and nothing was thrown in the page', async () => {
  const wide = await page.locator('.desk-content').evaluate((element) => {
    const { clientWidth, scrollWidth } = element as unknown as { clientWidth: number; scrollWidth: number };
    return scrollWidth - clientWidth;
  });
  assert.equal(wide, 0);
  assert.deepEqual(pageErrors, []);
});
