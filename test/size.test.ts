/**
 * Files and functions stay small enough to hold in the head: at most 500 lines a file (tests 800), 80 lines a function.
 * Files over the soft limit of 300 are listed, not failed.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT, sourceFiles } from './source-files.ts';
import { functionsOf } from './source-syntax.ts';

const SOFT = 300;
const HARD = 500;
const HARD_FOR_TESTS = 800;
const FUNCTION = 80;

/** Functions that are still too long, with their lines. The list may only shrink: a shorter function lowers its entry. */
const LONG_FUNCTIONS: Readonly<Record<string, number>> = {};

const inTests = (file: string): boolean => file.startsWith('test/');

test('no file is longer than the hard limit', (context) => {
  const lengths = sourceFiles(['.ts', '.tsx', '.mjs', '.css']).map((file) => ({
    file,
    lines: readFileSync(join(ROOT, file), 'utf8').split('\n').length,
  }));
  for (const { file, lines } of lengths)
    if (lines > SOFT && !inTests(file)) context.diagnostic(`${file}: ${lines} lines, over the soft limit of ${SOFT}`);
  const tooLong = lengths.filter(({ file, lines }) => lines > (inTests(file) ? HARD_FOR_TESTS : HARD));
  assert.deepEqual(tooLong, []);
});

test('no function of the product is longer than the limit', () => {
  const long = sourceFiles(['.ts', '.tsx'])
    .filter((file) => !inTests(file))
    .flatMap((file) =>
      functionsOf(file)
        .filter(({ lines }) => lines > FUNCTION)
        .map(({ name, lines }) => [`${file} ${name}`, lines] as const),
    );
  assert.deepEqual(Object.fromEntries(long), LONG_FUNCTIONS);
});

test('functions are found with their names and lengths', () => {
  const source = 'export function a() {\n  const b = () => {\n    return 1;\n  };\n  return b;\n}\n';
  assert.deepEqual(functionsOf('x.ts', source), [
    { name: 'a', line: 1, lines: 6 },
    { name: 'b', line: 2, lines: 3 },
  ]);
});
