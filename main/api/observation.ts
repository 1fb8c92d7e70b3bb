/**
 * The observation at a tick's edge. It never holds a pose of peg or socket that only the simulator knows.
 *
 * The proprioception vector of one instant has `PROPRIOCEPTION_SIZE` numbers in the order of `PROPRIOCEPTION_FIELDS`,
 * scaled to about [-1, 1] and clipped to ±5. The position is not clipped: beyond ±5, one unit is `FAR_POSITION_UNIT_M`. A
 * policy sees two stacked vectors, the previous one first. At an episode's first step both are the same.
 */
import { z } from 'zod';

/** Each field: its name, its number of values, and the physical amount of one scaled unit. */
export const PROPRIOCEPTION_FIELDS = [
  {
    name: 'position',
    size: 3,
    unit: 0.02,
    unitName: 'm',
    note: 'tool relative to its reset pose, in the reset tool frame',
  },
  {
    name: 'rotation',
    size: 3,
    unit: 0.1,
    unitName: 'rad',
    note: 'rotation vector relative to the reset pose, in the reset tool frame',
  },
  { name: 'linearVelocity', size: 3, unit: 0.05, unitName: 'm/s', note: 'in the tool frame' },
  { name: 'angularVelocity', size: 3, unit: 0.3, unitName: 'rad/s', note: 'in the tool frame' },
  { name: 'force', size: 3, unit: 8, unitName: 'N', note: 'external force on the tool, in the tool frame' },
  {
    name: 'torque',
    size: 3,
    unit: 0.5,
    unitName: 'Nm',
    note: 'external torque about the tool point, in the tool frame',
  },
  {
    name: 'gripper',
    size: 1,
    unit: 0.04,
    unitName: 'm',
    note: 'opening of the gripper, both fingers together, halved',
  },
  {
    name: 'tactileLeft',
    size: 4,
    unit: 10,
    unitName: 'N',
    note: 'normal force (offset −30 N, per 30 N), shear x and z (per 10 N), torsion (per 0.1 Nm)',
  },
  { name: 'tactileRight', size: 4, unit: 10, unitName: 'N', note: 'as the left pad' },
] as const;
export type ProprioceptionField = (typeof PROPRIOCEPTION_FIELDS)[number]['name'];
export const PROPRIOCEPTION_SIZE = 27;
export const PROPRIOCEPTION_STACK = 2;
export const PROPRIOCEPTION_CLIP = 5;
/** Metres per unit of the position beyond `PROPRIOCEPTION_CLIP`, so that a tool far from its reset pose knows where it is. */
export const FAR_POSITION_UNIT_M = 0.1;

/** Returns the index of a field's first number in the vector of one instant. */
export function proprioceptionOffset(field: ProprioceptionField): number {
  const index = PROPRIOCEPTION_FIELDS.findIndex(({ name }) => name === field);
  return PROPRIOCEPTION_FIELDS.slice(0, index).reduce((sum, { size }) => sum + size, 0);
}

/** One camera picture: RGB, 8 bits, row by row, `width * height * 3` bytes. */
export interface CameraFrame {
  readonly camera: string;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly rgb: Uint8Array;
}

/** One tactile pad: `rows * columns` taxels, three planes: pressure, shear x, shear z, in newtons per taxel. */
export interface TactileFrame {
  readonly pad: string;
  readonly rows: number;
  readonly columns: number;
  /** [3, rows, columns] */
  readonly forceN: Float32Array;
  /** Totals over the pad: normal force, shear x, shear z in N, torsion in Nm. */
  readonly total: readonly [number, number, number, number];
}

/**
 * The part of an observation besides proprioception. `pixels`: the frozen encoder's embedding of the pictures. The
 * others are controls of experiments: `state` is the simulator's own state, `blind` is zeros.
 */
export const observationKindSchema = z.enum(['pixels', 'state', 'blind']);
export type ObservationKind = z.infer<typeof observationKindSchema>;

/**
 * Size of the estimate that the `state` control gives: for hole and object the offset at three scales (9 numbers) and the
 * yaw error, then the tilt of a held peg (2 numbers).
 */
export const STATE_ESTIMATE_SIZE = 22;
