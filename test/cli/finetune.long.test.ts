/**
 * `takeover finetune` learns from the store as it is when the run starts. Later verdicts count, and a running episode
 * is left out.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRng } from '../../main/api/rng.ts';
import { readBlocks, runFolder } from '../../main/learn/run/run-folder.ts';
import { inFolder, openWriter, start, step } from '../data/fixture.ts';
import { recordToyEpisodes } from '../learn/toy-project.ts';
import { SMALL_RUN, takeover } from './takeover-child.ts';

const finetune = (folder: string) =>
  takeover('finetune', ...SMALL_RUN, '--steps', '2', '--observation', 'state', '--data', folder);

test('finetune learns neither from what was discarded after it had ended nor from an episode that runs', () =>
  inFolder(async (folder) => {
    await recordToyEpisodes(folder, { demonstrations: 3, corrected: 1, seed: 1 });
    const writer = await openWriter(folder);
    writer.discardEpisode(2);
    writer.discardEpisode(3);
    writer.discardEpisode(4);
    await writer.drained();
    const { rlTransitions, demoTransitions } = writer.counts();
    // Recording goes on while the verb trains.
    const rng = createRng(1);
    const running = writer.beginEpisode(start(rng, 'demonstrate', { sizePx: 8, taxels: 4, embeddingSize: 0 }));
    writer.appendStep(running, step(rng, 0, 'human'));
    await writer.drained();
    const first = await finetune(folder);
    assert.equal(first.status, 0, first.stderr);
    const [block] = readBlocks(runFolder(folder, 1).blocks);
    assert.deepEqual([block?.rlTransitions, block?.demoTransitions], [rlTransitions, demoTransitions]);
    assert.ok(demoTransitions > 0 && rlTransitions === 0);
  }));

test('finetune says that no episode has ended yet, and starts no run', () =>
  inFolder(async (folder) => {
    const writer = await openWriter(folder);
    writer.beginEpisode(start(createRng(1)));
    await writer.drained();
    const { status, stderr } = await finetune(folder);
    assert.equal(status, 1);
    assert.match(
      stderr,
      /holds no finished episodes: there is nothing to learn from\. Record some: `npx takeover demo`/,
    );
  }));
