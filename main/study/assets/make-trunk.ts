/**
 * Makes the convolutional trunk that ships for the simulated cell: `node main/study/assets/make-trunk.ts --cache DIR`.
 * The written file is measured through the spatial embeddings of the training.
 */
import { trunkMaps, trunkModel, trunkReadoutModel } from '../../learn/encoders/trunk.ts';
import { TRUNK_TRAINING, trainTrunk } from '../../learn/encoders/trunk-training.ts';
import { CELL_TRUNK_MANIFEST } from '../../models/assets.ts';
import type { EncoderRuntime } from '../../models/encoder-runtime.ts';
import { loadOrtSession } from '../../tensor/backends/ort.ts';
import { makeEncoderAsset } from './asset-command.ts';
import { CELL_TRUNK as spec } from './trunk-spec.ts';

/** The trunk's file, followed by the readouts of its training. */
async function withReadouts(trunk: EncoderRuntime, readoutModel: Uint8Array, threads: number) {
  const session = await loadOrtSession(readoutModel, { threads });
  return {
    embed: async (frames: Parameters<EncoderRuntime['embed']>[0]) => {
      const data = await trunk.embed(frames);
      const { readouts } = await session.run({ embedding: { shape: [1, data.length], data } });
      return Float32Array.from(readouts!.data, Number);
    },
    dispose: async () => {
      await session.dispose();
      await trunk.dispose();
    },
  };
}

const { cameras, height, width, channels } = trunkMaps(spec);

await makeEncoderAsset({
  command: 'make-trunk.ts',
  shipped: CELL_TRUNK_MANIFEST,
  frames: 25_000,
  config: TRUNK_TRAINING,
  spec,
  cameras: spec.cameras,
  inputs: spec.cameras.map(({ camera }) => camera),
  readouts: spec.readouts,
  stream: 'trunk training',
  keptAs: 'trunk',
  manifest: {
    name: 'cell-trunk',
    model: 'trunk.onnx',
    embeddingSize: cameras * channels * height * width,
    maps: { cameras, height, width, channels },
  },
  words: `the embedding is the maps of ${spec.cameras.map(({ camera }) => camera).join(' and ')}, each ${channels} channels × ${height} rows × ${width} columns`,
  train: async (run) => {
    const weights = await trainTrunk({ ...run, spec });
    const readerOf = (trunk: EncoderRuntime, threads: number) =>
      withReadouts(trunk, trunkReadoutModel(spec, weights), threads);
    return { model: trunkModel(spec, weights), readerOf };
  },
});
