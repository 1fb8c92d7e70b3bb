/** One snapshot of the cell at a time: a camera that is late is asked again only when it has answered. Never rejects. */
import type { RobotCell, Snapshot } from '../../native/device.ts';

export function createCapture(
  cell: RobotCell,
  tell: { readonly snapshot: (snapshot: Snapshot) => void; readonly trouble: (error: unknown) => void },
): () => Promise<Snapshot | undefined> {
  let capturing: Promise<Snapshot | undefined> | undefined;
  return async () => {
    capturing ??= cell.capture().then(
      (snapshot) => {
        capturing = undefined;
        return snapshot;
      },
      (error: unknown) => {
        capturing = undefined;
        tell.trouble(error);
        return undefined;
      },
    );
    const snapshot = await capturing;
    if (snapshot) tell.snapshot(snapshot);
    return snapshot;
  };
}
