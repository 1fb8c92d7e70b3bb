/**
 * The shipped convolutional trunk of the simulated cell: two cameras at 64 × 64 pixels, each with maps of 32 channels ×
 * 4 × 4, so an embedding of 1,024 numbers. It is trained on the encoder's readouts.
 */
import type { TrunkSpec } from '../../learn/encoders/trunk.ts';
import { CELL_ENCODER } from './encoder-spec.ts';

export const CELL_TRUNK: TrunkSpec = {
  cameras: CELL_ENCODER.towers.map(({ camera, sizePx }) => ({ camera, sizePx, poolPx: 2 })),
  net: { stem: { kernel: 7, channels: 24, stride: 4 }, stages: [32, 64], channels: 32, groups: 4 },
  taught: { features: 8, bottleneck: 128 },
  readouts: CELL_ENCODER.readouts,
};
