/**
 * `npm ci` refuses a lock file that lacks an entry for an optional dependency, also for those of other platforms. Some registries
 * mirror only a part of them, and `npm install` then leaves them out without a word: this says so before a clean machine does.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { ROOT } from './source-files.ts';

const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ optionalDependencies: z.record(z.string(), z.string()).optional() })),
});

test('the lock file names every optional dependency of every package', () => {
  const { packages } = lockSchema.parse(JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')));
  const paths = Object.keys(packages);
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !paths.some((known) => known.endsWith(`node_modules/${name}`)))
      .map((name) => `${path} needs ${name}: add its entry with os and cpu, marked optional`),
  );
  assert.deepEqual(missing, []);
});
