/**
 * The success detector in a real headless browser, against the scripted engine: labelling with a key, training, reading
 * the record, moving the threshold, letting the classifier decide, overruling it. Needs renderer/dist (npm run build).
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

const called = (name: string) => engine.calls.filter((call) => call.name === name).map(({ parameters }) => parameters);
const tab = (name: string) => page.getByRole('tab', { name }).click();

before(async () => {
  assert.ok(
    existsSync(join(import.meta.dirname, '../../renderer/dist/index.html')),
    'build the window first: npm run build',
  );
  const [tape, opened] = await Promise.all([recordTape(10_000_003, 12), openBrowser()]);
  browser = opened;
  engine = await createContractEngine(tape);
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US' });
  page = await context.newPage();
  await page.addInitScript(SCENE_UNDRAWN);
  page.setDefaultTimeout(WAIT_MS);
  page.on('pageerror', (error) => pageErrors.push(error.message));
  await page.goto(engine.url);
  await page.getByRole('button', { name: 'Skip' }).click();
  await tab('Data');
  await page.locator('summary', { hasText: 'Success' }).click();
});
after(async () => {
  await browser?.close();
  await engine?.close();
});

test('P labels the moment, Shift P the contrary, and nothing is sent where there is no moment', async () => {
  await page.getByText('Labelled by hand').waitFor();
  await page.keyboard.press('p');
  await page.getByText(/No episode runs, and none is replayed/).waitFor();
  assert.deepEqual(called('label.set'), []);
  engine.play();
  await until('the episode', async () => (await page.getByText('POLICY').count()) > 0);
  await page.keyboard.press('p');
  await page.keyboard.press('Shift+P');
  await until('two labels', () => called('label.set').length === 2);
  assert.deepEqual(called('label.set'), [{ label: 'positive' }, { label: 'negative' }]);
  await page.locator('.label-counts', { hasText: '43 success · 119 not' }).waitFor();
  engine.pause();
  // A person who drives must see the arm, so a replay opens only when nobody drives.
  engine.status = { ...engine.status, phase: 'ready', driver: 'nobody' };
});

test('in a replay the key labels the moment on the screen, and what the verdict says of each moment is shown', async () => {
  await page.getByRole('button', { name: '26', exact: false }).first().click();
  await page.getByRole('button', { name: 'Replay' }).click();
  await page.getByRole('img', { name: /^0 moments of success, 10 of none, 3 left out$/ }).waitFor();
  await page
    .getByText('from the verdict')
    .or(page.getByText('left out', { exact: true }))
    .waitFor();
  await page.keyboard.press('p');
  await until('the label', () => called('label.set').length === 3);
  const { frame } = called('label.set')[2] ?? {};
  assert.equal((frame as { readonly episodeId: number }).episodeId, 26);
  await page.getByText(/Episode 26, moment \d+: success/).waitFor();
  await page.getByRole('button', { name: 'Back to live' }).click();
});

test('training shows that it goes on, then its record on held-out episodes', async () => {
  await page.getByRole('button', { name: 'Train a classifier' }).click();
  await page.getByRole('progressbar', { name: 'Training of the classifier' }).waitFor();
  engine.finishClassifier();
  await page.getByText(/420 frames of 7 episodes it was not trained on/).waitFor();
  assert.equal(await page.getByRole('progressbar', { name: 'Training of the classifier' }).count(), 0);
  await page.getByRole('cell', { name: '0 false' }).waitFor();
});

test('a lower threshold finds more and lets failures pass; it is sent when the hand lets go', async () => {
  const slider = page.getByRole('slider', { name: 'Threshold of success' });
  const rule = Number(await slider.inputValue());
  await slider.fill(String(rule - 45));
  await page.locator('.confusion td[data-wrong="true"]').waitFor();
  await slider.press('ArrowLeft');
  await until('the threshold', () => called('classifier.use').length > 0);
  const sent = called('classifier.use').at(-1);
  assert.equal(sent?.['name'], 'classifier-1');
  const { curve } = engine.classifier.classifiers[0]!;
  assert.equal(sent?.['threshold'], curve[rule - 46]?.threshold);
  await page.getByRole('button', { name: 'Rule’s threshold' }).click();
  await until('back', async () => (await slider.inputValue()) === String(rule));
  const before = called('classifier.use').length;
  await slider.focus();
  for (const key of ['Shift', 'Tab', 'Shift+Tab']) await page.keyboard.press(key);
  // Calls come in order: what the keys had asked for would be here before the next heartbeats.
  const beats = called('input.heartbeat').length;
  await until('two more beats', () => called('input.heartbeat').length >= beats + 2);
  assert.equal(called('classifier.use').length, before, 'passing by with the keyboard sets nothing');
});

test('the classifier is let decide; its opinion is live in the Episode tab; a failure of hers overrules it', async () => {
  await page.getByRole('radio', { name: 'Classifier' }).click();
  await until('the setting', () => called('settings.set').some(({ success }) => success !== undefined));
  assert.deepEqual(called('settings.set').at(-1)?.['success'], { ...engine.rig.success, by: 'classifier' });
  await tab('Episode');
  engine.status = {
    ...engine.status,
    phase: 'running',
    success: { classifier: 'classifier-1', threshold: 0.95, probability: 0.97, guardMet: true, streak: 1 },
  };
  await page.getByText('97\u202f% · 1 of 3 ticks').or(page.getByText('97 % · 1 of 3 ticks')).waitFor();
  const meter = page.getByRole('meter', { name: 'Probability of success' });
  await until('it lies above the threshold', async () => (await meter.getAttribute('data-above')) === 'true');
  engine.status = { ...engine.status, success: { ...engine.status.success, guardMet: false, streak: 0 } };
  await page.getByText(/the robot’s state does not allow it/).waitFor();

  engine.status = { ...engine.status, phase: 'ready' };
  const newest = engine.episodes.at(-1)!;
  await until('the phase', async () => (await page.getByText('READY').count()) > 0);
  const failure = page.locator('[data-action="failure"]');
  await until('nothing to overrule yet', async () => (await failure.getAttribute('aria-disabled')) === 'true');
  engine.send({ kind: 'episode', episode: { ...newest, outcome: 'success', judge: 'classifier' } });
  await until('it can be overruled', async () => (await failure.getAttribute('aria-disabled')) === null);
  await page.keyboard.press('Backspace');
  await until('the verdict', () => called('episode.verdict').length === 1);
  assert.deepEqual(called('episode.verdict')[0], { verdict: 'failure', episodeId: newest.id });
  assert.deepEqual(pageErrors, []);
});
