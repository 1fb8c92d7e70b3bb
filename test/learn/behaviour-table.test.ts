/**
 * The table of T1–T11 in `test/results/behaviour.md` says what `test/slow/behaviour/results.json` holds, and nothing
 * recorded there has failed.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readResults } from '../slow/behaviour/results.ts';
import { PAGE, pageOf } from '../slow/behaviour/table.ts';

test('the table and the recorded results agree', () => {
  assert.equal(readFileSync(PAGE, 'utf8'), pageOf(readResults()), 'run `npm run behaviour-table`');
});

test('every test of the suite has a recorded result, and every bound holds', () => {
  const folder = new URL('../slow/behaviour/', import.meta.url);
  const written = readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => name.split('-')[0]!.replace(/^[rt]0?/, (letter) => letter[0]!.toUpperCase()));
  const results = readResults();
  assert.deepEqual(new Set(results.map(({ id }) => id)), new Set(written));
  const missed = results.flatMap(({ id, rows }) =>
    rows.flatMap(({ holds, label }) => (holds ? [] : [`${id}: ${label}`])),
  );
  assert.deepEqual(missed, []);
});
