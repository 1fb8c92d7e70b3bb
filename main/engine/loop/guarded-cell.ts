/**
 * A cell that cannot throw at the control loop. When the state cannot be read, the last one that could be read is
 * returned; it grows old, and the watchdog and safety then hold the arm. A command that fails is reported once to
 * `onTrouble`, which holds.
 */
import type { RobotCell, RobotState, ScenePoses } from '../../../native/device.ts';
import { allFinite } from '../../api/finite.ts';
import { IDENTITY } from '../../api/geometry.ts';

/** State before the first reading. It is stale by any measure. */
const NEVER: RobotState = {
  timeMs: Number.NEGATIVE_INFINITY,
  baseFromTool: { positionM: [0, 0, 0], orientation: IDENTITY },
  twistInTool: [0, 0, 0, 0, 0, 0],
  wrenchInTool: [0, 0, 0, 0, 0, 0],
  jointPositionsRad: [],
  gripperOpeningM: 0,
};

export function guardCell<Cell extends RobotCell>(cell: Cell, onTrouble: (error: unknown) => void): Cell {
  let state = NEVER;
  let poses: ScenePoses = new Float32Array(0);
  let telling = false;
  const attempt = (work: () => void) => {
    try {
      work();
    } catch (error) {
      // `onTrouble` holds the arm, and a hold that fails too must not call it again.
      if (telling) return;
      telling = true;
      onTrouble(error);
      telling = false;
    }
  };
  return {
    ...cell,
    state: () => {
      try {
        state = cell.state();
      } catch {
        // The age of the state reports the failure.
      }
      return state;
    },
    scenePoses: () => {
      try {
        const read = cell.scenePoses();
        if (allFinite(read)) poses = read;
      } catch {
        // The poses of the last reading are shown until they can be read again.
      }
      return poses;
    },
    begin: () => attempt(() => cell.begin()),
    command: (setPoint) => attempt(() => cell.command(setPoint)),
    hold: () => attempt(() => cell.hold()),
  };
}
