/**
 * The import table of the architecture, enforced. A source file that no row covers fails, and so does an import that its row
 * does not allow; type-only imports count. To move a wall, change this table.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { ROOT, sourceFiles } from './source-files.ts';

interface Row {
  /** The files this row governs; the first row that matches wins. */
  readonly files: RegExp;
  /** Folders or files of this project it may import, besides its own folder where `itself` is set. */
  readonly may: readonly RegExp[];
  /** Third-party packages and Node's own modules it may import. */
  readonly packages: readonly RegExp[];
}

const node = /^node:/;
const api = /^main\/api\//;
const tensor = /^main\/tensor\//;
const models = /^main\/models\//;
const learn = /^main\/learn\//;
const engine = /^main\/engine\//;
const data = /^data\//;
const devices = /^native\/(device|hid|spacemouse)\.ts$/;
const wrapperOnly = (name: string) => new RegExp(`^${name}(/|$)`);

const TABLE: readonly Row[] = [
  { files: /^main\/api\//, may: [api], packages: [wrapperOnly('zod')] },
  { files: /^main\/tensor\/backends\/onnxruntime\.ts$/, may: [], packages: [node, wrapperOnly('onnxruntime-node')] },
  { files: /^main\/tensor\/tensorflow\.ts$/, may: [tensor], packages: [wrapperOnly('@tensorflow/tfjs')] },
  { files: /^main\/tensor\//, may: [tensor], packages: [node] },
  { files: /^main\/models\//, may: [models, api, tensor], packages: [node, wrapperOnly('zod')] },
  { files: /^main\/learn\/losses\//, may: [tensor, /^main\/learn\/losses\//], packages: [] },
  { files: /^main\/learn\/nets\//, may: [tensor, /^main\/learn\/nets\//, /^main\/api\/rng\.ts$/], packages: [] },
  {
    files: /^main\/learn\/(policies|algorithms|recipes)\//,
    may: [tensor, models, api, /^main\/learn\/(nets|losses|policies|algorithms|recipes)\//],
    packages: [node, wrapperOnly('zod')],
  },
  { files: /^main\/learn\//, may: [learn, tensor, models, data, api], packages: [node, wrapperOnly('zod')] },
  {
    files: /^main\/policy\//,
    may: [/^main\/policy\//, api, models, tensor, /^main\/learn\/policies\//],
    packages: [node],
  },
  { files: /^main\/engine\/loop\/(safety|arbitration)\.ts$/, may: [api], packages: [] },
  { files: /^main\/engine\/(main|headless-rig)\.ts$/, may: [engine, api, data, /^native\//], packages: [node] },
  {
    files: /^main\/engine\//,
    // The policy process is spawned, never imported.
    may: [engine, api, data, /^native\/device\.ts$/, /^main\/policy\/policy-process\.ts$/],
    packages: [node, wrapperOnly('ws'), wrapperOnly('zod')],
  },
  {
    files: /^main\/runs\//,
    may: [/^main\/runs\//, api, models, data, engine, learn],
    packages: [node, wrapperOnly('zod')],
  },
  {
    // The scripts that make the shipped models need the simulator itself.
    files: /^main\/study\/assets\//,
    may: [/^main\/(study|runs)\//, api, tensor, models, data, engine, learn, /^native\//],
    packages: [node],
  },
  {
    files: /^main\/study\//,
    may: [/^main\/(study|runs|policy)\//, api, tensor, models, data, engine, learn],
    packages: [node, wrapperOnly('zod')],
  },
  {
    files: /^main\/cli\//,
    may: [/^main\//, data, devices],
    packages: [node, wrapperOnly('vite'), wrapperOnly('@vitejs/plugin-react'), wrapperOnly('zod')],
  },
  {
    files: /^native\/sim\//,
    may: [/^native\/sim\//, /^native\/device\.ts$/, api],
    packages: [node, wrapperOnly('@mujoco/mujoco'), wrapperOnly('three')],
  },
  {
    files: /^native\//,
    may: [/^native\/(device|hid|six-axis-(bus|interface))\.ts$/, api],
    packages: [node, wrapperOnly('node-hid')],
  },
  {
    files: /^data\//,
    may: [/^data\//, api],
    packages: [
      node,
      wrapperOnly('better-sqlite3'),
      wrapperOnly('zod'),
      wrapperOnly('hyparquet-writer'),
      wrapperOnly('hyparquet'),
      wrapperOnly('@napi-rs/webcodecs'),
      wrapperOnly('mediabunny'),
      wrapperOnly('sharp'),
    ],
  },
  {
    files: /^renderer\/vite\.config\.ts$/,
    may: [],
    packages: [node, wrapperOnly('vite'), wrapperOnly('@vitejs/plugin-react')],
  },
  { files: /^renderer\/ui\//, may: [/^renderer\/ui\//, api], packages: [wrapperOnly('react')] },
  {
    files: /^renderer\//,
    may: [/^renderer\//, api],
    packages: [
      wrapperOnly('react'),
      wrapperOnly('react-dom'),
      wrapperOnly('three'),
      wrapperOnly('@react-three/fiber'),
      wrapperOnly('zustand'),
      wrapperOnly('uplot'),
      wrapperOnly('zod'),
      wrapperOnly('@fontsource-variable/inter'),
    ],
  },
  { files: /^electron\//, may: [/^electron\//, api], packages: [node, wrapperOnly('electron'), wrapperOnly('sharp')] },
  { files: /^test\//, may: [/./], packages: [/./] },
];

/** Packages that exactly one file of the product may import. */
const ONE_WRAPPER = [
  'onnxruntime-node',
  '@tensorflow/tfjs',
  'better-sqlite3',
  'node-hid',
  '@mujoco/mujoco',
  'ws',
  '@napi-rs/webcodecs',
  'mediabunny',
  'uplot',
];

const IMPORT =
  /(?:^|[^.\w])(?:import|export)\s+(?:type\s+)?(?:[\w*{}\s,$]+\s+from\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|new URL\(\s*['"](\.[^'"]+\.ts)['"]/gm;

/** `loaded` leaves out files that are named as the entry of a process or thread, because they are started, not imported. */
function importsOf(file: string, loaded = false): readonly string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '');
  return [...text.matchAll(IMPORT)]
    .map((match) => match[1] ?? match[2] ?? (loaded ? '' : (match[3] ?? '')))
    .filter((name) => name !== '');
}

function violation(file: string, specifier: string): string | undefined {
  const row = TABLE.find((candidate) => candidate.files.test(file));
  if (!row) return `${file}: no row of the import table covers this file`;
  if (/\.(css|woff2|svg|png|json)(\?.*)?$/.test(specifier)) return undefined;
  if (specifier.startsWith('.')) {
    const target = relative(ROOT, join(ROOT, dirname(file), specifier))
      .replaceAll('\\', '/')
      .replace(/\?.*$/, '');
    return row.may.some((rule) => rule.test(target))
      ? undefined
      : `${file} imports ${target}; its row allows ${row.may.join(' ')}`;
  }
  return row.packages.some((rule) => rule.test(specifier))
    ? undefined
    : `${file} imports the package ${specifier}; its row allows ${row.packages.join(' ')}`;
}

test('every import is allowed by the import table', () => {
  const violations = sourceFiles().flatMap((file) => importsOf(file).flatMap((name) => violation(file, name) ?? []));
  assert.deepEqual(violations, []);
});

test('the table itself tells right from wrong', () => {
  assert.equal(violation('main/engine/loop/safety.ts', '../../api/limits.ts'), undefined);
  assert.match(
    violation('main/engine/loop/safety.ts', './driving.ts') ?? '',
    /imports main\/engine\/loop\/driving\.ts/,
  );
  assert.match(violation('renderer/app.tsx', 'node:fs') ?? '', /package node:fs/);
  assert.match(
    violation('native/spacemouse.ts', './sim/lockstep-cell.ts') ?? '',
    /imports native\/sim\/lockstep-cell\.ts/,
  );
  assert.match(violation('somewhere/else.ts', './x.ts') ?? '', /no row/);
});

test('a third-party package has one wrapper file', () => {
  const users = new Map<string, string[]>();
  for (const file of sourceFiles().filter((name) => !name.startsWith('test/')))
    for (const specifier of importsOf(file)) {
      const name = ONE_WRAPPER.find((candidate) => specifier === candidate || specifier.startsWith(`${candidate}/`));
      if (name && !specifier.endsWith('.css')) users.set(name, [...(users.get(name) ?? []), file]);
    }
  const shared = [...users]
    .filter(([, files]) => new Set(files).size > 1)
    .map(([name, files]) => `${name}: ${[...new Set(files)].join(', ')}`);
  assert.deepEqual(shared, []);
});

const productFiles = () => sourceFiles(['.ts', '.tsx']).filter((file) => !file.startsWith('test/'));

/** Returns the first circle of imports as a path; empty when there is none. */
function circleIn(imports: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): readonly string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const next of imports.get(file) ?? []) {
      const circle = visit(next, [...path, file]);
      if (circle.length > 0) return circle;
    }
    done.add(file);
    return [];
  };
  for (const file of imports.keys()) {
    const circle = visit(file, []);
    if (circle.length > 0) return circle;
  }
  return [];
}

test('no files of the product import each other in a circle', () => {
  const local = (file: string) =>
    importsOf(file, true)
      .filter((name) => name.startsWith('.'))
      .map((name) => join(dirname(file), name));
  assert.deepEqual(circleIn(new Map(productFiles().map((file) => [file, local(file)]))), []);
  const three: ReadonlyMap<string, readonly string[]> = new Map([
    ['a', ['b']],
    ['b', ['c']],
    ['c', ['b']],
  ]);
  assert.deepEqual(circleIn(three), ['b', 'c', 'b']);
});

test('no folder of the product holds more than fifteen source files', () => {
  const folders = Object.groupBy(productFiles(), (file) => dirname(file));
  const crowded = Object.entries(folders).flatMap(([folder, files = []]) => (files.length > 15 ? [folder] : []));
  assert.deepEqual(crowded, []);
});
