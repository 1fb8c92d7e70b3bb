/** Tells whether the object is in the hand, from the simulator's truth. */
import { subtract } from '../../../main/api/geometry.ts';
import { rotateInto } from './frames.ts';
import type { LooseObject } from './model.ts';
import type { Truth } from './readings.ts';

/** An object whose centre is this near to the tool point, with the fingers closed to the opening, is held. */
const HELD = {
  peg: { lateralM: 0.012, heightM: 0.04, openingM: 0.0082 },
  block: { lateralM: 0.02, heightM: 0.028, openingM: 0.0203 },
} as const;

export function isInHand(truth: Truth, object: LooseObject): boolean {
  const { positionM, orientation } = truth.baseFromTool;
  const [x, y, z] = rotateInto(orientation, subtract(truth.baseFromObject.positionM, positionM));
  const { lateralM, heightM, openingM } = HELD[object];
  return truth.openingM < openingM && Math.hypot(x, y) < lateralM && Math.abs(z) < heightM;
}
