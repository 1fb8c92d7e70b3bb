/**
 * The shipped encoder of the simulated cell: network, readouts and weights of the labels. Sizes keep the file under 2
 * MB with float16 weights.
 */
import { ENCODER_LABELS, type EncoderLabelName } from '../../../native/sim/encoder-data/encoder-data.ts';
import type { EncoderReadout, EncoderSpec } from '../../learn/encoders/encoder.ts';

const SIZE_PX = 128;

type ReadoutOptions = Partial<Omit<EncoderReadout, 'label' | 'columns' | 'unit'>>;

/** `options.shown`: units and limits in the embedding. A readout without any is trained but not shown. */
function readout(label: EncoderLabelName, unit: number, options: ReadoutOptions = {}): EncoderReadout {
  const { curve = 'linear', trainedClip = 4, weight = 1, shown = [{ unit, clip: trainedClip }] } = options;
  return { label, columns: labelColumns(label), curve, unit, trainedClip, weight, shown };
}

export function labelColumns(name: EncoderLabelName): number[] {
  let start = 0;
  for (const label of ENCODER_LABELS) {
    if (label.name === name) return Array.from({ length: label.size }, (_, index) => start + index);
    start += label.size;
  }
  throw new Error(`no label is named ${name}`);
}

export const CELL_ENCODER: EncoderSpec = {
  towers: [
    { camera: 'wrist', sizePx: SIZE_PX, poolPx: 4, hidden: [224] },
    { camera: 'side', sizePx: SIZE_PX, poolPx: 8, hidden: [96] },
  ],
  trunk: [192],
  readouts: [
    // The coarse scale finds the hole and the fine one meets it: 1 mm is 0.05 of the one and 0.33 of the other.
    readout('holeFromTip', 0.002, {
      curve: 'asinh',
      trainedClip: 6,
      weight: 3,
      shown: [
        { unit: 0.02, clip: 5 },
        { unit: 0.003, clip: 1.5 },
      ],
    }),
    readout('yawError', 0.1),
    readout('holeAxis', 0.1),
    readout('tipFromTool', 0.003),
    readout('pegAxis', 0.05),
    readout('opening', 0.02),
    readout('depth', 0.008),
    readout('objectFromTool', 0.02),
    readout('held', 1),
    readout('holeFromTool', 0.02, { shown: [] }),
  ],
  features: 44,
  featureScale: 0.5,
};

/** Weight of a frame's hole label by distance. It is highest near the rim, where a millimetre decides. */
export function holeWeight(distanceM: number): number {
  return 0.15 + 3 / (1 + distanceM / 0.015);
}
