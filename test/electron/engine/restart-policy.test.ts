import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterCrash, describeExit, ENGINE_RULES } from '../../../electron/engine/restart-policy.ts';

test('waits grow from crash to crash, up to a limit, then it gives up', () => {
  const rules = { firstDelayMs: 100, longestDelayMs: 350, limit: 5, steadyAfterMs: 1_000 };
  const seen: unknown[] = [];
  let crashes = 0;
  for (let n = 0; n < 5; n++) {
    const next = afterCrash(rules, crashes, 10);
    crashes = next.crashes;
    seen.push(next.kind === 'restart' ? next.delayMs : next.kind);
  }
  assert.deepEqual(seen, [100, 200, 350, 350, 'give-up']);
});

test('a steady stretch forgives what came before, one moment less does not', () => {
  assert.deepEqual(afterCrash(ENGINE_RULES, 4, ENGINE_RULES.steadyAfterMs), {
    kind: 'restart',
    delayMs: 500,
    crashes: 1,
  });
  assert.deepEqual(afterCrash(ENGINE_RULES, 4, ENGINE_RULES.steadyAfterMs - 1), { kind: 'give-up', crashes: 5 });
});

test('an exit is told in words', () => {
  const table = [
    [{ code: 0, signal: undefined }, 'ended by itself'],
    [{ code: 1, signal: undefined }, 'ended with exit status 1'],
    [{ code: 2, signal: undefined }, 'refused to start'],
    [{ code: undefined, signal: 'SIGSEGV' }, 'was ended by SIGSEGV'],
    [{ code: undefined, signal: 'SIGKILL' }, 'was killed (SIGKILL), perhaps for want of memory'],
    [{ code: undefined, signal: undefined }, 'could not be started'],
  ] as const;
  assert.deepEqual(
    table.map(([exit]) => describeExit(exit)),
    table.map(([, words]) => words),
  );
});
