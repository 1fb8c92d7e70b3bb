/**
 * The built window at three sizes: nothing is wider than the window, nothing covers a control, and one event is shown
 * in one place. Text and pictures grow with the window and the person's zoom. Needs renderer/dist.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { openBrowser, SCENE_UNDRAWN } from './browser.ts';
import { contractRig, firstStatus } from './contract-data.ts';
import { type ContractEngine, createContractEngine } from './contract-engine.ts';
import { recordTape, type Tape } from './tape.ts';
import { until, WAIT_MS } from './until.ts';

const SIZES = [
  { width: 1024, height: 700 },
  { width: 1440, height: 900 },
  { width: 3840, height: 2160 },
] as const;
type Size = (typeof SIZES)[number];
const FAULT = {
  what: "The robot's state is 257 ms old; at most 250 ms are allowed.",
  armDoes: 'It holds where it is.',
  remedy: 'Check the link to the robot; press Resume when the puck is at neutral.',
  atMs: 0,
};
const STANDING = ['deadline', 'judge', 'policy', 'settings'].map((topic) => ({
  topic,
  level: 'warning' as const,
  text: `Something about the ${topic} that takes a line or two to say in full.`,
  remedy: 'Do what is to be done about it, and this line leaves by itself.',
}));
/**
 * The 3-D scene draws in software here: without it the same window is faster at 4K, and the message that it is missing
 * shows.
 */
const WITHOUT_WEBGL = `
  const before = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    return /webgl/.test(kind) ? null : before.call(this, kind, ...rest);
  };`;

let browser: Browser;
let tape: Tape;

before(async () => {
  [tape, browser] = await Promise.all([recordTape(10_000_003), openBrowser()]);
});
const engines = new Set<ContractEngine>();
after(async () => {
  await browser?.close();
  for (const engine of engines) await engine.close();
});

interface Opened {
  readonly page: Page;
  readonly engine: ContractEngine;
  [Symbol.asyncDispose](): Promise<void>;
}
async function open(size: Size, options: { webgl?: boolean; first?: boolean } = {}): Promise<Opened> {
  const engine = await createContractEngine(tape);
  engines.add(engine);
  engine.status = { ...firstStatus };
  const context = await browser.newContext({ viewport: size, locale: 'en-US' });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  await page.addInitScript(options.webgl ? SCENE_UNDRAWN : WITHOUT_WEBGL);
  if (!options.first) await page.addInitScript(`localStorage.setItem('takeover.hintDone', '1')`);
  await page.goto(engine.url);
  await page.locator('[data-testid=driver] b', { hasText: 'READY' }).waitFor();
  await page.locator('.feed canvas').first().waitFor();
  return {
    page,
    engine,
    [Symbol.asyncDispose]: async () => {
      await context.close();
      engines.delete(engine);
      await engine.close();
    },
  };
}

/** The visible part of each element: its box, cut by every ancestor that hides overflow. */
const SEEN = `
  const seen = (element) => {
    let { left, top, right, bottom } = element.getBoundingClientRect();
    for (let around = element.parentElement; around; around = around.parentElement) {
      if (getComputedStyle(around).overflow === 'visible') continue;
      const box = around.getBoundingClientRect();
      [left, top] = [Math.max(left, box.left), Math.max(top, box.top)];
      [right, bottom] = [Math.min(right, box.right), Math.min(bottom, box.bottom)];
    }
    // A closed section is not drawn; a sliver at the edge of a scrolled area is not a target.
    return element.checkVisibility({ contentVisibilityAuto: true }) && right - left > 8 && bottom - top > 8 ? { left, top, right, bottom } : undefined;
  };
  const nameOf = (element) =>
    (element.dataset.testid ?? element.className?.baseVal ?? element.className) + ' "' + (element.textContent ?? '').slice(0, 30) + '"';`;

