/** Tests how the shell starts, restarts and stops the engine, with fake children on a virtual clock. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  announcedUrl,
  type ChildEvents,
  createEngineProcess,
  type EngineState,
  STOP_LIMITS,
} from '../../../electron/engine/engine-process.ts';
import { ENGINE_RULES } from '../../../electron/engine/restart-policy.ts';
import { createVirtualClock } from '../../../main/api/clock.ts';

const URL_LINE = '{"url":"http://127.0.0.1:4711/#secret-code"}';

function bench() {
  const clock = createVirtualClock();
  const states: EngineState[] = [];
  const children: { readonly events: ChildEvents; readonly calls: string[]; over: boolean }[] = [];
  const engine = createEngineProcess({
    clock,
    changed: (state) => states.push(state),
    launch: (events) => {
      const calls: string[] = [];
      const child = { events, calls, over: false };
      children.push(child);
      return {
        requestStop: () => calls.push('ask'),
        kill: (signal) => calls.push(signal),
        killRemains: () => calls.push('remains'),
        isOver: () => child.over,
      };
    },
  });
  const last = () => {
    const child = children.at(-1);
    assert.ok(child);
    return child;
  };
  const advance = (ms: number) => clock.advanceToMs(clock.nowMs() + ms);
  const kinds = () => states.map((state) => state.kind);
  return { clock, engine, states, kinds, children, last, advance };
}

test('starts, hears the URL among other lines, and keeps the code out of the log', () => {
  const { engine, states, last } = bench();
  engine.start();
  last().events.line('loading the cell', 'out');
  last().events.line(URL_LINE, 'err');
  assert.equal(engine.state().kind, 'starting');
  last().events.line(URL_LINE, 'out');
  assert.deepEqual(states, [
    { kind: 'starting', attempt: 1 },
    { kind: 'running', url: 'http://127.0.0.1:4711/#secret-code' },
  ]);
  assert.deepEqual(engine.logTail().at(-1), 'shell: the engine listens at http://127.0.0.1:4711');
  engine.start();
  assert.equal(states.length, 2);
});

test('only a loopback URL in a JSON object announces', () => {
  assert.equal(announcedUrl(URL_LINE), 'http://127.0.0.1:4711/#secret-code');
  for (const line of [
    '',
    '{',
    '{"url":1}',
    '{"url":"http://example.com/"}',
    'http://127.0.0.1:1/',
    '[1]',
    '{"port":1}',
  ])
    assert.equal(announcedUrl(line), undefined, line);
});

test('a crash is followed by a restart after its wait; what the dead one left is ended first', () => {
  const { engine, kinds, children, last, advance } = bench();
  engine.start();
  last().events.line(URL_LINE, 'out');
  last().events.exited({ code: undefined, signal: 'SIGSEGV' });
  last().events.exited({ code: 1, signal: undefined });
  assert.deepEqual(children[0]?.calls, ['remains']);
  advance(ENGINE_RULES.firstDelayMs - 1);
  assert.equal(children.length, 1);
  advance(1);
  assert.equal(children.length, 2);
  last().events.line(URL_LINE, 'out');
  assert.deepEqual(kinds(), ['starting', 'running', 'waiting', 'starting', 'running']);
});

test('it gives up after the limit, says why, and starts anew when asked', () => {
  const { engine, kinds, children, last, advance } = bench();
  engine.start();
  for (let n = 0; n < ENGINE_RULES.limit; n++) {
    last().events.line(`no luck ${n}`, 'err');
    last().events.exited({ code: 1, signal: undefined });
    advance(ENGINE_RULES.longestDelayMs);
  }
  assert.equal(children.length, ENGINE_RULES.limit);
  const state = engine.state();
  assert.equal(state.kind, 'failed');
  assert.match(
    state.kind === 'failed' ? `${state.what} ${state.remedy}` : '',
    /exit status 1\. It stopped 5 times in a row/,
  );
  assert.ok(engine.logTail().includes('no luck 4'));
  engine.start();
  assert.equal(kinds().at(-1), 'starting');
});

test('a refusal to start, and a program that is missing, are not tried again', () => {
  for (const exit of [
    { code: 2, signal: undefined },
    { code: undefined, signal: undefined },
  ]) {
    const { engine, kinds, last, advance } = bench();
    engine.start();
    last().events.exited(exit);
    advance(60_000);
    assert.deepEqual(kinds(), ['starting', 'failed']);
  }
});

test('an engine that never announces is killed and counts as crashed', () => {
  const { engine, last, advance } = bench();
  engine.start();
  advance(STOP_LIMITS.announceMs);
  assert.deepEqual(last().calls, ['SIGKILL']);
  last().events.exited({ code: undefined, signal: 'SIGKILL' });
  assert.equal(engine.state().kind, 'waiting');
});

test('a stop asks, then terminates, then kills, each at its time', async () => {
  const { engine, last, advance } = bench();
  engine.start();
  last().events.line(URL_LINE, 'out');
  const stopped = engine.stop();
  assert.equal(engine.stop(), stopped);
  advance(STOP_LIMITS.askMs - 1);
  assert.deepEqual(last().calls, ['ask']);
  advance(1);
  assert.deepEqual(last().calls, ['ask', 'SIGTERM']);
  advance(STOP_LIMITS.terminateMs);
  assert.deepEqual(last().calls, ['ask', 'SIGTERM', 'SIGKILL']);
  last().events.exited({ code: undefined, signal: 'SIGKILL' });
  await stopped;
  assert.equal(engine.state().kind, 'stopped');
});

test('an orderly stop cancels the rest, and nothing starts again', async () => {
  const { clock, engine, children, last, kinds } = bench();
  engine.start();
  const stopped = engine.stop();
  last().events.exited({ code: 0, signal: undefined });
  await stopped;
  assert.equal(clock.nextDueMs(), Number.POSITIVE_INFINITY);
  assert.equal(children.length, 1);
  assert.deepEqual(last().calls, ['ask', 'remains']);
  assert.deepEqual(kinds(), ['starting', 'stopped']);
});

test('a stop while it waits for a restart cancels the restart', async () => {
  const { clock, engine, children, last } = bench();
  engine.start();
  last().events.exited({ code: 1, signal: undefined });
  await engine.stop();
  clock.advanceToMs(1e6);
  assert.equal(children.length, 1);
  assert.equal(engine.state().kind, 'stopped');
});

test('a stop that blocks waits for the end itself: asks, terminates, kills, each at its time', () => {
  const { engine, last, advance } = bench();
  const calm = bench();
  calm.engine.start();
  let pauses = 0;
  calm.engine.stopBlocking((ms) => {
    calm.advance(ms);
    pauses += 1;
    calm.last().over = pauses === 3;
  });
  assert.deepEqual(calm.last().calls, ['ask', 'remains']);
  assert.equal(pauses, 3);
  engine.start();
  let pausedMs = 0;
  engine.stopBlocking((ms) => {
    advance(ms);
    pausedMs += ms;
  });
  assert.deepEqual(last().calls, ['ask', 'SIGTERM', 'SIGKILL', 'remains']);
  assert.equal(pausedMs, STOP_LIMITS.askMs + STOP_LIMITS.terminateMs);
});
