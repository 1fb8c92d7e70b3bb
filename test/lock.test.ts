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
  packages: z.record(
    z.string(),
    z.object({
      optionalDependencies: z.record(z.string(), z.string()).optional(),
      hasInstallScript: z.boolean().optional(),
    }),
  ),
});
const manifestSchema = z.object({ allowScripts: z.record(z.string(), z.boolean()) });

const readText = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const readLock = () => lockSchema.parse(JSON.parse(readText('package-lock.json')));

test('the lock file names every optional dependency of every package', () => {
  const { packages } = readLock();
  const paths = Object.keys(packages);
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !paths.some((known) => known.endsWith(`node_modules/${name}`)))
      .map((name) => `${path} needs ${name}: add its entry with os and cpu, marked optional`),
  );
  assert.deepEqual(missing, []);
});

test('no npm runs an install script that is not allowed', () => {
  // Older npm does not read `allowScripts`; any npm runs a script only where the lock file says that there is one.
  const { allowScripts } = manifestSchema.parse(JSON.parse(readText('package.json')));
  const locked = Object.entries(readLock().packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript)
    .map(([path]) => path.replace(/^.*node_modules\//, ''));
  const refused = locked.filter((name) => allowScripts[name] !== true);
  assert.deepEqual(
    refused,
    [],
    'take their "hasInstallScript" out of package-lock.json, or allow them in package.json',
  );
  assert.equal(allowScripts['onnxruntime-node'], false, 'its script downloads libraries for CUDA');
});

test("every key of .npmrc is npm's own", () => {
  // A key that is not npm's own makes every command print a warning.
  const keys = readText('.npmrc')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => line.split('=')[0]);
  assert.deepEqual(keys, ['fund', 'audit', 'update-notifier']);
});
