/** `takeover compare`: sessions of several methods, kept in the results file and not run again; encoders that are made for it. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRng } from '../../main/api/rng.ts';
import { loadEncoder } from '../../main/models/encoder-runtime.ts';
import { makeEncoderVariant } from '../../main/study/comparison/encoder-variants.ts';
import { inFolder } from '../data/fixture.ts';
import { lastLine, takeover } from './takeover-child.ts';

const SMALL = [
  ...['--seeds', '0', '--demos', '1', '--episodes', '1', '--round', '1'],
  ...['--selection-episodes', '1', '--report-episodes', '1', '--json'],
];

test('a session, then a table; called again it runs nothing', () =>
  inFolder(async (folder) => {
    const args = ['compare', '--methods', 'hg-dagger', ...SMALL, '--data', folder];
    const line = lastLine(await takeover(...args));
    assert.equal(line['sessions'], 1);
    const [row] = line['rows'] as string[][];
    assert.match(row?.[0] ?? '', /HG-DAgger/);
    assert.match(row?.[1] ?? '', /^(0|100) %/, 'the offline stage is reported');
    assert.match(row?.[4] ?? '', /^(0|100) %/, 'and what the corrected episode made of it');
    const path = join(folder, 'comparison.jsonl');
    const before = readFileSync(path, 'utf8');
    assert.deepEqual(lastLine(await takeover(...args)), line);
    assert.equal(readFileSync(path, 'utf8'), before);
    assert.ok(!existsSync(join(folder, 'conrft-cell-0')), 'what was not asked for is not run');
    const [robotMinutes, throughput] = (row ?? []).slice(-2);
    assert.ok(Number(robotMinutes) >= 0 && Number(throughput) >= 0, `${robotMinutes}, ${throughput}`);
    const lift = lastLine(await takeover(...args, '--task', 'lift', '--table-only'));
    assert.deepEqual([lift['task'], lift['rows']], ['lift', []], 'a table shows one task');
    const other = await takeover(...args, '--report-episodes', '2');
    assert.equal(other.status, 2, other.stderr);
    assert.match(other.stderr, /hg-dagger-0 was begun with other values of: reportEpisodes\. Move that folder away/);
    const longer = await takeover(...args, '--report-episodes', '2', '--table-only');
    assert.match(longer.stderr, /comparison\.jsonl: left out, .*: 1 × hg-dagger: reportEpisodes\./);
    assert.deepEqual(lastLine(longer)['rows'], []);
  }));

/** This method has no offline stage, so its sessions are the shortest. */
const CHEAP = 'hil-serl-floor';

test('sessions side by side: each in a process of its own, all in one results file; one that fails is named, the others stay', () =>
  inFolder(async (folder) => {
    const blocked = join(folder, `${CHEAP}-1`);
    writeFileSync(blocked, 'a file where the folder of a session should be');
    const two = SMALL.map((word, at) => (SMALL[at - 1] === '--seeds' ? '0,1' : word));
    const both = await takeover('compare', '--methods', CHEAP, ...two, '--jobs', '2', '--data', folder);
    assert.equal(both.status, 1);
    assert.match(both.stderr, /hil-serl-floor, seed 1 did not finish: .*hil-serl-floor-1/s);
    assert.equal(readFileSync(join(folder, 'comparison.jsonl'), 'utf8').trim().split('\n').length, 1);
    rmSync(blocked);
    const again = lastLine(await takeover('compare', '--methods', CHEAP, ...two, '--jobs', '2', '--data', folder));
    assert.equal(again['sessions'], 2);
  }));

test('raw pictures as an encoder: the mean of every square, standardised; made once', () =>
  inFolder(async (folder) => {
    const demonstrations = { seed: 0, task: 'insert', count: 1 } as const;
    const path = await makeEncoderVariant('raw-pixels', folder, demonstrations);
    assert.equal(await makeEncoderVariant('raw-pixels', folder, demonstrations), path);
    const encoder = await loadEncoder(path);
    const rng = createRng(3);
    const frames = encoder.manifest.cameras.map(({ name, widthPx, heightPx }) => ({
      ...{ camera: name, widthPx, heightPx },
      rgb: Uint8Array.from({ length: 3 * widthPx * heightPx }, () => rng.integer(256)),
    }));
    const embedding = await encoder.embed(frames);
    await encoder.dispose();
    assert.equal(embedding.length, 2 * 16 * 16 * 3);
    // The first number: red of the first 8×8 pixels of the first camera in the embedding.
    const first = frames.map(({ rgb, widthPx }) => {
      let sum = 0;
      for (let y = 0; y < 8; y++) for (let x = 0; x < 8; x++) sum += rgb[3 * (y * widthPx + x)]!;
      return (sum / 64 - 127.5) / 64;
    });
    assert.ok(
      first.some((value) => Math.abs(value - embedding[0]!) < 1e-4),
      `${embedding[0]} of ${first}`,
    );
  }));

test('a method that does not exist is refused with the list', async () => {
  const { status, stderr } = await takeover('compare', '--methods', 'magic', ...SMALL);
  assert.equal(status, 2);
  assert.match(stderr, /conrft-cell/);
});
