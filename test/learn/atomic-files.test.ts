/**
 * Files and folders are complete or absent. A failure keeps the old one, two writers do not collide, and a killed one
 * leaves nothing for good.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeFileAtomically, writeFolderAtomically } from '../../main/models/atomic-files.ts';
import { inFolder } from '../data/fixture.ts';

const bytes = (text: string) => [Buffer.from(text)];

test('a write that fails half-way leaves the old file or folder, and nothing else', () =>
  inFolder((folder) => {
    const path = join(folder, 'settings.json');
    writeFileAtomically(path, bytes('old'));
    const broken = new Uint8Array(4);
    Object.defineProperty(broken, 'length', {
      get: () => {
        throw new Error('no more bytes');
      },
    });
    assert.throws(() => writeFileAtomically(path, [...bytes('new'), broken]), /no more bytes/);
    assert.equal(readFileSync(path, 'utf8'), 'old');
    const whole = join(folder, 'policy');
    writeFolderAtomically(whole, (temporary) => writeFileSync(join(temporary, 'weights'), 'old'));
    const failing = (temporary: string) => {
      writeFileSync(join(temporary, 'weights'), 'new');
      throw new Error('no more files');
    };
    assert.throws(() => writeFolderAtomically(whole, failing), /no more files/);
    assert.equal(readFileSync(join(whole, 'weights'), 'utf8'), 'old');
    assert.deepEqual(readdirSync(folder).sort(), ['policy', 'settings.json']);
  }));

test('two writers of the same folder do not meet: each writes its own, the later one stays, whole', () =>
  inFolder((folder) => {
    const whole = join(folder, 'policy');
    writeFolderAtomically(whole, (outer) => {
      writeFileSync(join(outer, 'a'), 'outer');
      writeFolderAtomically(whole, (inner) => writeFileSync(join(inner, 'a'), 'inner'));
      assert.deepEqual(readdirSync(outer), ['a'], 'the other writer has not emptied it');
      writeFileSync(join(outer, 'b'), 'outer');
    });
    assert.deepEqual(readdirSync(whole).sort(), ['a', 'b']);
    assert.equal(readFileSync(join(whole, 'a'), 'utf8'), 'outer');
  }));

test('folders with the names of old temporary ones are not deleted', () =>
  inFolder((folder) => {
    mkdirSync(join(folder, '.policy.part'));
    writeFileSync(join(folder, '.policy.part', 'notes.txt'), 'a');
    writeFolderAtomically(join(folder, 'policy'), (temporary) => writeFileSync(join(temporary, 'a'), ''));
    assert.equal(readFileSync(join(folder, '.policy.part', 'notes.txt'), 'utf8'), 'a');
  }));

test('the work folder of a writer that was killed is removed by the next write; that of a living one is not', () =>
  inFolder(async (folder) => {
    const module = JSON.stringify(join(import.meta.dirname, '../../main/models/atomic-files.ts'));
    const program = `import { writeFolderAtomically } from ${module};
      writeFolderAtomically(process.argv[1], (temporary) => { process.kill(process.pid, 'SIGKILL'); });`;
    const path = join(folder, 'policy');
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, path], { stdio: 'inherit' });
    const [, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
      child.once('close', (code, how) => resolve([code, how])),
    );
    assert.equal(signal, 'SIGKILL');
    const [left] = readdirSync(folder);
    assert.match(left ?? '', new RegExp(`^\\.policy\\.part-.+\\.${child.pid}\\.\\w{6}$`));
    const living = `.policy.part-${hostname().replaceAll(/[^\w-]/g, '_')}.${process.ppid}.abcdef`;
    mkdirSync(join(folder, living));
    writeFolderAtomically(path, (temporary) => writeFileSync(join(temporary, 'a'), ''));
    assert.deepEqual(readdirSync(folder).sort(), [living, 'policy']);
  }));
