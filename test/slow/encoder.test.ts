/**
 * The encoder that ships, on scenes that neither training nor its manifest's numbers have used. Fails when the file, the
 * renderer or the cell drifted apart: then `node main/study/assets/make-encoder.ts` has to be run again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../main/api/clock.ts';
import { CELL_ENCODER_MANIFEST } from '../../main/models/assets.ts';
import { loadEncoder } from '../../main/models/encoder-runtime.ts';
import { evaluateHoldOut, readoutPlaces } from '../../main/study/assets/encoder-hold-out.ts';
import { CELL_ENCODER } from '../../main/study/assets/encoder-spec.ts';
import { createEncoderData } from '../../native/sim/encoder-data/encoder-data.ts';

const FRESH_GROUPS = 100_000;

test('the shipped encoder reads the hole to half a millimetre near the rim', async () => {
  const encoder = await loadEncoder(CELL_ENCODER_MANIFEST);
  const source = await createEncoderData();
  const places = readoutPlaces(CELL_ENCODER.readouts);
  const { summary, modes } = await evaluateHoldOut(encoder, places, source, systemClock, 1200, FRESH_GROUPS);
  await encoder.dispose();
  source.dispose();
  const seen = JSON.stringify({ summary, modes }, undefined, 2);
  assert.ok(summary['nearMedianMm']! < 0.5, seen);
  assert.ok(summary['nearP90Mm']! < 1.2, seen);
  assert.ok(summary['cellLookMedianMm']! < 0.3, seen);
  assert.ok(summary['directionRight']! > 0.99, seen);
  for (const name of ['nearMedianMm', 'rimMedianMm'])
    assert.ok(summary[name]! < 1.5 * encoder.manifest.holdOut[name]!, `${name}: ${summary[name]} against the manifest`);
});
