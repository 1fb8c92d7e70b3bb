/** The remedy of a failed run is something that every starter of runs can do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureWords, TrainingError } from '../../../main/learn/run/training-error.ts';

test('an error keeps its own remedy; a full disk has one; any other is a new run, never one that goes on', () => {
  assert.deepEqual(failureWords(new TrainingError('it diverged', 'Go back.')), {
    message: 'it diverged',
    remedy: 'Go back.',
  });
  for (const code of ['SQLITE_FULL', 'ENOSPC'])
    assert.match(
      failureWords(Object.assign(new Error('full'), { code })).remedy,
      /^Free some space .* start a new run/,
    );
  assert.match(failureWords(new RangeError('odd')).remedy, /^Remove the cause, then start a new run/);
  assert.equal(failureWords('a string').message, 'a string');
});
