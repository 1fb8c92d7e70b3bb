/** Decides why this window's keys, gamepads and puck do not drive now. A person must see the arm to drive it. Pure. */
interface Sight {
  /** The recorded episode that is shown in place of the arm, if any. */
  readonly replay: unknown;
  /** Why the 3-D view is not drawn; `undefined` while it is. */
  readonly sceneMissing: string | undefined;
  /** True when the person has chosen to drive by the cameras instead. */
  readonly drivesByCameras: boolean;
}

export const WATCHES_A_REPLAY = 'A replay is open: go back to live to drive.';
export const SEES_NO_SCENE = 'The 3-D view is not drawn: choose to drive by the cameras first.';

export function refusalToDrive(sight: Sight): string | undefined {
  if (sight.replay !== undefined) return WATCHES_A_REPLAY;
  return sight.sceneMissing !== undefined && !sight.drivesByCameras ? SEES_NO_SCENE : undefined;
}
