/**
 * Calculates how far away a camera must be so that given points fill a share of the picture. Pure; metres, base frame,
 * z up.
 */
import { Vector3 } from 'three';
import type { SafetyLimits } from '../../main/api/index.ts';

interface Lens {
  readonly verticalFovRad: number;
  /** Width divided by height. */
  readonly aspect: number;
}

export function cornersOf(limits: Pick<SafetyLimits, 'workspaceLowM' | 'workspaceHighM'>): readonly Vector3[] {
  const { workspaceLowM: low, workspaceHighM: high } = limits;
  return [0, 1, 2, 3, 4, 5, 6, 7].map(
    (bits) => new Vector3(bits & 1 ? high[0]! : low[0]!, bits & 2 ? high[1]! : low[1]!, bits & 4 ? high[2]! : low[2]!),
  );
}

/**
 * Returns the distance along `towardsEye` (of length 1, not vertical) from `middle` at which the outermost point
 * reaches `share` of the half picture.
 */
export function distanceToFrame(
  points: readonly Vector3[],
  middle: Vector3,
  towardsEye: Vector3,
  lens: Lens,
  share: number,
): number {
  const right = new Vector3(0, 0, 1).cross(towardsEye).normalize();
  const up = towardsEye.clone().cross(right);
  const reachUp = Math.tan(lens.verticalFovRad / 2) * share;
  const reachRight = reachUp * lens.aspect;
  return Math.max(
    ...points.map((point) => {
      const from = point.clone().sub(middle);
      const nearer = from.dot(towardsEye);
      return nearer + Math.max(Math.abs(from.dot(right)) / reachRight, Math.abs(from.dot(up)) / reachUp);
    }),
  );
}