/** Pairs that lie on each other, and controls that something else would catch the pointer of. */
async function covered(
  page: Page,
): Promise<{ readonly pairs: string[]; readonly hidden: string[]; readonly over: number }> {
  return page.evaluate(`(() => {${SEEN}
    const over = [...document.querySelectorAll('[data-testid=first-start], .banner, .notice, .scene-broken')];
    const controls = [...document.querySelectorAll('button, input, select, .puck, .timeline canvas, [role=tab]')];
    const apart = (a, b) => a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
    const pairs = [];
    over.forEach((one, index) => {
      const box = seen(one);
      if (!box) return;
      for (const other of [...over.slice(index + 1), ...controls]) {
        const otherBox = seen(other);
        if (otherBox && !one.contains(other) && !other.contains(one) && !apart(box, otherBox))
          pairs.push(nameOf(one) + ' on ' + nameOf(other));
      }
    });
    const hidden = controls.filter((control) => {
      const box = seen(control);
      if (!box) return false;
      const hit = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
      return !(hit && (control.contains(hit) || hit.contains(control)));
    }).map(nameOf);
    return { pairs, hidden, over: over.filter(seen).length };
  })()`);
}
async function assertNothingCovered(page: Page, atLeast: number): Promise<void> {
  const found = await covered(page);
  assert.deepEqual([found.pairs, found.hidden], [[], []]);
  assert.ok(found.over >= atLeast, `${found.over} of ${atLeast} cards, banners and notices are seen`);
}
const overflow = (page: Page) =>
  page.evaluate(
    `[document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]`,
  );
const count = (page: Page, selector: string) => page.locator(selector).count();
const numberOf = async (page: Page, expression: string) => Number(await page.evaluate(expression));

for (const size of SIZES)
  test(`${size.width} × ${size.height}: card, banners and notices have places of their own, and none covers a control`, async () => {
    await using opened = await open(size, { first: true, webgl: true });
    const { page, engine } = opened;
    const card = page.getByTestId('first-start');
    await card.waitFor();
    await assertNothingCovered(page, 2);
    assert.deepEqual(await overflow(page), [0, 0]);

    engine.status = { ...firstStatus, phase: 'hold', fault: FAULT, notices: STANDING, controlsHeldByOther: true };
    for (const banner of ['fault-banner', 'claim-banner']) await page.getByTestId(banner).waitFor();
    await page
      .locator('.notice')
      .nth(STANDING.length - 1)
      .waitFor({ state: 'attached' });
    assert.equal(await card.count(), 0, 'the card gives way');
    await assertNothingCovered(page, 4);
    assert.deepEqual(await overflow(page), [0, 0]);

    engine.status = { ...firstStatus };
    await card.getByRole('button', { name: 'Skip' }).click();
    await page.getByRole('tab', { name: 'Data' }).click();
    await page.locator('.episode-head').first().click();
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByTestId('replay-banner').waitFor();
    engine.status = { ...firstStatus, phase: 'hold', holdReason: 'Stopped by the operator.' };
    await page.getByTestId('hold-banner').waitFor();
    await assertNothingCovered(page, 2);
    assert.deepEqual(await overflow(page), [0, 0]);

    for (const camera of contractRig.cameras) {
      const canvas = page.getByTestId(`feed-${camera.name}`).locator('canvas');
      await until(
        `a picture of ${camera.name}`,
        async () => (await canvas.evaluate((element) => Reflect.get(element, 'width'))) === camera.widthPx,
      );
      const box = (await canvas.boundingBox())!;
      assert.ok(Math.abs(box.width / box.height - camera.widthPx / camera.heightPx) < 0.02, 'a picture without bars');
      assert.ok(box.height >= 0.12 * size.height, `${camera.name} is ${box.height} px high`);
    }
  });

test('without WebGL the first card gives way to the words that say so', async () => {
  await using opened = await open(SIZES[0], { first: true });
  const { page } = opened;
  await page.getByText('The 3-D view cannot be drawn here').waitFor();
  assert.equal(await page.getByTestId('first-start').count(), 0);
  await assertNothingCovered(page, 2);
});

