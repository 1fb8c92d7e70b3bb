import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isShipped, packageName } from '../../electron/package/gather-packages.ts';
import { importsOf, reachableFrom, stripSource } from '../../electron/package/strip-types.ts';
import { ROOT } from '../source-files.ts';

test('types go, lines stay, and names of source files become names of their output', () => {
  const files = new Set([
    'main/engine/clock.ts',
    'main/api/index.ts',
    'data/writer-thread.ts',
    'main/learn/trainer-process.ts',
  ]);
  const source = [
    "import type { A } from '../api/index.ts';",
    "import { b } from '../api/index.ts';",
    "const w: URL = new URL('../../data/writer-thread.ts', import.meta.url);",
    "const p = join(root, 'main/learn/trainer-process.ts') as string;",
    "const lazy = () => import('./clock.ts');",
    "const other = 'notes.ts'; // see './gone.ts'",
    '/** Not code: `gone-too.ts` */',
    "const ending = '.ts';",
  ].join('\n');
  const { code, left } = stripSource(source, 'main/engine/main.ts', (path) => files.has(path));
  assert.deepEqual(
    code.split('\n').map((line) => line.replace(/\s+/g, ' ').trim()),
    [
      '',
      "import { b } from '../api/index.js';",
      "const w = new URL('../../data/writer-thread.js', import.meta.url);",
      "const p = join(root, 'main/learn/trainer-process.js') ;",
      "const lazy = () => import('./clock.js');",
      "const other = 'notes.ts'; // see './gone.ts'",
      '/** Not code: `gone-too.ts` */',
      "const ending = '.ts';",
    ],
  );
  assert.deepEqual(left, ["'notes.ts'", "'./gone.ts'"]);
});

test('the shell reaches the clock of the contract and no more of the program', () => {
  const outside = reachableFrom(ROOT, 'electron/main.ts').filter((file) => !file.startsWith('electron/'));
  assert.deepEqual(outside, ['main/api/clock.ts']);
});

test('imports are found, packages are named', () => {
  const code =
    "import a from 'x/y';\nimport '@s/p/deep';\nexport { b } from \"./b.js\";\nconst c = await import('zod');";
  assert.deepEqual(importsOf(code), ['x/y', '@s/p/deep', './b.js', 'zod']);
  assert.deepEqual(importsOf(code).slice(0, 2).map(packageName), ['x', '@s/p']);
});

test('binaries for other machines and what only building needs stay behind', () => {
  const table = [
    ['onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1', true],
    ['onnxruntime-node/bin/napi-v6/linux/arm64/libonnxruntime.so.1', false],
    ['onnxruntime-node/bin/napi-v6/win32/x64/onnxruntime.dll', false],
    ['onnxruntime-node/dist/index.js', true],
    ['better-sqlite3/prebuilds/linux-x64.node', true],
    ['better-sqlite3/prebuilds/linuxmusl-x64.node', true],
    ['better-sqlite3/prebuilds/darwin-arm64.node', false],
    ['better-sqlite3/deps/sqlite3/sqlite3.c', false],
    ['node-hid/prebuilds/HID-linux-x64/node-napi-v4.node', true],
    ['node-hid/prebuilds/HID-win32-x64/node-napi-v4.node', false],
    ['zod/index.js', true],
    ['zod/index.d.ts', false],
    ['three/build/three.module.js', true],
    ['three/examples/jsm/x.js', false],
  ] as const;
  assert.deepEqual(
    table.map(([path]) => isShipped(path, 'linux', 'x64')),
    table.map(([, shipped]) => shipped),
  );
});
