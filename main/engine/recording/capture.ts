/**
 * Takes one snapshot of the cell at a time: a late camera is asked again only after it has answered. A snapshot
 * requested before `forget` is dropped. A snapshot that a sensor has spoilt is reported as trouble and not returned.
 * Never rejects.
 */
import type { RobotCell, Snapshot } from '../../../native/device.ts';
import { FAULTS, type LoopFault } from '../loop/faults.ts';
import { findSensorFault } from './sensor-check.ts';

export type Capture = ReturnType<typeof createCapture>;

export function createCapture(
  cell: RobotCell,
  tell: { readonly snapshot: (snapshot: Snapshot) => void; readonly trouble: (fault: LoopFault) => void },
) {
  let capturing: Promise<Snapshot | undefined> | undefined;
  let forgotten: Promise<Snapshot | undefined> | undefined;
  const take = async () => {
    if (capturing && capturing === forgotten) await capturing;
    capturing ??= cell.capture().then(
      (snapshot) => {
        capturing = undefined;
        const spoilt = findSensorFault(snapshot);
        if (!spoilt) return snapshot;
        tell.trouble(FAULTS.sensor(spoilt));
        return undefined;
      },
      (error: unknown) => {
        capturing = undefined;
        tell.trouble(FAULTS.capture(error));
        return undefined;
      },
    );
    const snapshot = await capturing;
    if (snapshot) tell.snapshot(snapshot);
    return snapshot;
  };
  return {
    take,
    /** Drops the picture that is still on its way, because the arm stands somewhere else now. */
    forget: () => {
      forgotten = capturing;
    },
  };
}