test('the zoom has keys, is remembered, stands in the overview and the Rig tab, and stops where the window has no room', async () => {
  await using opened = await open(SIZES[1]);
  const { page } = opened;
  const letters = () => numberOf(page, `parseFloat(getComputedStyle(document.body).fontSize)`);
  assert.equal(await letters(), 13);
  await page.keyboard.press('Control+Equal');
  await until('larger letters', async () => (await letters()) > 14);
  const larger = await letters();
  assert.deepEqual(await overflow(page), [0, 0]);
  await page.reload();
  await page.locator('[data-testid=driver] b', { hasText: 'READY' }).waitFor();
  assert.equal(await letters(), larger, 'remembered');

  await page.keyboard.press('Control+Digit0');
  await until('normal letters', async () => (await letters()) === 13);
  await page.keyboard.press('Control+Minus');
  await until('smaller letters', async () => (await letters()) < 12);
  await page.evaluate(`window.dispatchEvent(new CustomEvent('takeover:shell', { detail: { kind: 'zoom', step: 0 } }))`);
  await until('the menu’s normal letters', async () => (await letters()) === 13);

  await page.getByRole('tab', { name: 'Rig' }).click();
  await page.locator('[data-action=zoom-in]').click();
  await until('the Rig tab’s larger letters', async () => (await letters()) === larger);
  await page.keyboard.press('?');
  await page.getByRole('dialog').getByText('Larger letters and panels').waitFor();
  await page.keyboard.press('?');

  for (let press = 0; press < 5; press++) await page.keyboard.press('Control+Equal');
  await page.getByTestId('notices').getByText('This window has no room for larger letters.').waitFor();
  assert.deepEqual(await overflow(page), [0, 0]);
  await page.getByRole('tab', { name: 'Episode' }).click();
  await assertNothingCovered(page, 1);
});

test('at 3840 × 2160 letters and feeds are near twice as large as at 1440 × 900, whatever the panels were set to', async () => {
  await using opened = await open(SIZES[1]);
  const { page } = opened;
  const feedsPx = async () => (await page.locator('.feeds').boundingBox())!.width;
  const separator = page.getByRole('separator', { name: 'Width of the feeds' });
  await separator.focus();
  await page.keyboard.press('ArrowLeft');
  await until('narrower feeds', async () => Math.abs((await feedsPx()) - 304) < 1);
  await page.setViewportSize(SIZES[2]);
  await until('feeds that grow with the window', async () => (await feedsPx()) > 560);
  assert.deepEqual(await overflow(page), [0, 0]);
  const letters = `[...document.querySelectorAll('.row-label, .tabs button, .bar-place h1, .button')].map((one) => parseFloat(getComputedStyle(one).fontSize))`;
  const smallest = await numberOf(page, `Math.min(...${letters})`);
  assert.ok(smallest >= 22, `letters of ${smallest} px`);
  const picture = (await page.getByTestId('feed-wrist').locator('canvas').boundingBox())!;
  assert.ok(picture.width >= 0.93 * (await feedsPx()), `a picture of ${picture.width} px`);
  await page.setViewportSize(SIZES[1]);
  await until('feeds as they were set', async () => Math.abs((await feedsPx()) - 304) < 1);
});

