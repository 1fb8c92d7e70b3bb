/**
 * All gamepads of the window. Each one whose trigger is held is a source of its own, so that a resting gamepad hides no
 * other. A gamepad held while driving was refused, or while the window had no focus, must be released first. Pure.
 */
import type { Vec6 } from '../../main/api/index.ts';
import { axesFromGamepad, type GamepadReading } from './gamepad-axes.ts';
import { NEUTRAL } from './held-keys.ts';

export interface Pad extends GamepadReading {
  readonly index: number;
  readonly name: string;
  /** True when the browser knows the layout of the buttons and sticks. Other gamepads cannot drive. */
  readonly standard: boolean;
}
interface PadDeflection {
  readonly index: number;
  readonly axes: Vec6;
  readonly held: boolean;
}
export interface Gamepads {
  /** Returns the deflection of each pad. A pad that is gone is returned once more, as zero. */
  poll(pads: readonly Pad[], mayDrive: () => boolean): readonly PadDeflection[];
}

export function createGamepads(): Gamepads {
  let known: readonly number[] = [];
  const refused = new Set<number>();
  return {
    poll: (pads, mayDrive) => {
      const driving = pads.filter(({ standard }) => standard);
      const gone = known.filter((index) => !driving.some((pad) => pad.index === index));
      for (const index of gone) refused.delete(index);
      known = driving.map(({ index }) => index);
      const deflections = driving.map((pad): PadDeflection => {
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
