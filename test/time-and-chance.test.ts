/** Time comes from `main/api/clock.ts` and chance from `main/api/rng.ts`; nobody else asks the host. The window paints by its own frames. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT, sourceFiles } from './source-files.ts';

const ALLOWED = /^(main\/api\/(clock|rng)\.ts|renderer\/|test\/time-and-chance\.test\.ts)/;
const HOST =
  /\b(Date\.now|performance\.now|process\.hrtime|Math\.random)\b|new Date\(\)|(?<![.\w])(setTimeout|setInterval)\(/;
const CHANCE = /\bMath\.random\b/;

test('only clock.ts and rng.ts ask the host for time or chance', () => {
  const offences = sourceFiles().flatMap((file) => {
    const rule = file.startsWith('renderer/') ? CHANCE : HOST;
    if (ALLOWED.test(file) && !file.startsWith('renderer/')) return [];
    return readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .flatMap((line, index) =>
        rule.test(line) && !/^\s*(\*|\/\/|\/\*)/.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [],
      );
  });
  assert.deepEqual(offences, []);
});
