/** `npm run bench`: names are found, the last line is one object; the measurements themselves are not judged here. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BENCHES } from '../bench/run.ts';

const ENTRY = join(import.meta.dirname, '../bench/run.ts');
const bench = (...args: readonly string[]) => spawnSync(process.execPath, [ENTRY, ...args], { encoding: 'utf8' });

test('every name has its file; an unknown one is answered with the list', () => {
  const names = Object.keys(BENCHES);
  for (const name of names) assert.ok(existsSync(join(import.meta.dirname, `../bench/${name}.ts`)), name);
  const { status, stderr } = bench('speed');
  assert.equal(status, 2);
  for (const name of names) assert.ok(stderr.includes(name), name);
});

test('with --json the last line is one object with its name, and what the machine gave', () => {
  const { status, stdout, stderr } = bench('trainer-memory', '--json', '--quick');
  assert.equal(status, 0, stderr);
  const line = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  assert.equal(line.name, 'trainer-memory');
  assert.equal(line.transitions, 2000);
  assert.ok(line.peakResidentMb > 0);
  assert.ok(line.machine.cores >= 1);
});

test('the main job takes tasks and seeds, and refuses others; what runs no sessions refuses them', () => {
  const refused = bench('recording', '--task', 'lift');
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /recording runs no sessions: leave out --task/);
  for (const wrong of [
    ['--task', 'insert,juggle'],
    ['--seeds', '0,-1'],
    ['--jobs', '0'],
  ]) {
    const { status, stderr } = bench('main-job', ...wrong);
    assert.equal(status, 2, wrong.join(' '));
    assert.match(stderr, /--task is a list of insert, pick-insert, lift/);
  }
});

test('a measurement without a length and a seed of its own refuses them, and the soak refuses nonsense', () => {
  const refused = bench('recording', '--minutes', '1');
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /recording has no length and no seed/);
  const nonsense = bench('soak', '--minutes', '0');
  assert.equal(nonsense.status, 2);
  assert.match(nonsense.stderr, /--minutes is a positive number/);
});
