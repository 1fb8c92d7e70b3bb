/**
 * Labels that the encoder learns to read from a picture, from the simulator's truth: named columns in SI units, in the
 * tool frame unless the note says otherwise. A label that a scene does not define is zero, and its `known` is 0.
 */
import { rotateByUnit, subtract, type Vec3 } from '../../../main/api/geometry.ts';
import { rotateInto, wrapQuarterTurn, yawOf } from '../physics/frames.ts';
import { isInHand } from '../physics/in-hand.ts';
import { HOLE_DEPTH_M, type LooseObject, NOMINAL_TIP_BELOW_TOOL_M } from '../physics/model.ts';
import type { Truth } from '../physics/readings.ts';

/** Columns of the labels; `needs` names what a scene must have to define the label; `hand` is a peg in the hand. */
export const ENCODER_LABELS = [
  {
    name: 'holeFromTip',
    size: 3,
    unit: 'm',
    needs: 'socket',
    note: 'from the tip of the held peg, or of a well-held one while none is held, to the hole',
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
  { name: 'objectYaw', size: 1, unit: 'rad', needs: 'upright object', note: 'object against tool, ±45°' },
  {
    name: 'objectPlace',
    size: 3,
    unit: 'm',
    needs: 'nothing',
    note: 'centre of the object, base frame, from a point of the table',
  },
  { name: 'holePlace', size: 2, unit: 'm', needs: 'socket', note: 'x and y, base frame, from the same point' },
  { name: 'held', size: 1, unit: '1', needs: 'nothing', note: '1 while the object is in the hand' },
] as const;
export type EncoderLabelName = (typeof ENCODER_LABELS)[number]['name'];
export const ENCODER_LABEL_COUNT = 26;

/** Point of the table from which places are told, in the base frame. */
export const PLACE_ORIGIN_M: Vec3 = [0.5, 0, 0];

/** The tip counts as in the hole within this distance of its axis. */
const IN_HOLE_LATERAL_M = 0.0025;
/** An object that is tilted further has no yaw. */
const UPRIGHT_RAD = 0.4;

/** Returns the labels, and in `known` a 1 for each column that the scene defines. */
export function encoderLabels(truth: Truth, scene: { readonly object: LooseObject; readonly socket: boolean }) {
  const { positionM: tool, orientation } = truth.baseFromTool;
  const inTool = (from: Vec3, to: Vec3): Vec3 => rotateInto(orientation, subtract(to, from));
  const object = inTool(tool, truth.baseFromObject.positionM);
  const held = isInHand(truth, scene.object);
  const pegHeld = held && scene.object === 'peg';
  const hole = inTool(tool, truth.holeM);
  const tip = inTool(tool, truth.tipM);
  const axis = rotateInto(orientation, rotateByUnit(truth.baseFromObject.orientation, [0, 0, -1]));
  const downward = axis[2] < 0 ? -1 : 1;
  const into = rotateInto(orientation, [0, 0, -1]);
  const inHole = truth.lateralErrorM < IN_HOLE_LATERAL_M && truth.depthM > 0;
  const holeFromTool = [hole[0], hole[1], hole[2] - NOMINAL_TIP_BELOW_TOOL_M];

  const values: Readonly<Record<EncoderLabelName, readonly number[]>> = {
    holeFromTip: pegHeld ? [hole[0] - tip[0], hole[1] - tip[1], hole[2] - tip[2]] : holeFromTool,
    holeFromTool,
    yawError: [wrapQuarterTurn(truth.socketYawRad - yawOf(orientation))],
    holeAxis: [into[0], into[1]],
    tipFromTool: [tip[0], tip[1], tip[2] - NOMINAL_TIP_BELOW_TOOL_M],
    pegAxis: [downward * axis[0], downward * axis[1]],
    opening: [truth.openingM],
    depth: [inHole ? Math.min(HOLE_DEPTH_M, truth.depthM) : 0],
    objectFromTool: object,
    objectYaw: [wrapQuarterTurn(yawOf(truth.baseFromObject.orientation) - yawOf(orientation))],
    objectPlace: subtract(truth.baseFromObject.positionM, PLACE_ORIGIN_M),
    holePlace: subtract(truth.holeM, PLACE_ORIGIN_M).slice(0, 2),
    held: [held ? 1 : 0],
  };
  const labels = new Float32Array(ENCODER_LABEL_COUNT);
  const known = new Uint8Array(ENCODER_LABEL_COUNT);
  let at = 0;
  const met = {
    nothing: true,
    hand: pegHeld,
    socket: scene.socket,
    'hand and socket': pegHeld && scene.socket,
    'upright object': truth.objectTiltRad < UPRIGHT_RAD,
  };
  for (const { name, needs } of ENCODER_LABELS) {
    const present = met[needs];
    for (const value of values[name]) {
      labels[at] = present ? value : 0;
      known[at] = present ? 1 : 0;
      at++;
    }
  }
  return { labels, known };
}
