/**
 * Actions on [−1, 1] as whole numbers and back, in the three schemes that are in use. All cut the range into equal
 * intervals. They differ in the number of intervals and in the decoded position.
 *   bin = clip(⌊(a + 1)/2 · intervals⌋, 0, bins − 1)          a = 2 (bin + offset)/intervals − 1
 *   rt1: 255 intervals, 256 bins, left edge: error up to a whole bin, 0.0078, and biased low; hits −1 and 1
 *   openvla: 255 intervals, centre: error up to 0.0039; 0 is exact, ±1 are not reached
 *   uniform: 256 intervals, centre: error up to 0.0039
 * Trap: decode the most likely bin, or sample. The expectation over bins averages modes, which bins are meant to avoid.
 */
import type { Node } from '../../../tensor/ir.ts';
import { add, cast, clip, floor, mul, sub } from '../../../tensor/tensor.ts';

type BinScheme = 'rt1' | 'openvla' | 'uniform';
export const BIN_SCHEMES: readonly BinScheme[] = ['rt1', 'openvla', 'uniform'];

interface Cut {
  readonly intervals: number;
  readonly bins: number;
  /** Position in its interval that a bin is decoded to. */
  readonly offset: number;
}

const CUTS: Readonly<Record<BinScheme, Cut>> = {
  rt1: { intervals: 255, bins: 256, offset: 0 },
  openvla: { intervals: 255, bins: 255, offset: 0.5 },
  uniform: { intervals: 256, bins: 256, offset: 0.5 },
};

/** V: number of logits that a head needs. */
export const binCount = (scheme: BinScheme): number => CUTS[scheme].bins;

/** `actions` of any shape → int64 bins; values outside [−1, 1] go to the edge bins. */
export function encodeBins(actions: Node, scheme: BinScheme): Node {
  const { intervals, bins } = CUTS[scheme];
  return cast(clip(floor(mul(add(actions, 1), intervals / 2)), 0, bins - 1), 'int64');
}

/** `bins` (int64) → actions. */
export function decodeBins(bins: Node, scheme: BinScheme): Node {
  const { intervals, offset } = CUTS[scheme];
  return sub(mul(add(cast(bins, 'float32'), offset), 2 / intervals), 1);
}
