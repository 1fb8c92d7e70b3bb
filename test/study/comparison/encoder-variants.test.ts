/** Tests that an encoder learns each picture with the action made at it, also when demonstrations were discarded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACTION_SIZE } from '../../../main/api/action.ts';
import { readDemonstrations } from '../../../main/study/comparison/encoder-variants.ts';
import { inFolder, openReader, openWriter } from '../../data/fixture.ts';
import { recordToyEpisodes } from '../../learn/toy-project.ts';

const LABELS = ACTION_SIZE + 1;

test('a discarded demonstration moves no label: every action and progress is that of its own step', () =>
  inFolder(async (folder) => {
    const [first, second, third] = await recordToyEpisodes(folder, { demonstrations: 3, corrected: 0, seed: 4 });
    const whole = readDemonstrations(folder);
    const writer = await openWriter(folder);
    writer.discardEpisode(second!);
    await writer.drained();
    const reader = await openReader(folder);
    const left = readDemonstrations(folder);
    let at = 0;
    for (const id of [first!, third!]) {
      const { steps } = (await reader.replay(id))!;
      for (const { action, index } of steps) {
        const label = [...left.labels.subarray(at * LABELS, (at + 1) * LABELS)];
        assert.deepEqual(label, [...action, index / steps.length].map(Math.fround), `episode ${id}, step ${index}`);
        at++;
      }
    }
    assert.equal(left.count, at);
    const discarded = (await reader.replay(second!))!.steps.length;
    assert.equal(whole.count, left.count + discarded);
    assert.deepEqual(left.labels.subarray(-LABELS), whole.labels.subarray(-LABELS));
  }));
