/** Tests the parts of the soak that need no soak: its script, its gate, and what it computes and refuses. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { createVirtualClock } from '../../main/api/clock.ts';
import { createRng } from '../../main/api/rng.ts';
import { createDisturbances } from '../bench/soak/disturbances.ts';
import { createFaultLog } from '../bench/soak/fault-log.ts';
import { fuzzMessage } from '../bench/soak/fuzz-messages.ts';
import { createGate } from '../bench/soak/gate.ts';
import { slopePerHour } from '../bench/soak/memory.ts';
import { descendantsOf, isAlive, signal } from '../bench/soak/processes.ts';
import { createSchedule } from '../bench/soak/schedule.ts';
import { motionOf } from '../bench/soak/tool-motion.ts';

const MINUTES = 60_000;

test('a seed repeats its script, another seed has another, and a longer soak begins like a shorter one', () => {
  const script = createSchedule(1, 4 * MINUTES);
  assert.deepEqual(createSchedule(1, 4 * MINUTES), script);
  assert.notDeepEqual(createSchedule(2, 4 * MINUTES), script);
  const longer = createSchedule(1, 5 * MINUTES);
  for (const lane of ['driver', 'watcher', 'checks', 'faults'] as const)
    assert.deepEqual(longer[lane].slice(0, script[lane].length), script[lane], lane);
});

test('two minutes hold every fault and every check', () => {
  const { faults, checks, driver } = createSchedule(1, 2 * MINUTES);
  const kinds = new Set(faults.map((event) => ('role' in event ? `${event.kind} ${event.role}` : event.kind)));
  assert.equal(kinds.size, 11, [...kinds].join(', '));
  assert.deepEqual([...new Set(checks.map(({ kind }) => kind))].toSorted(), ['quiet', 'unwatched']);
  assert.ok(driver.some(({ kind }) => kind === 'stop'));
});

test('a long soak leaves engine and policy alone for a third of its time', () => {
  const lengthMs = 30 * MINUTES;
  const ends = createSchedule(1, lengthMs).faults.filter(
    ({ kind, ...event }) => kind === 'terminate' || (kind === 'kill' && 'role' in event && event.role === 'engine'),
  );
  assert.ok(ends.length > 5);
  assert.ok(ends.every(({ atMs }) => atMs <= 0.35 * lengthMs || atMs >= 0.7 * lengthMs));
});

test('exclusive work in the gate runs alone', async () => {
  const gate = createGate();
  const inside: string[] = [];
  const seen: string[] = [];
  const work = (name: string) => async () => {
    inside.push(name);
    seen.push([...inside].toSorted().join(' '));
    await Promise.resolve();
    inside.splice(inside.indexOf(name), 1);
  };
  await Promise.all([
    gate.shared(work('a')),
    gate.shared(work('b')),
    gate.alone(work('X')),
    gate.shared(work('c')),
    gate.alone(work('Y')),
  ]);
  assert.deepEqual(seen, ['a', 'a b', 'X', 'Y', 'c']);
});

test('the slope of memory is that of a straight line, per hour', () => {
  const points = [0, 1, 2, 3].map((minute) => ({ timeMs: 60_000 * minute, residentMb: 100 + 2 * minute }));
  assert.ok(Math.abs(slopePerHour(points) - 120) < 1e-9);
  assert.equal(slopePerHour([]), 0);
});

test('a tool that jumps and comes back has moved', () => {
  const at = (x: number, heardMs: number) => ({ heardMs, positionM: [x, 0, 0] as const });
  const { farthestMm, words } = motionOf([at(0.5, 0), at(0.51, 20), at(0.5, 40)]);
  assert.ok(Math.abs(farthestMm - 10) < 1e-9);
  assert.match(words, /10\.0 mm.*in 20 ms/);
});

test('a fault is false unless the soak has caused it', () => {
  const clock = createVirtualClock();
  const disturbances = createDisturbances(clock);
  const log = createFaultLog(clock, disturbances);
  const fault = (what: string, atMs: number) => log.onFault({ what, armDoes: '', remedy: '', atMs });
  fault('The policy process killed by SIGKILL.', 1);
  assert.equal(log.report().falseFaults, 1);
  disturbances.note('kill policy');
  fault('The policy process killed by SIGKILL.', 2);
  // The same fault in another status.
  fault('The policy process killed by SIGKILL.', 2);
  assert.deepEqual([log.report().faults, log.report().falseFaults], [2, 1]);
  fault("The robot's state is 300 ms old; at most 250 ms are allowed.", 3);
  assert.equal(log.report().falseFaults, 2);
});

test('the fuzzer makes texts and bytes, below and above the size limit, shallow and thousands deep', () => {
  const rng = createRng(1);
  const messages = Array.from({ length: 2000 }, (_, id) => fuzzMessage(rng, id));
  const texts = messages.filter((message) => typeof message === 'string');
  assert.ok(texts.length < messages.length);
  assert.ok(texts.some((text) => text.length > 64 * 1024) && texts.some((text) => text.length < 100));
  assert.ok(texts.some((text) => text.includes('['.repeat(2000)) && text.length < 64 * 1024));
});

const skip = process.platform === 'linux' ? false : 'processes are found in /proc: Linux only';

test('a child is found under its parent, and a dead one is not alive', { skip }, async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const seen = descendantsOf(process.pid).find(({ pid }) => pid === child.pid);
  assert.ok(seen && isAlive(seen));
  assert.ok(signal(seen, 'SIGKILL'));
  await exited;
  assert.equal(isAlive(seen), false);
  assert.equal(signal(seen, 'SIGKILL'), false);
});
