/** Tests that no signal is sent to a child that could not be started, and that nobody signals a child in another way. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { signalChild } from '../../main/api/processes/signal-child.ts';
import { ROOT, sourceFiles } from '../source-files.ts';

test('a child that could not be started gets no signal, not even in the same turn', async () => {
  const child = spawn('/nowhere/at/all');
  const failed = once(child, 'error');
  let calls = 0;
  child.kill = () => {
    calls += 1;
    return true;
  };
  assert.equal(signalChild(child, 'SIGTERM'), false);
  assert.equal(calls, 0);
  await failed;
});

test('a child that runs gets the signal', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()']);
  const ended = once(child, 'exit');
  assert.equal(signalChild(child, 'SIGTERM'), true);
  assert.deepEqual(await ended, [null, 'SIGTERM']);
});

test('nothing in the product calls a child’s own kill', () => {
  /** The electron engine child has a `kill` of its own, which sends through `signalChild`. */
  const allowed = ['main/api/processes/signal-child.ts', 'electron/engine/engine-process.ts'];
  const direct = /\bchild\??\.kill\((?!\))|\.kill\('SIG/;
  const found = sourceFiles()
    .filter((file) => /^(main|electron|native|data)\//.test(file) && !allowed.includes(file))
    .flatMap((file) =>
      readFileSync(join(ROOT, file), 'utf8')
        .split('\n')
        .flatMap((line, index) => (direct.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
    );
  assert.deepEqual(found, []);
});
