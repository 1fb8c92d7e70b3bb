/** Episode numbers as people type them and as messages print them; words for what an export leaves out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { episodeRangesText, leftOutText, parseEpisodeRanges } from '../../main/api/processes/export.ts';

const parsed = (text: string) => {
  const result = parseEpisodeRanges(text);
  return result.kind === 'ranges' ? result.ranges : result.message;
};

test('numbers and ranges are read with spaces and with either dash', () => {
  assert.deepEqual(parsed('8'), [[8, 8]]);
  assert.deepEqual(parsed(' 1-5, 8 ,10 – 12,'), [
    [1, 5],
    [8, 8],
    [10, 12],
  ]);
});

test('what names no episode is refused with what was expected', () => {
  for (const [text, why] of [
    ['', /No episode is named; expected episode numbers and ranges, for example 1-5,8/],
    ['x', /"x" names no episode/],
    ['0', /"0" names no episode/],
    ['-3', /"-3" names no episode/],
    ['1e3', /"1e3" names no episode/],
    ['5-2', /5-2 runs backwards; expected 2-5/],
    ['1,'.repeat(6000), /6000 ranges are too many; expected at most 5000/],
    ['9'.repeat(400), /names no episode/],
  ] as const)
    assert.match(String(parsed(text)), why, text.slice(0, 20));
});

test('numbers are printed as they are read, and a long list is cut short with a count', () => {
  const ids = [1, 2, 3, 8, 10, 11];
  assert.deepEqual(episodeRangesText(ids), { text: '1-3,8,10-11', more: 0 });
  assert.deepEqual(parsed(episodeRangesText(ids).text), [
    [1, 3],
    [8, 8],
    [10, 11],
  ]);
  assert.deepEqual(episodeRangesText(ids, 2), { text: '1-3,8', more: 2 });
});

test('what is left out is counted by reason', () => {
  const none = { notChosen: 0, notEnded: 0, discarded: 0, withoutSteps: 0 };
  assert.equal(leftOutText(none), undefined);
  assert.equal(
    leftOutText({ notChosen: 3, notEnded: 1, discarded: 2, withoutSteps: 4 }),
    'left out: 3 not chosen, 1 not ended, 2 discarded, 4 without steps',
  );
});
