/**
 * Run folders: a run continues in its own folder, and never begins with files that another run with the same id has
 * left.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { belongsTo, claimRunFolder } from '../../../main/learn/run/run-folder.ts';
import { temporaryFolder } from '../toy-project.ts';

const ATMS = 1_700_000_000_000;

test('a new run gets its folder, and goes on in it', (t) => {
  const project = temporaryFolder((clean) => t.after(clean));
  const run = { id: 1, startedAtMs: ATMS };
  assert.equal(claimRunFolder(project, run), undefined);
  writeFileSync(join(project, 'runs/1/checkpoint.bin'), 'its own');
  assert.equal(claimRunFolder(project, run), undefined);
  assert.equal(readFileSync(join(project, 'runs/1/checkpoint.bin'), 'utf8'), 'its own');
  assert.equal(belongsTo(project, run), true);
});

test('a folder of another run with this id is put aside, and said', (t) => {
  const project = temporaryFolder((clean) => t.after(clean));
  claimRunFolder(project, { id: 1, startedAtMs: ATMS });
  writeFileSync(join(project, 'runs/1/checkpoint.bin'), 'of the other');
  const run = { id: 1, startedAtMs: ATMS + 5000 };
  assert.equal(belongsTo(project, run), false);
  assert.match(claimRunFolder(project, run) ?? '', /files of another run with this id; they are kept in .*1-other-1/);
  assert.equal(existsSync(join(project, 'runs/1/checkpoint.bin')), false);
  assert.equal(readFileSync(join(project, 'runs/1-other-1/checkpoint.bin'), 'utf8'), 'of the other');
  claimRunFolder(project, { id: 1, startedAtMs: ATMS + 6000 });
  assert.deepEqual(readdirSync(join(project, 'runs')).sort(), ['1', '1-other-1', '1-other-2']);
});

test('a folder of an older version: another run’s where all in it is older than this run, else its own', (t) => {
  const project = temporaryFolder((clean) => t.after(clean));
  for (const [id, ageSec] of [
    [1, 60],
    [2, -60],
  ] as const) {
    mkdirSync(join(project, 'runs', `${id}`), { recursive: true });
    const file = join(project, 'runs', `${id}`, 'checkpoint.bin');
    writeFileSync(file, 'without a stamp');
    utimesSync(file, ATMS / 1000 - ageSec, ATMS / 1000 - ageSec);
    const said = claimRunFolder(project, { id, startedAtMs: ATMS });
    assert.equal(said !== undefined, ageSec > 0, `${id}`);
    assert.equal(existsSync(file), ageSec < 0);
  }
});
