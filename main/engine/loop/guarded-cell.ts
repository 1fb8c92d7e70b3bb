/**
 * A cell that cannot throw at the control loop. A state that cannot be read is the last one that could: it grows old, and the
 * watchdog and safety hold for that reason. A command that fails is told once to `onTrouble`, which holds and reports.
 */
import type { RobotCell, RobotState, ScenePoses } from '../../../native/device.ts';
import { allFinite } from '../../api/finite.ts';
import { IDENTITY } from '../../api/geometry.ts';

/** Before the first reading: stale by any measure. */
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
      // Holding is what trouble leads to: it must not lead back here.
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
        // Reported by its age.
      }
      return state;
    },
    scenePoses: () => {
      try {
        const read = cell.scenePoses();
        if (allFinite(read)) poses = read;
      } catch {
        // The picture stands still until it can be read again.
      }
      return poses;
    },
    begin: () => attempt(() => cell.begin()),
    command: (setPoint) => attempt(() => cell.command(setPoint)),
    hold: () => attempt(() => cell.hold()),
  };
}
