import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { copyPackages, isShipped, packageFolders, packageName } from '../../electron/package/gather-packages.ts';
import { reachedModules } from '../../electron/package/reached-modules.ts';
import { importsOf, reachableFrom, requiresOf, stripSource } from '../../electron/package/strip-types.ts';
import { ROOT } from '../source-files.ts';

test('types go, lines stay, and names of source files become names of their output', () => {
  const files = new Set([
    'main/engine/clock.ts',
    'main/api/index.ts',
    'data/recording/writer-thread.ts',
    'main/learn/run/trainer-process.ts',
  ]);
  const source = [
    "import type { A } from '../api/index.ts';",
    "import { b } from '../api/index.ts';",
    "const w: URL = new URL('../../data/recording/writer-thread.ts', import.meta.url);",
    "const p = join(root, 'main/learn/run/trainer-process.ts') as string;",
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
      "const w = new URL('../../data/recording/writer-thread.js', import.meta.url);",
      "const p = join(root, 'main/learn/run/trainer-process.js') ;",
      "const lazy = () => import('./clock.js');",
      "const other = 'notes.ts'; // see './gone.ts'",
      '/** Not code: `gone-too.ts` */',
      "const ending = '.ts';",
    ],
  );
  assert.deepEqual(left, ["'notes.ts'", "'./gone.ts'"]);
});

test('the shell reaches five small files of the contract and no more of the program', () => {
  const outside = reachableFrom(ROOT, 'electron/main.ts').filter((file) => !file.startsWith('electron/'));
  assert.deepEqual(outside, [
    'main/api/clock.ts',
    'main/api/processes/chromium-switches.ts',
    'main/api/processes/output-tail.ts',
    'main/api/processes/signal-child.ts',
    'main/api/window/content-security-policy.ts',
  ]);
});

test('imports are found, packages are named', () => {
  const code =
    "import a from 'x/y';\nimport '@s/p/deep';\nexport { b } from \"./b.js\";\nconst c = await import('zod');";
  assert.deepEqual(importsOf(code), ['x/y', '@s/p/deep', './b.js', 'zod']);
  assert.deepEqual(importsOf(code).slice(0, 2).map(packageName), ['x', '@s/p']);
  assert.deepEqual(importsOf('import{a as b}from"./one.js";import"two";export*from\'three\';'), [
    './one.js',
    'two',
    'three',
  ]);
  assert.deepEqual(importsOf("const verbs = ['import', 'export', 'other']; important('x');"), []);
  assert.deepEqual(requiresOf('const a = require("a/b"); o.require("c"); require(name);'), ['a/b']);
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
    ['three/build/three.module.js.map', false],
  ] as const;
  assert.deepEqual(
    table.map(([path]) => isShipped(path, 'linux', 'x64')),
    table.map(([, shipped]) => shipped),
  );
});

test('whatever the engine imports is shipped with what that imports in turn, also from folders that are else left out', () => {
  const root = mkdtempSync(join(tmpdir(), 'takeover-gather-'));
  try {
    const files: Readonly<Record<string, string>> = {
      'main/start.ts':
        "import { box, type Box } from 'three/examples/box.js';\nimport 'plain';\nexport const b: Box = box;\n",
      'node_modules/three/package.json':
        '{ "name": "three", "exports": { ".": "./build/three.js", "./examples/*": "./examples/*" } }',
      'node_modules/three/build/three.js': '',
      'node_modules/three/examples/box.js': 'import{corner}from"../src/corner.js";export const box=corner;',
      'node_modules/three/examples/unused.js': '',
      'node_modules/three/src/corner.js': 'export const corner = 1;',
      'node_modules/three/src/unused.js': '',
      'node_modules/plain/package.json': '{ "name": "plain", "main": "index.cjs" }',
      'node_modules/plain/index.cjs': "require('./lib'); try { require('optional-extra'); } catch {}",
      'node_modules/plain/lib/index.js': '',
      'node_modules/plain/README.md': '',
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const target = join(root, 'gathered');
    copyPackages(root, packageFolders(root, ['plain', 'three']), target, reachedModules(root, ['main/start.ts']));
    const shipped = Object.keys(files).filter((path) => existsSync(join(target, path)));
    assert.deepEqual(
      shipped,
      Object.keys(files).filter((path) => !/^main|unused|README/.test(path)),
    );
    writeFileSync(join(root, 'main/start.ts'), "import 'three/examples/gone.js';\n");
    assert.throws(() => reachedModules(root, ['main/start.ts']), /main\/start\.ts imports three\/examples\/gone\.js/);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
