/** A rig's limits narrowed to a task's own box, where the task has one. */

import type { Vec3 } from '../../api/geometry.ts';
import type { SafetyLimits } from '../../api/limits.ts';

/** Box for the tool point, base frame. */
export interface Workspace {
  readonly lowM: Vec3;
  readonly highM: Vec3;
}

/** The common part of both boxes; the wide one where they do not meet. */
export function narrowed(limits: SafetyLimits, box: Workspace): SafetyLimits {
  const corner = (pick: (a: number, b: number) => number, wide: Vec3, narrow: Vec3): Vec3 => [
    pick(wide[0], narrow[0]),
    pick(wide[1], narrow[1]),
    pick(wide[2], narrow[2]),
  ];
  const workspaceLowM = corner(Math.max, limits.workspaceLowM, box.lowM);
  const workspaceHighM = corner(Math.min, limits.workspaceHighM, box.highM);
  const empty = workspaceLowM.some((low, axis) => low >= (workspaceHighM[axis] ?? low));
  return empty ? limits : { ...limits, workspaceLowM, workspaceHighM };
}

const sameBox = (a: SafetyLimits, b: SafetyLimits) =>
  [0, 1, 2].every(
    (axis) => a.workspaceLowM[axis] === b.workspaceLowM[axis] && a.workspaceHighM[axis] === b.workspaceHighM[axis],
  );

/** What somebody set who saw narrowed limits: where she left the box as it was shown, the wide one still counts. */
export function widened(set: SafetyLimits, shown: SafetyLimits, wide: SafetyLimits): SafetyLimits {
  if (!sameBox(set, shown)) return set;
  return { ...set, workspaceLowM: wide.workspaceLowM, workspaceHighM: wide.workspaceHighM };
}
