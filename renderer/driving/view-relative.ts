/**
 * Driving as it looks on screen: what a window's puck, keys and gamepad push away from the viewer moves away from the
 * viewer. A SpaceMouse on the table is not turned, because the teleop map says where it stands beside the robot. Pure.
 */
import type { Vec6 } from '../../main/api/index.ts';

/**
 * Returns `axes` turned about the vertical, for an operator who looks along `headingRad`: the direction away from the
 * viewer over the table, counter-clockwise from the base's +x.
 */
export function turnedWithView(axes: Vec6, headingRad: number): Vec6 {
  const [cos, sin] = [Math.cos(headingRad), Math.sin(headingRad)];
  const turn = (x: number, y: number) => [clip(cos * x + sin * y), clip(cos * y - sin * x)] as const;
  const [x, y] = turn(axes[0], axes[1]);
  const [rx, ry] = turn(axes[3], axes[4]);
  return [x, y, axes[2], rx, ry, axes[5]];
}

/** Keeps rounding errors and full diagonals within the range of an axis. */
const clip = (value: number) => Math.min(1, Math.max(-1, Math.abs(value) < 1e-9 ? 0 : value));
