/**
 * One click to fine-tune, in the real product: a project with twenty demonstrations, the window in a headless browser,
 * the trainer as its own process. The run is shown, the newer policy takes over at the next episode as a candidate, one
 * key goes back, cancel ends it.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { openStoreWriter } from '../../data/recording/writer.ts';
import { openRunStore } from '../../data/runs.ts';
import { systemClock } from '../../main/api/index.ts';
import { createRng } from '../../main/api/rng.ts';
import { CELL_ENCODER_MANIFEST } from '../../main/models/assets.ts';
import { readEncoderManifest } from '../../main/models/encoder-manifest.ts';
import { recordEpisode } from '../data/fixture.ts';
import { openBrowser, SCENE_UNDRAWN } from './browser.ts';
import { createOperator, dismissNotices, type Operator } from './operator.ts';
import { type Served, serve } from './served.ts';

const DEMONSTRATIONS = 20;
const STEPS = 30;

let folder = '';
let browser: Browser;
let engine: Served;
let page: Page;
let operator: Operator;

/** Demonstrations of nothing in particular: what is tested is the way of the weights, not what they learn. */
async function recordDemonstrations(): Promise<void> {
  const { embeddingSize, sha256 } = readEncoderManifest(CELL_ENCODER_MANIFEST);
  const writer = await openStoreWriter({ folder, reserveBytes: 0 });
  const rng = createRng(1);
  const actors = new Array<'human'>(STEPS).fill('human');
  for (let index = 0; index < DEMONSTRATIONS; index++) {
    recordEpisode(writer, rng, actors, {
      mode: 'demonstrate',
      size: { sizePx: 8, taxels: 4, embeddingSize },
      start: { encoderSha256: sha256 },
    });
    await writer.room();
  }
  await writer.drained();
  await writer.close();
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'takeover-e2e-'));
  await recordDemonstrations();
  browser = await openBrowser();
  engine = await serve(folder);
  const context = await browser.newContext({ viewport: { width: 1024, height: 700 }, locale: 'en-US' });
  page = await context.newPage();
  await page.addInitScript(SCENE_UNDRAWN);
  page.setDefaultTimeout(30_000);
  await page.goto(engine.url);
  operator = createOperator(page);
  await page.getByRole('button', { name: 'Skip' }).click();
});
after(async () => {
  await browser?.close();
  engine?.child.kill('SIGTERM');
  await engine?.exited;
  rmSync(folder, { recursive: true, force: true });
});

const detail = async () => (await page.locator('[data-testid=driver] small').allTextContents())[0] ?? '';
const stateOfRun = async () => (await page.locator('.run').first().getAttribute('data-state')) ?? '';
/** Ends an episode early; the next one starts by itself. */
const endEpisode = async () => {
  if ((await operator.word()) === 'POLICY') await page.keyboard.press('Backspace');
};

test('with enough demonstrations Fine-tune is ready, and one key starts a run that is shown', async () => {
  await operator.untilWord('POLICY');
  assert.equal(await detail(), 'starter');
  const button = page.locator('[data-action=fine-tune]');
  await operator.until('Fine-tune says ready', async () => (await button.locator('small').textContent()) === 'ready');
  await page.getByTestId('scene').focus();
  await page.keyboard.press('f');
  await operator.until('the run is under way', async () => (await stateOfRun()) === 'running');
  const run = page.locator('.run').first();
  await run.getByText('offline · cell').waitFor();
  await operator.until('updates are counted', async () => /Updates\s*[1-9]/.test((await run.textContent()) ?? ''));
  await run.getByText('Time left').waitFor();
  await run.locator('canvas').first().waitFor();
});

test('a newer policy takes over at an episode’s start, as a candidate; one key goes back', async () => {
  await operator.until('the candidate drives', async () => {
    if (/^run-\d+\/\d+ · candidate$/.test(await detail())) return true;
    await endEpisode();
    return false;
  });
  await page.keyboard.press('b');
  await page.getByTestId('notices').getByText('starter drives from the next episode on.').waitFor();
});

test('cancel ends the run and its process; the row says so', async () => {
  await page.getByRole('tab', { name: 'Runs' }).click();
  const cancel = page.getByRole('button', { name: 'Cancel the run' }).first();
  await operator.until('the run is cancelled', async () => {
    if ((await stateOfRun()) === 'cancelled') return true;
    await dismissNotices(page);
    // The offline run may end in this moment, and the online one begin.
    if ((await cancel.count()) > 0) await cancel.click({ timeout: 2000 }).catch(() => {});
    return false;
  });
  const rows = openRunStore(folder, systemClock);
  const [newest] = rows.runs();
  const checkpoints = rows.checkpoints();
  rows.close();
  assert.equal(newest?.state, 'cancelled');
  assert.ok(checkpoints.length >= 1 && checkpoints.every(({ policy }) => /^run-\d+\/\d+$/.test(policy)));
});

test('the control loop went on meanwhile', async (t) => {
  t.diagnostic(`the machine made the engine hold ${operator.faults.length} times`);
  const before = await operator.counters();
  await operator.until('more transitions', async () => (await operator.counters()).rl > before.rl);
  assert.equal((await operator.counters()).demo, DEMONSTRATIONS * STEPS);
});
