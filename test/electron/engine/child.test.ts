/** Tests with real processes the channel between shell and engine, and that a killed shell leaves no process behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { engineEnvironment, findEngine, follow, launchEngine } from '../../../electron/engine/child.ts';
import type { Exit } from '../../../electron/engine/restart-policy.ts';
import { ROOT } from '../../source-files.ts';

const moduleUrl = (path: string) => JSON.stringify(pathToFileURL(join(ROOT, path)).href);
/** An engine that prints its URL and lives until its parent asks it to stop or ends. */
const ENGINE = `
  import { followParent } from ${moduleUrl('main/cli/launch/parent-link.ts')};
  const unlink = followParent(process, (why) => { console.log('stopping: ' + why); unlink(); });
  console.log(JSON.stringify({ url: 'http://127.0.0.1:1/#x' }));
`;

function startEngine(program: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  });
  const lines: string[] = [];
  const exit = Promise.withResolvers<Exit>();
  const first = Promise.withResolvers<void>();
  const engine = follow(child, {
    line: (text) => {
      lines.push(text);
      first.resolve();
    },
    exited: exit.resolve,
  });
  const outputClosed = child.stdout ? once(child.stdout, 'close') : Promise.resolve();
  return { engine, lines, exit: exit.promise, announced: first.promise, outputClosed };
}

test('asked to stop over the channel, the engine stops by itself', async () => {
  const { engine, lines, exit, announced } = startEngine(ENGINE);
  await announced;
  engine.requestStop();
  assert.deepEqual(await exit, { code: 0, signal: undefined });
  assert.deepEqual(lines, ['{"url":"http://127.0.0.1:1/#x"}', 'stopping: asked']);
});

test('an engine that will not stop is killed with what it started', async () => {
  // Its grandchild holds the pipe of standard output, so the pipe closes when both have ended.
  const { engine, exit, announced, outputClosed } = startEngine(`
    import { spawn } from 'node:child_process';
    process.on('SIGTERM', () => {}); process.on('message', () => {});
    spawn(process.execPath, ['-e', 'process.stdin.resume(); console.log("up")'], { stdio: ['pipe', 'inherit', 'ignore'] });
  `);
  await announced;
  engine.kill('SIGKILL');
  assert.deepEqual(await exit, { code: undefined, signal: 'SIGKILL' });
  engine.killRemains();
  engine.killRemains();
  await outputClosed;
});

test('a shell that is killed leaves no engine behind', async () => {
  const shell = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { spawn } from 'node:child_process';
       spawn(process.execPath, ['--input-type=module', '-e', ${JSON.stringify(ENGINE)}], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], detached: true });
       process.stdin.resume();`,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  let output = '';
  shell.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.includes('"url"')) shell.kill('SIGKILL');
  });
  // The engine holds the same pipe, so it closes only when the engine too has ended.
  await once(shell, 'close');
  assert.match(output, /stopping: parent-gone/);
});

test('an engine that has ended is seen to have ended by a thread that hears of no event', async () => {
  const { engine, announced } = startEngine(ENGINE);
  await announced;
  assert.equal(engine.isOver(), false);
  engine.requestStop();
  const cell = new Int32Array(new SharedArrayBuffer(4));
  let waits = 0;
  while (!engine.isOver() && waits < 500) {
    Atomics.wait(cell, 0, 0, 20);
    waits += 1;
  }
  assert.equal(engine.isOver(), true);
});

test('a missing engine is said in words and counts as not started', () => {
  const lines: string[] = [];
  const exits: Exit[] = [];
  const child = launchEngine(findEngine('/nowhere', true, 'linux'), undefined, {
    line: (text) => lines.push(text),
    exited: (exit) => exits.push(exit),
  });
  child.requestStop();
  child.killRemains();
  assert.deepEqual(exits, [{ code: undefined, signal: undefined }]);
  assert.match(lines[0] ?? '', /Node for the engine is missing: expected \/nowhere\/bin\/node\. Install/);
});

test('where the engine is, and the environment it gets', () => {
  assert.deepEqual(findEngine('/app', false, 'linux'), {
    node: '/app/node_modules/node/bin/node',
    script: '/app/main/cli/takeover.ts',
    workingFolder: '/app',
  });
  assert.equal(findEngine('/app', true, 'win32').node.endsWith('node.exe'), true);
  assert.deepEqual(
    engineEnvironment({
      PATH: '/bin',
      ELECTRON_RUN_AS_NODE: '1',
      TAKEOVER_ENGINE_URL: 'x',
      NODE_OPTIONS: '-r x',
      TAKEOVER_DATA: 'd',
    }),
    { PATH: '/bin', TAKEOVER_DATA: 'd' },
  );
});
