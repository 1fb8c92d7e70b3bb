/** Tests the description of a child process that ended without output of its own, and of one with output. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endWords } from '../../../main/runs/launchers/child-end.ts';

const end = (signal: string | undefined, code: number | undefined, lastWords = '') =>
  endWords('the trainer', { signal, code, lastWords }, 'choose a smaller batchSize');

test('an end has a reason in words, also without last words, and a remedy that fits it', () => {
  const killed = end('SIGKILL', undefined);
  assert.equal(killed.message, 'the trainer ended (SIGKILL): it was killed, which a system does when memory runs out');
  assert.equal(killed.remedy, 'Close other programs, or choose a smaller batchSize, and start it again.');
  assert.equal(end('SIGABRT', undefined, 'JavaScript heap out of memory\n').remedy, killed.remedy);
  assert.equal(
    end('SIGSEGV', undefined).message,
    'the trainer ended (SIGSEGV): it was stopped from outside, or crashed',
  );
  assert.equal(end(undefined, 1, ' Error: no\n').message, 'the trainer ended (code 1): Error: no');
  assert.equal(end(undefined, 3).message, 'the trainer ended (code 3): it did not say why');
  assert.equal(end(undefined, undefined, 'spawn ENOENT').message, 'the trainer ended (not started): spawn ENOENT');
  assert.match(end(undefined, 3).remedy, /^Start it again, /);
});
