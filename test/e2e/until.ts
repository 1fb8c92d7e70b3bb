/** Waits for a condition that the browser or the engine brings about. */
import assert from 'node:assert/strict';
import { systemClock } from '../../main/api/index.ts';

/** Longest wait for anything in the window. */
export const WAIT_MS = 60_000;
const LOOK_EVERY_MS = 20;

/** Fails after `WAIT_MS`, and then names `what` it waited for. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = systemClock.nowMs() + WAIT_MS;
  while (!(await condition())) {
    assert.ok(systemClock.nowMs() < endMs, `waited too long for: ${what}`);
    await systemClock.sleepUntilMs(systemClock.nowMs() + LOOK_EVERY_MS);
  }
}
