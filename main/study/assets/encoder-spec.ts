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

const NET = { stem: { kernel: 7, channels: 24, stride: 4 }, stages: [32, 64], channels: 32, groups: 4 } as const;

/** A place is shown at three scales: where to go, how to approach, how to meet. 1 mm is 0.01, 0.05 and 0.33 of them. */
const PLACE_SCALES = [
  { unit: 0.1, clip: 5 },
  { unit: 0.02, clip: 4 },
  { unit: 0.003, clip: 1.5 },
];

export const CELL_ENCODER: EncoderSpec = {
  towers: [
    { camera: 'wrist', sizePx: SIZE_PX, poolPx: 2, net: NET, hidden: 128 },
    { camera: 'side', sizePx: SIZE_PX, poolPx: 2, net: NET, hidden: 128 },
  ],
  trunk: [192],
  readouts: [
    readout('holeFromTip', 0.002, { curve: 'asinh', trainedClip: 6.2, weight: 3, shown: PLACE_SCALES }),
    readout('objectFromTool', 0.002, { curve: 'asinh', trainedClip: 6.2, weight: 2, shown: PLACE_SCALES }),
    readout('objectYaw', 0.2),
    readout('objectPlace', 0.05, { weight: 2 }),
    readout('holePlace', 0.05),
    readout('yawError', 0.1),
    readout('holeAxis', 0.1),
    readout('tipFromTool', 0.003),
    readout('pegAxis', 0.05),
    readout('opening', 0.02),
    readout('depth', 0.008),
    readout('held', 1),
  ],
  features: 16,
  featureScale: 0.5,
};

/** Weight of a frame's label by the distance that it tells. It is highest nearby, where a millimetre decides. */
export function distanceWeight(distanceM: number): number {
  return 0.15 + 3 / (1 + distanceM / 0.015);
}
