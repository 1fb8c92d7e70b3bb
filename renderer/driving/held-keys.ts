/**
 * Maps held keys to the six axes of a SpaceMouse: x right, y towards the operator, z down, and the turns about them.
 * `reconciled` drops keys whose release event is lost. At a blur or a lost focus the caller passes an empty set. Pure.
 */
import type { Vec6 } from '../../main/api/index.ts';

/** The axis and the sign of each key code. */
const AXIS_OF: Readonly<Record<string, readonly [axis: number, sign: 1 | -1]>> = {
  KeyD: [0, 1],
  KeyA: [0, -1],
  KeyS: [1, 1],
  KeyW: [1, -1],
  KeyQ: [2, 1],
  KeyE: [2, -1],
  ArrowUp: [3, -1],
  ArrowDown: [3, 1],
  ArrowRight: [4, -1],
  ArrowLeft: [4, 1],
  KeyX: [5, 1],
  KeyZ: [5, -1],
};
export const FINE_FRACTION = 0.3;

export const NEUTRAL: Vec6 = [0, 0, 0, 0, 0, 0];

export function axesFromKeys(held: ReadonlySet<string>): Vec6 {
  const axes = [0, 0, 0, 0, 0, 0];
  const size = held.has('ShiftLeft') || held.has('ShiftRight') ? FINE_FRACTION : 1;
  for (const code of held) {
    const entry = AXIS_OF[code];
    if (entry) axes[entry[0]] = axes[entry[0]]! + entry[1] * size;
  }
  return [axes[0]!, axes[1]!, axes[2]!, axes[3]!, axes[4]!, axes[5]!];
}

export function isZero(axes: Vec6): boolean {
  return axes.every((value) => value === 0);
}

/** The modifier keys that are down, as every key and pointer event reports them. */
export interface ShownModifiers {
  readonly ctrl: boolean;
  readonly meta: boolean;
  readonly alt: boolean;
  readonly shift: boolean;
  /** The key of a key event; `undefined` for a pointer event. */
  readonly key?: string | undefined;
}

/** Keys that open menus or belong to system shortcuts, on press and on release. */
const TAKES_RELEASES: ReadonlySet<string> = new Set(['Meta', 'OS', 'Control', 'Alt', 'AltGraph', 'ContextMenu']);
const SHIFT_CODES = ['ShiftLeft', 'ShiftRight'] as const;

/**
 * Returns the keys that are still held, as far as the event shows. While Meta, Control or Alt is down, some systems
 * send no release of other keys, so all of them are dropped. Shift is held exactly when the event says so.
 */
export function reconciled(held: ReadonlySet<string>, shown: ShownModifiers): ReadonlySet<string> {
  const taken = shown.ctrl || shown.meta || shown.alt || TAKES_RELEASES.has(shown.key ?? '');
  if (taken) return held.size === 0 ? held : new Set();
  const shiftHeld = SHIFT_CODES.some((code) => held.has(code));
  if (shiftHeld === shown.shift) return held;
  if (shown.shift) return new Set([...held, 'ShiftLeft']);
  return new Set([...held].filter((code) => !SHIFT_CODES.some((shift) => shift === code)));
}
