/**
 * Labels that the encoder learns to read from a picture, from the simulator's truth: named columns in SI units, in the
 * tool frame unless the note says otherwise. A label that a scene does not define is zero, and its `known` is 0.
 */
import { rotateByUnit, subtract, type Vec3 } from '../../../main/api/geometry.ts';
import { rotateInto, wrapQuarterTurn, yawOf } from '../physics/frames.ts';
import { HOLE_DEPTH_M, type LooseObject, NOMINAL_TIP_BELOW_TOOL_M } from '../physics/model.ts';
import type { Truth } from '../physics/readings.ts';

/** Columns of the labels; `needs` names the objects without which a scene does not define the label. */
export const ENCODER_LABELS = [
  {
    name: 'holeFromTip',
    size: 3,
    unit: 'm',
    needs: 'hand and socket',
    note: 'from the tip of the held peg to the hole',
  },
  { name: 'holeFromTool', size: 3, unit: 'm', needs: 'socket', note: 'zero where a well-held peg would touch the rim' },
  { name: 'yawError', size: 1, unit: 'rad', needs: 'socket', note: 'about the base z axis, socket against tool, ±45°' },
  { name: 'holeAxis', size: 2, unit: 'rad', needs: 'socket', note: 'x and y of the direction into the hole' },
  { name: 'tipFromTool', size: 3, unit: 'm', needs: 'hand', note: 'z against a well-held peg' },
  { name: 'pegAxis', size: 2, unit: 'rad', needs: 'hand', note: 'x and y of the direction towards the tip' },
  { name: 'opening', size: 1, unit: 'm', needs: 'nothing', note: 'half the distance between the fingers' },
  {
    name: 'depth',
    size: 1,
    unit: 'm',
    needs: 'hand and socket',
    note: 'of the tip below the rim while in the hole, else 0',
  },
  { name: 'objectFromTool', size: 3, unit: 'm', needs: 'nothing', note: 'centre of the peg or block' },
  { name: 'held', size: 1, unit: '1', needs: 'nothing', note: '1 while the object is in the hand' },
] as const;
export type EncoderLabelName = (typeof ENCODER_LABELS)[number]['name'];
export const ENCODER_LABEL_COUNT = 20;

/** The tip counts as in the hole within this distance of its axis. */
const IN_HOLE_LATERAL_M = 0.0025;
/** A peg whose centre is within the first two of the tool point, with the fingers closed to the third, is held. */
const HELD_LATERAL_M = 0.012;
const HELD_HEIGHT_M = 0.04;
const HELD_OPENING_M = 0.0082;

/** Returns the labels, and in `known` a 1 for each column that the scene defines. */
export function encoderLabels(truth: Truth, scene: { readonly object: LooseObject; readonly socket: boolean }) {
  const { positionM: tool, orientation } = truth.baseFromTool;
  const inTool = (from: Vec3, to: Vec3): Vec3 => rotateInto(orientation, subtract(to, from));
  const object = inTool(tool, truth.baseFromObject.positionM);
  const held =
    scene.object === 'peg' &&
    truth.openingM < HELD_OPENING_M &&
    Math.hypot(object[0], object[1]) < HELD_LATERAL_M &&
    Math.abs(object[2]) < HELD_HEIGHT_M;
  const hole = inTool(tool, truth.holeM);
  const tip = inTool(tool, truth.tipM);
  const axis = rotateInto(orientation, rotateByUnit(truth.baseFromObject.orientation, [0, 0, -1]));
  const downward = axis[2] < 0 ? -1 : 1;
  const into = rotateInto(orientation, [0, 0, -1]);
  const inHole = truth.lateralErrorM < IN_HOLE_LATERAL_M && truth.depthM > 0;

  const values: Readonly<Record<EncoderLabelName, readonly number[]>> = {
    holeFromTip: [hole[0] - tip[0], hole[1] - tip[1], hole[2] - tip[2]],
    holeFromTool: [hole[0], hole[1], hole[2] - NOMINAL_TIP_BELOW_TOOL_M],
    yawError: [wrapQuarterTurn(truth.socketYawRad - yawOf(orientation))],
    holeAxis: [into[0], into[1]],
    tipFromTool: [tip[0], tip[1], tip[2] - NOMINAL_TIP_BELOW_TOOL_M],
    pegAxis: [downward * axis[0], downward * axis[1]],
    opening: [truth.openingM],
    depth: [inHole ? Math.min(HOLE_DEPTH_M, truth.depthM) : 0],
    objectFromTool: object,
    held: [held ? 1 : 0],
  };
  const labels = new Float32Array(ENCODER_LABEL_COUNT);
  const known = new Uint8Array(ENCODER_LABEL_COUNT);
  let at = 0;
  for (const { name, needs } of ENCODER_LABELS) {
    const present =
      needs === 'nothing' ||
      (needs === 'hand' && held) ||
      (needs === 'socket' && scene.socket) ||
      (needs === 'hand and socket' && held && scene.socket);
    for (const value of values[name]) {
      labels[at] = present ? value : 0;
      known[at] = present ? 1 : 0;
      at++;
    }
  }
  return { labels, known };
}
