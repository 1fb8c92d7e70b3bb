/**
 * Maps a gamepad in the browser's standard layout to six axes: left stick x and y, right stick turn and tilt, bumpers
 * up and down, D-pad left and right roll. It drives only while a trigger is held, so that a resting gamepad moves
 * nothing.
 */
import type { Vec6 } from '../../main/api/index.ts';
import { NEUTRAL } from './held-keys.ts';

export interface GamepadReading {
  readonly axes: readonly number[];
  /** Analogue values of the buttons, 0 … 1. */
  readonly buttons: readonly number[];
}
const DEAD_ZONE = 0.12;
const TRIGGER_HELD = 0.3;

export function axesFromGamepad(reading: GamepadReading): { readonly axes: Vec6; readonly held: boolean } {
  const button = (index: number) => reading.buttons[index] ?? 0;
  const held = Math.max(button(6), button(7)) > TRIGGER_HELD;
  if (!held) return { axes: NEUTRAL, held };
  const stick = (index: number) => {
    const raw = reading.axes[index] ?? 0;
    const size = Math.max(0, (Math.abs(raw) - DEAD_ZONE) / (1 - DEAD_ZONE));
    return size === 0 ? 0 : Math.sign(raw) * Math.min(1, size);
  };
  const clip = (value: number) => Math.min(1, Math.max(-1, value));
  return {
    held,
    axes: [stick(0), stick(1), clip(button(4) - button(5)), stick(3), clip(button(14) - button(15)), stick(2)],
  };
}
