/**
 * The choice of the task in the built window, against the scripted engine: what it shows, when it is refused and why,
 * and what follows from it. Needs renderer/dist (npm run build).
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { openBrowser, SCENE_UNDRAWN } from './browser.ts';
import { contractRig, firstStatus, pastEpisodes } from './contract-data.ts';
import { type ContractEngine, createContractEngine } from './contract-engine.ts';
import { recordTape } from './tape.ts';
import { until, WAIT_MS } from './until.ts';

let browser: Browser;
let engine: ContractEngine;
let page: Page;

const driverSays = (word: string) =>
  page.locator('[data-testid=driver] b', { hasText: new RegExp(`^${word}$`) }).waitFor();
const chosen = () => engine.calls.filter(({ name }) => name === 'task.set').map(({ parameters }) => parameters['task']);
const option = (task: string) => page.getByTestId('task-choice').getByRole('radio', { name: task, exact: true });
const policyWords = (text: RegExp) => page.getByTestId('policy-words').getByText(text).waitFor();
const policiesOffered = () => page.getByLabel('Policy, from the next episode on').locator('option').allTextContents();

before(async () => {
  const [tape, opened] = await Promise.all([recordTape(10_000_003), openBrowser()]);
  browser = opened;
  engine = await createContractEngine(tape);
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US' });
  page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  await page.goto(engine.url);
  await driverSays('READY');
  await page.getByRole('button', { name: 'Skip' }).click();
  await page.evaluate(SCENE_UNDRAWN);
});
after(async () => {
  await browser?.close();
  await engine?.close();
});
beforeEach(async () => {
  engine.calls.length = 0;
  engine.pause();
  engine.rig = contractRig;
  engine.status = { ...firstStatus };
  engine.refresh();
  await driverSays('READY');
  await page.getByRole('tab', { name: 'Episode' }).click();
});

test('three tasks are offered; another one brings its words, its starter, its counters and its policies', async () => {
  assert.equal(await option('insert').getAttribute('aria-checked'), 'true');
  assert.deepEqual(await policiesOffered(), ['starter', 'run-1/1200 · 1\u2009200 updates']);
  await policyWords(/^run-1\/1200: run 1 after 1\u2009200 updates, succeeds alone in 62\u2009%\.$/);
  await option('lift').click();
  await page.getByText('lift the yellow block', { exact: true }).waitFor();
  await page.locator('.bar h1', { hasText: 'lift' }).waitFor();
  await page.getByTestId('counter-RL').getByText('0', { exact: true }).waitFor();
  await policyWords(
    /^starter-lift: learned from 20 demonstrations, succeeds alone in about 16 of 50 \(selection seeds\)\.$/,
  );
  assert.deepEqual(await policiesOffered(), ['starter-lift']);
  assert.deepEqual(chosen(), ['lift']);
  await until('what is needed is asked anew', () => engine.calls.some(({ name }) => name === 'run.readiness'));
  if (process.env['TASK_PICTURE']) await page.screenshot({ path: process.env['TASK_PICTURE'] });
});

test('the keyboard reaches it, and chooses', async () => {
  await option('insert').focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByText('pick up the yellow peg and insert it into the blue socket', { exact: true }).waitFor();
  assert.deepEqual(chosen(), ['pick-insert']);
});

test('while an episode runs it says why not, and what to do; nothing is sent', async () => {
  engine.play();
  await driverSays('POLICY');
  await until('the choice is blocked', async () => (await option('lift').getAttribute('aria-disabled')) === 'true');
  assert.match((await option('lift').getAttribute('title')) ?? '', /Not while an episode runs.*End and reset/);
  await option('lift').click({ force: true });
  await page
    .getByTestId('notices')
    .getByText(/Task: Not while an episode runs/)
    .waitFor();
  assert.deepEqual(chosen(), []);
});

test('a run of another task offers its policy with the reason why it cannot drive', async () => {
  await option('lift').click();
  await page.locator('.bar h1', { hasText: 'lift' }).waitFor();
  await page.getByRole('tab', { name: 'Runs' }).click();
  const use = page.getByRole('button', { name: 'Use this policy' });
  assert.match((await use.getAttribute('title')) ?? '', /It is a policy for insert: choose that task/);
  await page.locator('.run-head', { hasText: 'insert · ConRFT' }).waitFor();
});

test('the Data tab shows the task of each episode and filters by it', async () => {
  const [last] = pastEpisodes(26).slice(-1);
  engine.send({ kind: 'episode', episode: { ...last!, id: 27, task: 'lift', policy: 'starter-lift' } });
  await page.getByRole('tab', { name: 'Data' }).click();
  const filter = page.getByLabel('Episodes of the task');
  await filter.selectOption('lift');
  await until('one episode is shown', async () => (await page.locator('.episode').count()) === 1);
  await page.locator('.episode-head').click();
  await page.locator('.episode-body', { hasText: 'lift · starter-lift' }).waitFor();
  if (process.env['TASK_PICTURE']) await page.screenshot({ path: `${process.env['TASK_PICTURE']}.data.png` });
  await filter.selectOption('');
});
