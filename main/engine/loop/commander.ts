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

export interface Commander {
  /** Begins an episode: the tilt limit is about this orientation, and the gripper counts as commanded like this. */
  begin(baseFromTool: Pose, gripper: 'open' | 'close'): void;
  send(request: SetPoint): Sent;
  /** Stops all motion at once. */
  hold(): void;
  gripper(): 'open' | 'close';
  /** Newest commanded position of the tool; the episode's first one before that. */
  commandedM(): Vec3;
}

/** `onCommand` is called with every set-point that was commanded, and with `undefined` for a hold. */
export function createCommander(
  cell: RobotCell,
  limits: () => SafetyLimits,
  onCommand: (setPoint: SetPoint | undefined) => void,
): Commander {
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
    begin: ({ positionM, orientation }, gripper) => {
      memory = { resetOrientation: orientation, gripper, gripperSinceMs: Number.NEGATIVE_INFINITY };
      commandedM = positionM;
    },
    send: (request) => {
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
    hold,
    gripper: () => memory.gripper,
    commandedM: () => commandedM,
  };
}
