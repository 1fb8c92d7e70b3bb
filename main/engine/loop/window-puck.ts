/** The puck that a window feeds: screen, keyboard or gamepad. 100 ms of silence reads as zero, so a lost key-up cannot move the arm. */

import type { DeviceHealth, Puck, PuckReading } from '../../../native/device.ts';
import type { Clock } from '../../api/clock.ts';
import type { Vec6 } from '../../api/geometry.ts';

const STALE_MS = 100;
const REST: Vec6 = [0, 0, 0, 0, 0, 0];

export type WindowSource = 'screen' | 'keyboard' | 'gamepad';

export interface WindowPuck extends Puck {
  feed(source: WindowSource, axes: readonly number[], buttons: number): void;
  /** The window is gone, or gave up the controls: neutral at once. */
  release(): void;
  source(): WindowSource;
}

export function createWindowPuck(clock: Clock): WindowPuck {
  const listeners = new Set<(reading: PuckReading) => void>();
  let newest: PuckReading = { timeMs: clock.nowMs(), axes: REST, buttons: 0 };
  let source: WindowSource = 'screen';
  const health: DeviceHealth = { kind: 'ready', name: 'window' };
  const reading = (): PuckReading =>
    clock.nowMs() - newest.timeMs > STALE_MS ? { timeMs: newest.timeMs, axes: REST, buttons: 0 } : newest;
  const set = (axes: Vec6, buttons: number) => {
    newest = { timeMs: clock.nowMs(), axes, buttons };
    for (const listener of listeners) listener(newest);
  };
  return {
    open: async () => {},
    close: async () => {},
    health: () => health,
    reading,
    onReading: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onHealth: () => () => {},
    feed: (from, axes, buttons) => {
      source = from;
      const axis = (index: number) => Math.min(1, Math.max(-1, axes[index] ?? 0));
      set([axis(0), axis(1), axis(2), axis(3), axis(4), axis(5)], buttons);
    },
    release: () => set(REST, 0),
    source: () => source,
  };
}
