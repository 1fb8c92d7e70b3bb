/**
 * Driving as it looks on screen: what a window's puck, keys and gamepad push away from the viewer moves away from the viewer.
 * A SpaceMouse on the desk is not turned: it has its own place beside the robot, and the teleop map says which.
 */
import type { Vec6 } from '../../main/api/index.ts';

let headingRad = 0;

/** Direction away from the viewer over the table, counter-clockwise from the base's +x; told by the scene with every picture. */
export function setViewHeading(nextRad: number): void {
  headingRad = nextRad;
}

/** `axes` with translation and rotation turned about the vertical, for an operator who stands where the viewer stands. */
export function turnedWithView(axes: Vec6, byRad: number = headingRad): Vec6 {
  const [cos, sin] = [Math.cos(byRad), Math.sin(byRad)];
  const turn = (x: number, y: number) => [clip(cos * x + sin * y), clip(cos * y - sin * x)] as const;
  const [x, y] = turn(axes[0], axes[1]);
  const [rx, ry] = turn(axes[3], axes[4]);
  return [x, y, axes[2], rx, ry, axes[5]];
}

/** Rounding, and a full diagonal, must not leave the range of an axis. */
const clip = (value: number) => Math.min(1, Math.max(-1, Math.abs(value) < 1e-9 ? 0 : value));