test('a fault is told in its banner alone; a notice leaves when it is over, and can be dismissed until then', async () => {
  await using opened = await open(SIZES[1]);
  const { page, engine } = opened;
  const notices = page.locator('.notice');
  const [deadline, judge] = STANDING;
  engine.status = { ...firstStatus, notices: [deadline!, judge!] };
  await notices.nth(1).waitFor();
  engine.status = { ...firstStatus, notices: [judge!] };
  await until('one notice less', async () => (await notices.count()) === 1);
  await page.getByTestId('notices').getByText(judge!.text).waitFor();
  await notices.getByRole('button', { name: 'Dismiss' }).click();
  await until('none', async () => (await notices.count()) === 0);
  engine.status = { ...firstStatus, notices: [deadline!, judge!] };
  await page.getByTestId('notices').getByText(deadline!.text).waitFor();
  assert.equal(await notices.count(), 1, 'what was dismissed stays away while it lasts');

  engine.status = { ...firstStatus, phase: 'hold', fault: FAULT, notices: [] };
  await page.getByTestId('fault-banner').waitFor();
  await until('no notice', async () => (await notices.count()) === 0);
  const said = await numberOf(page, `document.body.innerText.split(${JSON.stringify(FAULT.what)}).length - 1`);
  assert.equal(said, 1);

  engine.status = {
    ...firstStatus,
    inputDevices: [{ name: 'SpaceMouse Compact', kind: 'spacemouse', state: 'lost', message: 'It was unplugged.' }],
  };
  await page.getByTestId('notices').getByText('It was unplugged.').waitFor();
  engine.status = { ...firstStatus, inputDevices: [] };
  await until('the device is back', async () => (await notices.count()) === 0);

  engine.refusals.set('episode.start', 'The cell is open.');
  await page.keyboard.press('n');
  await page.getByTestId('notices').getByText('The cell is open.').waitFor();
  engine.refusals.clear();
  await page.keyboard.press('n');
  await until('the refusal is over', async () => (await notices.count()) === 0);
});

test('the bar says how fast a slowed simulated clock runs, and nothing moves for it', async () => {
  await using opened = await open(SIZES[0]);
  const { page, engine } = opened;
  const rate = page.getByTestId('rate');
  const boxes = () =>
    page.evaluate(
      `JSON.stringify([...document.querySelectorAll('.bar > *, .bar-place > *, .figure')].map((one) => one.getBoundingClientRect()))`,
    );
  const tickWith = (realTimeFactor: number) => {
    engine.status = { ...engine.status, tick: { ...engine.status.tick, realTimeFactor } };
  };
  assert.equal(await rate.count(), 0, 'a real robot has no such rate');
  const before = await boxes();
  tickWith(0.61);
  await rate.waitFor();
  assert.equal(await rate.textContent(), '0.6× real time');
  const { left, right } = (await rate.evaluate((element) => {
    const line = element.parentElement!;
    return { left: line.scrollWidth, right: line.clientWidth };
  })) as { left: number; right: number };
  assert.ok(left <= right, 'it is not cut off');
  assert.equal(await boxes(), before);
  tickWith(0.97);
  await until('full speed', async () => (await rate.count()) === 0);
});

test('the project’s folder is shown as it is, from its leading slash on', async () => {
  await using opened = await open(SIZES[1]);
  const { page, engine } = opened;
  engine.rig = { ...contractRig, projectFolder: '/a/b/c/' };
  engine.refresh();
  await page.getByRole('tab', { name: 'Rig' }).click();
  const path = page.getByTitle('/a/b/c/');
  await path.waitFor();
  const lefts = await path.evaluate((element) => {
    const view = element.ownerDocument!;
    const walker = view.createTreeWalker(element, 4);
    const text = walker.nextNode()!;
    return [0, 1, 2, 3, 4, 5, 6].map((index) => {
      const range = view.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + 1);
      return range.getBoundingClientRect().left;
    });
  });
  assert.deepEqual(
    lefts,
    lefts.toSorted((a, b) => a - b),
  );
});

test('the page has one heading of the first level, and its splitters lie in landmarks', async () => {
  await using opened = await open(SIZES[1]);
  const { page } = opened;
  assert.equal(await count(page, 'h1'), 1);
  assert.equal(await count(page, '[role=separator]'), 3);
  const astray = `[...document.querySelectorAll('[role=separator], .notices')].filter((one) => !one.closest('main, aside, header, footer, nav')).length`;
  assert.equal(await numberOf(page, astray), 0);
});
