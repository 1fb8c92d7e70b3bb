/** A thread that only keeps a 10 Hz timer, and on any message answers with its latenesses: what the machine itself gives. */
import { parentPort } from 'node:worker_threads';
import { systemClock } from '../../main/api/clock.ts';

const PERIOD_MS = 100;
const latenessMs: number[] = [];
let nextMs = systemClock.nowMs() + PERIOD_MS;
const arm = (): (() => void) =>
  systemClock.at(nextMs, () => {
    latenessMs.push(Math.abs(systemClock.nowMs() - nextMs));
    nextMs += PERIOD_MS;
    cancel = arm();
  });
let cancel = arm();
parentPort?.once('message', () => {
  cancel();
  parentPort?.postMessage(latenessMs);
});
