/**
 * Measures what the shipped encoders see along episodes of every task, in the usual look and in others. The encoder is measured here; the trunk's
 * numbers are those of its manifest, because the readouts that they were measured through do not ship.
 */
import { CELL_ENCODER_MANIFEST, CELL_TRUNK_MANIFEST } from '../../main/models/assets.ts';
import { readEncoderManifest } from '../../main/models/encoder-manifest.ts';
import { loadEncoder } from '../../main/models/encoder-runtime.ts';
import { episodeTable, measureEpisodes } from '../../main/study/assets/encoder-episodes.ts';
import { CELL_ENCODER } from '../../main/study/assets/encoder-spec.ts';
import { createEncoderData } from '../../native/sim/encoder-data/encoder-data.ts';

const EPISODES = 20;

export async function run(episodes = EPISODES) {
  const encoder = await loadEncoder(CELL_ENCODER_MANIFEST);
  const source = await createEncoderData();
  const rows = await measureEpisodes(encoder, CELL_ENCODER.readouts, source, episodes);
  await encoder.dispose();
  source.dispose();
  const [mine, trunk] = [encoder.manifest, readEncoderManifest(CELL_TRUNK_MANIFEST)];
  const names = [...new Set([...Object.keys(mine.holdOut), ...Object.keys(trunk.holdOut)])];
  const cell = (value: number | undefined) => (value === undefined ? '–' : String(value));
  const table = [
    episodeTable(rows),
    '',
    '## Manifests',
    '',
    `| what | ${mine.name} | ${trunk.name} |`,
    '| --- | --- | --- |',
    ...names.map((name) => `| ${name} | ${cell(mine.holdOut[name])} | ${cell(trunk.holdOut[name])} |`),
  ].join('\n');
  const note =
    `The first table is \`${mine.name}\` along ${episodes} episodes of each task, driven by the scripted hand on seeds of the hold-out ` +
    'set: medians, and 90 % in brackets. `above`, `around` and `grasp` are more than 120 mm, 35 to 120 mm and less than 35 mm from the ' +
    'object; in `driven-beside` the tip is on the socket, more than 3 mm from the hole, because the hand grasps 4 mm and searches 5 mm off ' +
    '(standard deviations). Light, colour and camera are the conditions of `takeover evaluate`. The second table is what the commands that made the ' +
    'files measured: the hole from the tip in posed and driven scenes, then the deciding phases of the episodes.';
  return { name: 'encoder-hold-out', table, note };
}
