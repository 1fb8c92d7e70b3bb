/** The READMEs must be true: every path that they name exists, and every script that they tell the reader to run. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { ROOT, sourceFiles } from './source-files.ts';
import { commentsOf } from './source-syntax.ts';

const packageJson = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));
const readmes = ['README.md', ...sourceFiles(['README.md'])];
const TOP_LEVEL = /^(electron|renderer|main|native|data|test)\//;

test('every path that a README names in code exists', () => {
  const missing = readmes.flatMap((readme) => {
    const text = readFileSync(join(ROOT, readme), 'utf8').replace(/```[\s\S]*?```/g, '');
    return [...text.matchAll(/`([\w./@-]+\/[\w./@-]*|[\w-]+\.(?:ts|tsx|md|json))`/g)]
      .map((match) => match[1] ?? '')
      .filter((path) => TOP_LEVEL.test(path) || /\.(ts|tsx)$/.test(path))
      .filter((path) => !existsSync(join(ROOT, path)) && !existsSync(join(ROOT, dirname(readme), path)))
      .map((path) => `${readme}: ${path}`);
  });
  assert.deepEqual(missing, []);
});

test('every script that a README names exists', () => {
  const missing = readmes.flatMap((readme) =>
    [...readFileSync(join(ROOT, readme), 'utf8').matchAll(/npm run ([\w:-]+)/g)]
      .map((match) => match[1] ?? '')
      .filter((name) => !(name in packageJson.scripts))
      .map((name) => `${readme}: npm run ${name}`),
  );
  assert.deepEqual(missing, []);
});

test('every file that a comment names by its path exists', () => {
  const missing = sourceFiles().flatMap((file) =>
    commentsOf(file).flatMap(({ line, text }) =>
      [...text.matchAll(/`((?:electron|renderer|main|native|data|test)\/[\w./-]+\.(?:ts|tsx|md))`/g)]
        .map((match) => match[1] ?? '')
        .filter((path) => !existsSync(join(ROOT, path)))
        .map((path) => `${file}:${line}: ${path}`),
    ),
  );
  assert.deepEqual(missing, []);
});
