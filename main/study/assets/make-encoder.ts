/** Makes the encoder that ships for the simulated cell: `node main/study/assets/make-encoder.ts --cache DIR`. */
import { ENCODER_CAMERAS } from '../../../native/sim/encoder-data/encoder-data.ts';
import { embeddingLayout, encoderModel } from '../../learn/encoders/encoder.ts';
import { ENCODER_TRAINING, trainEncoder } from '../../learn/encoders/encoder-training.ts';
import { CELL_ENCODER_MANIFEST } from '../../models/assets.ts';
import { makeEncoderAsset } from './asset-command.ts';
import { CELL_ENCODER as spec } from './encoder-spec.ts';

const layout = embeddingLayout(spec);
const shown = spec.readouts.filter((readout) => readout.shown.length > 0).map(({ label }) => label);

await makeEncoderAsset({
  command: 'make-encoder.ts',
  shipped: CELL_ENCODER_MANIFEST,
  frames: 36_000,
  config: ENCODER_TRAINING,
  spec,
  cameras: spec.towers,
  inputs: ENCODER_CAMERAS.map(({ name }) => name),
  readouts: spec.readouts,
  stream: 'encoder training',
  keptAs: 'spec',
  manifest: { name: 'cell-encoder', model: 'encoder.onnx', embeddingSize: layout.length },
  words: `readouts of ${shown.join(', ')} are the first ${layout.length - spec.features} numbers of the embedding`,
  train: async (run) => {
    const weights = await trainEncoder({ ...run, spec });
    return { model: encoderModel(spec, weights, { embedding: layout.join('; ') }) };
  },
});
