/**
 * Projects in read-only folders: recording is refused with the reason, exporting works, and no error says that the
 * folder is in use.
 */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createRng } from '../../main/api/rng.ts';
import { openWriter, recordEpisode, removeFolder, temporaryFolder } from '../data/fixture.ts';
import { type Ended, lastLine, startTakeover } from './takeover-child.ts';

/** Permissions do not apply to root, so the children run as the user "nobody". */
const NOBODY = 65_534;
const asNobody = process.getuid?.() === 0 ? { uid: NOBODY } : {};

let folder = '';
let project = '';
let writable = '';

before(async () => {
  folder = temporaryFolder();
  chmodSync(folder, 0o755);
  project = join(folder, 'project');
  writable = join(folder, 'writable');
  mkdirSync(writable);
  chmodSync(writable, 0o777);
  // A lock file is left over from the session that recorded.
  const writer = await openWriter(project);
  recordEpisode(writer, createRng(1), ['policy', 'human', 'human'], {
    size: { sizePx: 32, taxels: 4, embeddingSize: 6 },
    start: { observation: 'state' },
  });
  await writer.close();
  assert.ok(existsSync(join(project, 'takeover.lock')));
  chmodSync(project, 0o555);
});
after(() => {
  chmodSync(project, 0o755);
  removeFolder(folder);
});

const takeover = (...args: readonly string[]): Promise<Ended> =>
  startTakeover(args, { ...asNobody, env: { ...process.env, TMPDIR: writable, HOME: writable } }).ended;

/** Checks that no sentence is printed twice. */
function saidOnce({ stderr }: Ended): void {
  const sentences = stderr.split(/(?<=[.!?])\s+/).filter((sentence) => sentence.trim().length > 0);
  assert.equal(new Set(sentences).size, sentences.length, stderr);
  assert.doesNotMatch(stderr, /\n {4}at /, 'no stack');
}

test('verbs that would write say that the folder may only be read, and what to do', async () => {
  const state = ['--observation', 'state', '--data', project];
  const [served, rolled, demonstrated, trained, criticised] = await Promise.all([
    takeover('serve', '--port', '0', '--data', project),
    takeover('rollout', '--episodes', '1', '--policy', 'scripted', ...state),
    takeover('demo', '--episodes', '1', ...state),
    takeover('finetune', '--steps', '1', ...state),
    takeover('critic', '--data', project),
  ]);
  for (const ended of [served, rolled, demonstrated, trained, criticised]) {
    assert.match(
      ended.stderr,
      /may only be read.* Choose a folder that you may write to, or copy the project into one\./,
    );
    assert.doesNotMatch(ended.stderr, /in use|process \d/);
    saidOnce(ended);
  }
  assert.deepEqual([served.status, rolled.status, demonstrated.status, trained.status], [2, 1, 1, 1]);
});

test('a project folder that cannot be made is refused with that reason', async () => {
  const ended = await takeover('demo', '--episodes', '1', '--observation', 'state', '--data', join(project, 'new'));
  assert.equal(ended.status, 1);
  assert.match(ended.stderr, /new cannot be made: .*project may only be read/);
  saidOnce(ended);
});

test('a project that may only be read is exported, and leaves no copy behind', async () => {
  const out = join(writable, 'dataset');
  const ended = await takeover('export', '--out', out, '--data', project, '--json');
  assert.equal(ended.status, 0, ended.stderr);
  assert.deepEqual([lastLine(ended)['episodes'], lastLine(ended)['frames']], [1, 3]);
  assert.deepEqual(
    readdirSync(writable).filter((name) => name.startsWith('takeover-read-')),
    [],
  );
});

test('a project that is not there is told once', async () => {
  const ended = await takeover('export', '--out', join(writable, 'none'), '--data', join(folder, 'nowhere'));
  assert.equal(ended.status, 1);
  assert.match(ended.stderr, /There is no project file .*Name the folder of an existing project/);
  saidOnce(ended);
});
