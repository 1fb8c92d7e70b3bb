/** When the window is built, when not, and what a failure leaves behind. Real files in a temporary folder, a fake bundler. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, test } from 'node:test';
import { createVirtualClock } from '../../main/api/clock.ts';
import { buildWindow, ensureWindowBuilt } from '../../main/cli/launch/build-window.ts';
import { windowFreshness } from '../../main/cli/launch/window-stamp.ts';
import { ROOT } from '../source-files.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function project(files: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), 'takeover-window-'));
  folders.push(root);
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  for (const [path, text] of Object.entries(files)) write(path, text);
  const said: string[] = [];
  let builds = 0;
  const options = (more: { ok?: boolean; isAlive?: (pid: number) => boolean } = {}) => ({
    root,
    clock: createVirtualClock(),
    say: (line: string) => said.push(line),
    isAlive: more.isAlive ?? (() => true),
    build: async (target: string) => {
      builds += 1;
      mkdirSync(target, { recursive: true });
      writeFileSync(join(target, 'index.html'), `build ${builds}`);
      return { ok: more.ok ?? true, output: 'main.tsx: no such thing' };
    },
  });
  const ensure = (more?: Parameters<typeof options>[0]) => ensureWindowBuilt(options(more));
  return {
    root,
    write,
    said,
    ensure,
    build: () => buildWindow(options()),
    builds: () => builds,
    page: () => readFileSync(join(root, 'renderer/dist/index.html'), 'utf8'),
  };
}
const SOURCES = {
  'renderer/vite.config.ts': '',
  'renderer/app.tsx': 'one',
  'main/api/index.ts': '',
  'package-lock.json': '{}',
};

test('built once, then fresh, whatever the files say about their times', async () => {
  const { root, ensure, builds, page } = project(SOURCES);
  assert.equal((await ensure()).kind, 'built');
  utimesSync(join(root, 'renderer/app.tsx'), 1, 1);
  assert.equal((await ensure()).kind, 'fresh');
  assert.equal(builds(), 1);
  assert.equal(page(), 'build 1');
  assert.deepEqual(readdirSync(join(root, '.takeover')), []);
});

test('what builders that were killed have left is removed by the next one; anything else is not', async () => {
  const { root, write, ensure } = project(SOURCES);
  write('.takeover/window-4194300/index.html', 'half of a build');
  write('.takeover/window-4194301-old/index.html', 'the build before');
  write('.takeover/window-notes/notes.txt', 'mine');
  assert.equal((await ensure()).kind, 'built');
  assert.deepEqual(readdirSync(join(root, '.takeover')), ['window-notes']);
});

test('an explicit build is fresh for the next start, and a second explicit build builds again', async () => {
  const { ensure, build, builds, page, said } = project(SOURCES);
  assert.equal((await build()).kind, 'built');
  assert.equal((await ensure()).kind, 'fresh');
  assert.equal((await build()).kind, 'built');
  assert.equal(builds(), 2);
  assert.equal(page(), 'build 2');
  assert.deepEqual(said, []);
  const scripts: unknown = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const text = JSON.stringify(Reflect.get(Object(scripts), 'scripts'));
  assert.doesNotMatch(
    text,
    /vite build/,
    'the bundler alone leaves no stamp: every script builds by build-window-now.ts',
  );
});

test('a change in the window, in the contract or in the packages makes it stale; anything else does not', async () => {
  const { root, write, ensure } = project(SOURCES);
  for (const [path, expected] of [
    ['renderer/panels/new.tsx', 'stale'],
    ['main/api/index.ts', 'stale'],
    ['package-lock.json', 'stale'],
    ['main/engine/main.ts', 'fresh'],
    ['renderer/dist/extra.js', 'fresh'],
  ] as const) {
    await ensure();
    write(path, 'changed');
    assert.equal(windowFreshness(root), expected, path);
  }
});

test('the packaged program has only the build, and is content with it', async () => {
  const { ensure, builds } = project({ 'renderer/dist/index.html': 'built elsewhere' });
  assert.equal((await ensure()).kind, 'prebuilt');
  assert.equal(builds(), 0);
  const empty = project({});
  const result = await empty.ensure();
  assert.match(
    result.kind === 'failed' ? `${result.message} ${result.remedy}` : '',
    /index\.html is missing .* Install the program again/,
  );
});

test('a build that fails leaves the last one standing and says what the bundler said', async () => {
  const { root, write, ensure, page, said } = project(SOURCES);
  await ensure();
  write('renderer/app.tsx', 'broken');
  const result = await ensure({ ok: false });
  assert.deepEqual(
    { ...result, message: '' },
    {
      kind: 'failed',
      message: '',
      remedy: 'Correct the sources, or run "npm run build" to see it alone.',
      olderBuild: true,
    },
  );
  assert.equal(page(), 'build 1');
  assert.match(said.at(-1) ?? '', /main\.tsx: no such thing[\s\S]*The last build serves meanwhile\./);
  assert.equal(windowFreshness(root), 'stale');
  assert.deepEqual(readdirSync(join(root, '.takeover')), []);
});

test('two starts at once build once', async () => {
  const { ensure, builds, said } = project(SOURCES);
  const results = await Promise.all([ensure(), ensure()]);
  assert.deepEqual(results.map((result) => result.kind).sort(), ['built', 'fresh']);
  assert.equal(builds(), 1);
  assert.ok(said.includes('Another start is building the window; waiting for it …'));
});

test('a builder that was killed does not lock the next one out; one that hangs is named', async () => {
  const { root, write, ensure } = project(SOURCES);
  write('.takeover/window.lock', '4242');
  const stuck = await ensure();
  assert.match(
    stuck.kind === 'failed' ? stuck.message : '',
    /process 4242 has been building it for too long; end it, or delete/,
  );
  assert.equal((await ensure({ isAlive: () => false })).kind, 'built');
  assert.equal(existsSync(join(root, '.takeover/window.lock')), false);
});
