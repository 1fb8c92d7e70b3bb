/** Files stay small enough to hold in the head: hard limit 500 lines (tests 800). Files over the soft limit of 300 are listed, not failed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT, sourceFiles } from './source-files.ts';

const SOFT = 300;
const HARD = 500;
const HARD_FOR_TESTS = 800;

test('no file is longer than the hard limit', (context) => {
  const lengths = sourceFiles(['.ts', '.tsx', '.mjs', '.css']).map((file) => ({
    file,
    lines: readFileSync(join(ROOT, file), 'utf8').split('\n').length,
  }));
  for (const { file, lines } of lengths)
    if (lines > SOFT && !file.startsWith('test/'))
      context.diagnostic(`${file}: ${lines} lines, over the soft limit of ${SOFT}`);
  const tooLong = lengths.filter(({ file, lines }) => lines > (file.startsWith('test/') ? HARD_FOR_TESTS : HARD));
  assert.deepEqual(tooLong, []);
});
