/** Supervised training of the convolutional trunk with smooth L1 on every readout; `supervised-training.ts` holds the loop. */
import type { Step } from '../../tensor/step.ts';
import { input } from '../../tensor/tensor.ts';
import { smoothL1 } from '../losses/regression.ts';
import { readoutCount } from './encoder.ts';
import { type EncoderDataset, pictureBatch } from './encoder-training.ts';
import { pooledBatch } from './pooled-picture.ts';
import { type SupervisedConfig, type SupervisedRun, supervisedStep, trainSupervised } from './supervised-training.ts';
import { type TrunkSpec, trunkNet, trunkParameters, trunkReadouts } from './trunk.ts';

export interface TrunkTrainingConfig extends SupervisedConfig {
  /** Error at which the loss turns from squared to absolute, in readout units. */
  readonly beta: number;
}

export const TRUNK_TRAINING: TrunkTrainingConfig = {
  epochs: 8,
  batchSize: 128,
  peakLearningRate: 3e-3,
  weightDecay: 1e-4,
  clipNorm: 2,
  beta: 0.05,
};

interface TrunkTrainingRun extends Pick<SupervisedRun, 'backend' | 'rng' | 'from' | 'onEpoch'> {
  readonly spec: TrunkSpec;
  readonly dataset: EncoderDataset;
  readonly config: TrunkTrainingConfig;
}

/**
 * One update. Inputs besides those of `supervisedStep`: one [B, cells, cells, 3] per camera in levels, `target` and
 * `weight` [B, R].
 */
function trunkStep(spec: TrunkSpec, config: TrunkTrainingConfig): Step {
  const batch = config.batchSize;
  const columns = readoutCount(spec.readouts);
  return supervisedStep(trunkParameters(spec), config, (parameters) => {
    const pictures = Object.fromEntries(spec.cameras.map((camera) => [camera.camera, pooledBatch(camera, batch)]));
    const readouts = trunkReadouts(spec, parameters, trunkNet(spec, parameters, pictures));
    const loss = smoothL1(readouts, input('target', [batch, columns]), input('weight', [batch, columns]), config.beta);
    return { minimised: loss, reported: loss };
  });
}

/** Trains for `config.epochs` and returns the flat weights. */
export function trainTrunk({ spec, dataset, ...run }: TrunkTrainingRun): Promise<Float32Array> {
  const { config } = run;
  return trainSupervised({
    ...run,
    name: 'trunk',
    specs: trunkParameters(spec),
    step: trunkStep(spec, config),
    count: dataset.count,
    batch: pictureBatch(spec.cameras, spec.readouts, dataset, config.batchSize),
  });
}
