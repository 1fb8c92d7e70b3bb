/** The measurement along episodes: it reads an embedding at its finest scale, and its errors are those that were put in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EncoderReadout } from '../../main/learn/encoders/encoder.ts';
import { episodeSummary, episodeTable, measureEpisodes, readLabel } from '../../main/study/assets/encoder-episodes.ts';
import { CELL_ENCODER, labelColumns } from '../../main/study/assets/encoder-spec.ts';
import { ENCODER_LABEL_COUNT, type EncoderLabelName } from '../../native/sim/encoder-data/encoder-data.ts';

const { readouts } = CELL_ENCODER;

/** The embedding that a faultless encoder would give, for labels that are zero but for the given ones. */
function embeddingOf(labels: Partial<Record<EncoderLabelName, readonly number[]>>): Float32Array {
  const valuesOf = ({ label, columns }: EncoderReadout): readonly number[] =>
    Object.entries(labels).find(([name]) => name === label)?.[1] ?? columns.map(() => 0);
  return Float32Array.from(
    readouts.flatMap((readout) =>
      readout.shown.flatMap(({ unit, clip }) =>
        valuesOf(readout).map((value) => Math.max(-clip, Math.min(clip, value / unit))),
      ),
    ),
  );
}

test('each number is read at its finest scale that is not clipped, and a label that is not shown gives none', () => {
  const embedding = embeddingOf({ objectFromTool: [0.002, -0.03, 0.4], held: [1] });
  // Scales of 3 mm, 20 mm and 0.1 m tell 2 mm, 30 mm and 0.4 m; the coarser ones are spoiled here.
  const at = readouts.slice(0, 1).reduce((sum, { columns, shown }) => sum + columns.length * shown.length, 0);
  embedding[at] = 9;
  embedding[at + 3] = 9;
  const seen = readLabel(readouts, embedding, 'objectFromTool')!;
  [0.002, -0.03, 0.4].forEach((value, axis) => {
    assert.ok(Math.abs(seen[axis]! - value) < 1e-6, `${seen}`);
  });
  assert.deepEqual(readLabel(readouts, embedding, 'held'), [1]);
  assert.equal(readLabel(readouts, embedding, 'holeFromTool'), undefined);
});

test('errors are told by task, look and phase, and where a scene does not define a label there is none', async () => {
  const truth = { objectFromTool: [0.001, 0.002, 0.01], objectYaw: [0.1], objectPlace: [0.05, 0.1, 0.02], held: [0] };
  const labels = new Float32Array(ENCODER_LABEL_COUNT);
  const known = new Uint8Array(ENCODER_LABEL_COUNT).fill(1);
  // The entries' names are those of labels, but `Object.entries` returns strings.
  for (const [name, values] of Object.entries(truth))
    labelColumns(name as EncoderLabelName).forEach((column, index) => {
      labels[column] = values[index]!;
    });
  for (const column of labelColumns('holeFromTip')) known[column] = 0;
  const pictures = { usual: [], light: [], colour: [], camera: [] };
  // Nothing here reads the truth of the scene.
  const frame = { mode: 'grasp', labels, known, pictures, truth: {} } as never;
  const embedding = embeddingOf({ ...truth, objectFromTool: [0.004, -0.002, 0.012], objectYaw: [0.15], held: [1] });
  const rows = await measureEpisodes(
    { embed: async () => embedding },
    readouts,
    { measuredEpisode: (task) => (task === 'lift' ? [frame] : []) },
    5,
  );
  assert.deepEqual(
    rows.map(({ task, conditions, phase, frames }) => [task, conditions, phase, frames]),
    ['usual', 'light', 'colour', 'camera'].map((conditions) => ['lift', conditions, 'grasp', 5]),
  );
  const { objectMm, heightMm, yawDeg, placeMm, holeMm, heldRight } = rows[0]!;
  assert.deepEqual(
    { objectMm, heightMm, yawDeg, placeMm, holeMm, heldRight },
    {
      ...{ objectMm: 5, heightMm: 2, yawDeg: 2.86, placeMm: 0, holeMm: undefined, heldRight: 0 },
    },
  );
  assert.match(episodeTable(rows), /\| lift \| usual \| grasp \| 5 \| 5 \(5\) \| 2 \| 2\.86 \| 0 \| – \(–\) \| 0 \|/);
  assert.equal(episodeSummary(rows)['lift camera grasp objectMm'], 5);
});
