/** The only way to the arm: every set-point passes safety here, last, whoever asked for it. Nothing else calls `cell.command`. */

import type { RobotCell, SetPoint } from '../../../native/device.ts';
import { IDENTITY, type Quaternion } from '../../api/geometry.ts';
import type { SafetyEvent, SafetyLimits } from '../../api/limits.ts';
import { limitCommand, type SafetyMemory } from './safety.ts';

export type Sent =
  | { readonly kind: 'moved'; readonly setPoint: SetPoint; readonly events: readonly SafetyEvent[] }
  | { readonly kind: 'held'; readonly cause: SafetyEvent; readonly events: readonly SafetyEvent[] };

export interface Commander {
  /** At an episode's start: the tilt limit is about this orientation, and the gripper counts as commanded like this. */
  begin(resetOrientation: Quaternion, gripper: 'open' | 'close'): void;
  send(request: SetPoint): Sent;
  /** No motion, at once. */
  hold(): void;
  gripper(): 'open' | 'close';
  /** Called with what was commanded; undefined = hold. */
  onCommand(listener: (setPoint: SetPoint | undefined) => void): void;
}

export function createCommander(cell: RobotCell, limits: () => SafetyLimits): Commander {
  let listener: (setPoint: SetPoint | undefined) => void = () => {};
  let memory: SafetyMemory = {
    resetOrientation: IDENTITY,
    gripper: 'close',
    gripperSinceMs: Number.NEGATIVE_INFINITY,
  };
  const hold = () => {
    cell.hold();
    listener(undefined);
  };
  return {
    begin: (resetOrientation, gripper) => {
      memory = { resetOrientation, gripper, gripperSinceMs: Number.NEGATIVE_INFINITY };
    },
    send: (request) => {
      const verdict = limitCommand(request, cell.state(), limits(), cell.clock.nowMs(), memory);
      memory = verdict.memory;
      if (verdict.command.kind === 'hold') {
        hold();
        return { kind: 'held', cause: verdict.command.cause, events: verdict.events };
      }
      cell.command(verdict.command.setPoint);
      listener(verdict.command.setPoint);
      return { kind: 'moved', setPoint: verdict.command.setPoint, events: verdict.events };
    },
    hold,
    gripper: () => memory.gripper,
    onCommand: (next) => {
      listener = next;
    },
  };
}
