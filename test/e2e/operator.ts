/**
 * An operator at the window of a real engine. On a machine that does too much at once the engine may hold by itself;
 * the operator then does what the banner says, presses Resume, and goes on; how often is counted. Every wait is for a
 * state.
 */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { systemClock } from '../../main/api/index.ts';

const WAIT_MS = 90_000;
const LOOK_EVERY_MS = 40;

export interface Counters {
  readonly rl: number;
  readonly demo: number;
}

export interface Operator {
  /** The bar's word: POLICY, YOU, READY … */
  word(): Promise<string>;
  counters(): Promise<Counters>;
  /** Waits until `condition`; resumes after faults of the machine on the way. */
  until(what: string, condition: () => Promise<boolean>): Promise<void>;
  untilWord(word: string): Promise<void>;
  /** Holds a key with the scene in focus until `condition`, as often as faults of the machine need it; lets go. */
  holdKey(key: string, from: string, condition: () => Promise<boolean>): Promise<void>;
  readonly faults: string[];
}

export function createOperator(page: Page, faults: string[] = []): Operator {
  /** Empty while it is not there. */
  const text = async (selector: string) => (await page.locator(selector).allTextContents())[0] ?? '';
  const word = () => text('[data-testid=driver] b');
  const number = async (label: string) =>
    Number((await text(`[data-testid=counter-${label}] b`)).replaceAll(/[^\d]/g, '') || Number.NaN);
  /** True when the arm was held by a fault, which has been answered with Resume. */
  const resumedAfterFault = async (): Promise<boolean> => {
    const banner = page.getByTestId('fault-banner');
    if ((await banner.count()) === 0) return false;
    const why = (await banner.locator('b').first().textContent()) ?? '';
    await banner.getByRole('button', { name: 'Resume' }).click();
    await banner.waitFor({ state: 'detached', timeout: WAIT_MS });
    faults.push(why);
    return true;
  };
  /** `condition`, or a fault, or too late. */
  const watch = async (what: string, condition: () => Promise<boolean>): Promise<'met' | 'fault'> => {
    const endMs = systemClock.nowMs() + WAIT_MS;
    for (;;) {
      if (await condition()) return 'met';
      if (await page.getByTestId('fault-banner').count()) return 'fault';
      assert.ok(systemClock.nowMs() < endMs, `waited too long for: ${what}; the bar says ${await word()}`);
      await systemClock.sleepUntilMs(systemClock.nowMs() + LOOK_EVERY_MS);
    }
  };
  const operator: Operator = {
    faults,
    word,
    counters: async () => ({ rl: await number('RL'), demo: await number('Demo') }),
    until: async (what, condition) => {
      while ((await watch(what, condition)) === 'fault') await resumedAfterFault();
    },
    untilWord: (wanted) => operator.until(wanted, async () => (await word()) === wanted),
    holdKey: async (key, from, condition) => {
      for (;;) {
        await operator.untilWord(from);
        await page.getByTestId('scene').focus();
        await page.keyboard.down(key);
        const end = await watch(`holding ${key}`, condition);
        await page.keyboard.up(key);
        if (end === 'met') return;
        await resumedAfterFault();
      }
    },
  };
  return operator;
}

/** Dismisses the notices at the foot of the desk. Some leave by themselves meanwhile. */
export async function dismissNotices(page: Page): Promise<void> {
  const buttons = page.getByRole('button', { name: 'Dismiss' });
  while ((await buttons.count()) > 0)
    await buttons
      .first()
      .click({ timeout: 1000 })
      .catch(() => {});
}

/** How many colours a feed's canvas shows, and a number that changes when its picture does. */
export async function pictureOf(
  page: Page,
  testId: string,
): Promise<{ readonly colours: number; readonly hash: number }> {
  return page
    .getByTestId(testId)
    .locator('canvas')
    .evaluate((element) => {
      const canvas = element as unknown as {
        width: number;
        height: number;
        getContext(kind: '2d'): {
          getImageData(x: number, y: number, w: number, h: number): { data: Uint8ClampedArray };
        };
      };
      if (canvas.width === 0 || canvas.height === 0) return { colours: 0, hash: 0 };
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const colours = new Set<number>();
      let hash = 0;
      for (let at = 0; at < data.length; at += 4) {
        const colour = (data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!;
        colours.add(colour);
        hash = (Math.imul(hash, 31) + colour) | 0;
      }
      return { colours: colours.size, hash };
    });
}
