/**
 * The encoder that ships, on scenes that neither training nor its manifest's numbers have used. Fails when the file, the
 * renderer or the cell drifted apart: then `node main/study/assets/make-encoder.ts` has to be run again.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '../../main/api/clock.ts';
import { CELL_ENCODER_MANIFEST } from '../../main/models/assets.ts';
import { loadEncoder } from '../../main/models/encoder-runtime.ts';
import { measureEpisodes } from '../../main/study/assets/encoder-episodes.ts';
import { evaluateHoldOut, readoutPlaces } from '../../main/study/assets/encoder-hold-out.ts';
import { CELL_ENCODER } from '../../main/study/assets/encoder-spec.ts';
import { createEncoderData, type EncoderDataSource } from '../../native/sim/encoder-data/encoder-data.ts';

const FRESH_GROUPS = 100_000;
const EPISODES = 4;

let encoder: Awaited<ReturnType<typeof loadEncoder>>;
let source: EncoderDataSource;
before(async () => {
  encoder = await loadEncoder(CELL_ENCODER_MANIFEST);
  source = await createEncoderData();
});
after(async () => {
  await encoder.dispose();
  source.dispose();
});

test('the shipped encoder reads the hole to a third of a millimetre near the rim, and to half of one in any light', async () => {
  const places = readoutPlaces(CELL_ENCODER.readouts);
  const { summary, modes } = await evaluateHoldOut(encoder, places, source, systemClock, 1200, FRESH_GROUPS);
  const seen = JSON.stringify({ summary, modes }, undefined, 2);
  assert.ok(summary['cellLookMedianMm']! < 0.33, seen);
  assert.ok(summary['nearMedianMm']! < 0.55, seen);
  assert.ok(summary['nearP90Mm']! < 2, seen);
  assert.ok(summary['directionRight']! > 0.97, seen);
  for (const name of ['nearMedianMm', 'rimMedianMm'])
    assert.ok(summary[name]! < 1.5 * encoder.manifest.holdOut[name]!, `${name}: ${summary[name]} against the manifest`);
});

test('it reads what a grasp needs along whole episodes, in the usual look and in others', async () => {
  const rows = await measureEpisodes(encoder, CELL_ENCODER.readouts, source, EPISODES);
  for (const { task, conditions, phase, objectMm, yawDeg, heldRight, frames } of rows) {
    if (task === 'insert' || phase.startsWith('driven')) continue;
    const row = `${task} ${conditions} ${phase}, ${frames} frames: ${objectMm} mm, ${yawDeg}°, held ${heldRight}`;
    const limitMm = { above: 8, around: 3, grasp: 2, lifted: 1.5 }[phase as 'above' | 'around' | 'grasp' | 'lifted'];
    assert.ok(objectMm! < limitMm, row);
    assert.ok(yawDeg! < 1.5, row);
    assert.ok(heldRight! > 0.95, row);
  }
});
