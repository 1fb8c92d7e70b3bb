/**
 * The training data of a reward classifier: labels at the start of the training, of finished episodes that are not
 * discarded.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLabelledFrames } from '../../../data/learning/labelled-frames.ts';
import { createRng } from '../../../main/api/rng.ts';
import { inFolder, openWriter, recordEpisode, start, step } from '../fixture.ts';

test('an episode that is running, and one that is discarded, are not learned from; later labels are', () =>
  inFolder(async (folder) => {
    const rng = createRng(1);
    const writer = await openWriter(folder);
    const finished = recordEpisode(writer, rng, ['policy', 'human']);
    const discarded = recordEpisode(writer, rng, ['policy', 'human']);
    const running = writer.beginEpisode(start(rng));
    writer.appendStep(running, step(rng, 0));
    for (const episodeId of [finished, discarded, running]) writer.labelObservation(episodeId, 1, 'positive', 'live');
    writer.discardEpisode(discarded);
    await writer.drained();
    const labelled = () => {
      const source = openLabelledFrames(folder);
      const episodes = source.episodes({
        task: 'insert',
        observation: 'pixels',
        encoderSha256: undefined,
        rule: false,
      });
      source.close();
      return episodes.map(({ id, frames }) => [id, ...frames.map(({ index }) => index)]);
    };
    assert.deepEqual(labelled(), [[finished, 1]]);
    writer.endEpisode(running, { outcome: 'failure', judge: 'human' });
    await writer.undo();
    await writer.drained();
    assert.deepEqual(labelled(), [
      [finished, 1],
      [discarded, 1],
      [running, 1],
    ]);
  }));
