/**
 * All gamepads of the window. Each one whose trigger is held is a source of its own, so that a resting gamepad hides no
 * other. A gamepad held while driving was refused, or while the window had no focus, must be released first. Pure.
 */
import type { Vec6 } from '../../main/api/index.ts';
import { NEUTRAL } from './held-keys.ts';

export interface Pad {
  readonly index: number;
  readonly name: string;
  /** True when the browser knows the layout of the buttons and sticks. Other gamepads cannot drive. */
  readonly standard: boolean;
  readonly axes: readonly number[];
  /** Analogue values of the buttons, 0 … 1. */
  readonly buttons: readonly number[];
}
interface Deflection {
  readonly axes: Vec6;
  readonly held: boolean;
}
const DEAD_ZONE = 0.12;
const TRIGGER_HELD = 0.3;

/**
 * Maps a gamepad in the browser's standard layout to six axes: left stick x and y, right stick turn and tilt, bumpers
 * up and down, D-pad left and right roll. It drives only while a trigger is held, so that a resting gamepad moves
 * nothing.
 */
export function axesFromGamepad({ axes, buttons }: Pick<Pad, 'axes' | 'buttons'>): Deflection {
  const button = (index: number) => buttons[index] ?? 0;
  const held = Math.max(button(6), button(7)) > TRIGGER_HELD;
  if (!held) return { axes: NEUTRAL, held };
  const stick = (index: number) => {
    const raw = axes[index] ?? 0;
    const size = Math.max(0, (Math.abs(raw) - DEAD_ZONE) / (1 - DEAD_ZONE));
    return size === 0 ? 0 : Math.sign(raw) * Math.min(1, size);
  };
  const clip = (value: number) => Math.min(1, Math.max(-1, value));
  return {
    held,
    axes: [stick(0), stick(1), clip(button(4) - button(5)), stick(3), clip(button(14) - button(15)), stick(2)],
  };
}

export function createGamepads() {
  let known: readonly number[] = [];
  const refused = new Set<number>();
  return {
    /** Returns the deflection of each pad. A pad that is gone is returned once more, as zero. */
    poll: (pads: readonly Pad[], mayDrive: () => boolean): readonly (Deflection & Pick<Pad, 'index'>)[] => {
      const driving = pads.filter(({ standard }) => standard);
      const gone = known.filter((index) => !driving.some((pad) => pad.index === index));
      for (const index of gone) refused.delete(index);
      known = driving.map(({ index }) => index);
      const deflections = driving.map((pad) => {
        const { axes, held } = axesFromGamepad(pad);
        if (!held) refused.delete(pad.index);
        else if (refused.has(pad.index) || !mayDrive()) refused.add(pad.index);
        const drives = held && !refused.has(pad.index);
        return { index: pad.index, axes: drives ? axes : NEUTRAL, held: drives };
      });
      return [...deflections, ...gone.map((index) => ({ index, axes: NEUTRAL, held: false }))];
    },
  };
}
