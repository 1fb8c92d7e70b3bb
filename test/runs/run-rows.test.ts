/** The thread with the rows of runs: answers, errors, and that a process which forgot to close it can still end. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openRunRows } from '../../main/runs/run-rows.ts';
import { inFolder } from '../data/fixture.ts';
import { SPEC } from './fake-trainer.ts';

const MODULE = JSON.stringify(new URL('../../main/runs/run-rows.ts', import.meta.url).href);

test('rows are written and read; after closing every call is refused', () =>
  inFolder(async (folder) => {
    const rows = openRunRows(folder);
    assert.equal(await rows.createRun(SPEC), 1);
    await rows.updateRun(1, { state: 'failed', message: 'no', remedy: 'try' });
    assert.deepEqual(
      (await rows.runs()).map(({ id, state, message, spec }) => ({ id, state, message, spec })),
      [{ id: 1, state: 'failed', message: 'no', spec: SPEC }],
    );
    assert.equal(await rows.run(2), undefined);
    await assert.rejects(rows.appendMetrics(99, [{ name: 'loss', step: 1, value: 2 }]), /FOREIGN KEY/);
    await rows[Symbol.asyncDispose]();
    await assert.rejects(rows.runs(), /closed/);
    await rows[Symbol.asyncDispose]();
  }));

test('a question that is under way when the thread ends is refused, not left open', () =>
  inFolder(async (folder) => {
    const rows = openRunRows(folder);
    const closing = rows.close();
    const asked = assert.rejects(rows.runs(), /closed/);
    await closing;
    await asked;
  }));

test('a project that cannot be opened: the reason', () =>
  inFolder(async (folder) => {
    const rows = openRunRows(`${folder}/no\0where`);
    await assert.rejects(rows.runs(), /null bytes|no.where/);
  }));

test('a process that never closes them ends by itself, but not before its question is answered', () =>
  inFolder((folder) => {
    const script = `import { openRunRows } from ${MODULE};
      const rows = openRunRows(${JSON.stringify(folder)});
      console.log((await rows.runs()).length);`;
    const file = join(folder, 'forgetful.mjs');
    writeFileSync(file, script);
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 20_000 });
    assert.deepEqual([status, stdout], [0, '0\n'], stderr);
  }));
