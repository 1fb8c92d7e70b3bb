/**
 * The only way to the arm. Every set-point, whoever asked for it, passes safety here last; nothing else calls
 * `cell.command`.
 */

import type { RobotCell, SetPoint } from '../../../native/device.ts';
import { IDENTITY, type Pose, type Vec3 } from '../../api/geometry.ts';
import type { SafetyEvent, SafetyLimits } from '../../api/limits.ts';
import { limitCommand, type SafetyMemory } from './safety.ts';

export type Sent =
  | { readonly kind: 'moved'; readonly setPoint: SetPoint; readonly events: readonly SafetyEvent[] }
  | { readonly kind: 'held'; readonly cause: SafetyEvent; readonly events: readonly SafetyEvent[] };

export type Commander = ReturnType<typeof createCommander>;

/** `onCommand` is called with every set-point that was commanded, and with `undefined` for a hold. */
export function createCommander(
  cell: RobotCell,
  limits: () => SafetyLimits,
  onCommand: (setPoint: SetPoint | undefined) => void,
) {
  let commandedM: Vec3 = [0, 0, 0];
  let memory: SafetyMemory = {
    resetOrientation: IDENTITY,
    gripper: 'close',
    gripperSinceMs: Number.NEGATIVE_INFINITY,
  };
  const hold = () => {
    cell.hold();
    onCommand(undefined);
  };
  return {
    /** Begins an episode: the tilt limit is about this orientation, and the gripper counts as commanded like this. */
    begin: ({ positionM, orientation }: Pose, gripper: 'open' | 'close') => {
      memory = { resetOrientation: orientation, gripper, gripperSinceMs: Number.NEGATIVE_INFINITY };
      commandedM = positionM;
    },
    send: (request: SetPoint): Sent => {
      const verdict = limitCommand(request, cell.state(), limits(), cell.clock.nowMs(), memory);
      memory = verdict.memory;
      if (verdict.command.kind === 'hold') {
        hold();
        return { kind: 'held', cause: verdict.command.cause, events: verdict.events };
      }
      const { setPoint } = verdict.command;
      cell.command(setPoint);
      commandedM = setPoint.baseFromTool.positionM;
      onCommand(setPoint);
      return { kind: 'moved', setPoint, events: verdict.events };
    },
    /** Stops all motion at once. */
    hold,
    gripper: () => memory.gripper,
    /** Newest commanded position of the tool; the episode's first one before that. */
    commandedM: () => commandedM,
  };
}
