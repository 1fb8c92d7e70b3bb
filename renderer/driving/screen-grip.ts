/**
 * The grip on the on-screen puck, held by the primary button of one pointer. An event of that pointer without the
 * button ends the grip, because a menu, a dialog or a remote desktop may have swallowed the release. Pure.
 */
import type { Vec6 } from '../../main/api/index.ts';
import { NEUTRAL } from './held-keys.ts';

export type GripKind = 'disc' | 'tilt' | 'ring' | 'bar';
export interface PointerFacts {
  readonly pointerId: number;
  readonly isPrimary: boolean;
  /** The button that changed; −1 for none. */
  readonly button: number;
  /** Bit 0 is set while the primary button is down. */
  readonly buttons: number;
}
/** A position in the units of the puck's drawing, which is 148 × 120 with the disc's centre at 60, 60. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Travel of the disc, in the drawing's units. */
export const TRAVEL = 24;
const CENTRE = 60;
const FULL_TURN_RAD = 1.2;
const PRIMARY = 1;
const clip = (value: number) => Math.min(1, Math.max(-1, value));

function axesOf(kind: GripKind, dx: number, dy: number, turnRad: number): Vec6 {
  switch (kind) {
    case 'disc':
      return [clip(dx / TRAVEL), clip(dy / TRAVEL), 0, 0, 0, 0];
    case 'tilt':
      return [0, 0, 0, clip(dy / TRAVEL), clip(-dx / TRAVEL), 0];
    case 'bar':
      return [0, 0, clip(dy / TRAVEL), 0, 0, 0];
    case 'ring':
      return [0, 0, 0, 0, 0, clip(turnRad / FULL_TURN_RAD)];
    default:
      return kind satisfies never;
  }
}

export function createScreenGrip(options: { readonly mayDrive: () => boolean; readonly onMove: (axes: Vec6) => void }) {
  let held: { readonly kind: GripKind; readonly pointerId: number; readonly from: Place } | undefined;
  let axes: Vec6 | undefined;
  const angleAt = ({ x, y }: Place) => Math.atan2(y - CENTRE, x - CENTRE);
  const end = () => {
    if (!held) return;
    held = undefined;
    axes = undefined;
    options.onMove(NEUTRAL);
  };
  /** Takes any pointer event of the window and ends the grip when the event shows that it is over. */
  const reconcile = (pointer: PointerFacts, event: 'down' | 'move' | 'up' | 'cancel') => {
    if (!held || pointer.pointerId !== held.pointerId) return;
    // A second press of the same pointer means that the release between the two was lost.
    if (event !== 'move' || (pointer.buttons & PRIMARY) === 0) end();
  };
  return {
    /** Returns true when the pointer holds the puck from now on. */
    begin: (kind: GripKind, pointer: PointerFacts, at: Place): boolean => {
      if (pointer.button !== 0 || !pointer.isPrimary || (pointer.buttons & PRIMARY) === 0) return false;
      end();
      if (!options.mayDrive()) return false;
      held = { kind, pointerId: pointer.pointerId, from: at };
      return true;
    },
    move: (pointer: PointerFacts, at: Place) => {
      reconcile(pointer, 'move');
      if (!held || pointer.pointerId !== held.pointerId) return;
      let turnRad = angleAt(at) - angleAt(held.from);
      if (turnRad > Math.PI) turnRad -= 2 * Math.PI;
      if (turnRad < -Math.PI) turnRad += 2 * Math.PI;
      axes = axesOf(held.kind, at.x - held.from.x, at.y - held.from.y, turnRad);
      options.onMove(axes);
    },
    reconcile,
    end,
    /** Returns the axes while the puck is held; otherwise `undefined`. */
    axes: () => axes,
  };
}
