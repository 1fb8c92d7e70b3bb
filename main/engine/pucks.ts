/** The puck that a window feeds, and several pucks joined into one. */
import type { DeviceHealth, Puck, PuckReading } from '../../native/device.ts';
import type { Clock } from '../api/clock.ts';
import type { Vec6 } from '../api/geometry.ts';
import type { TakeoverSettings } from '../api/teleop.ts';
import { createLead } from '../api/teleop.ts';
import { createListeners } from './listeners.ts';

/** A window that is silent for longer than this reads as zero, so that a lost key-up event cannot move the arm. */
const STALE_MS = 100;
const REST: Vec6 = [0, 0, 0, 0, 0, 0];

type WindowSource = 'screen' | 'keyboard' | 'gamepad';

export interface WindowPuck extends Puck {
  feed(source: WindowSource, axes: readonly number[], buttons: number): void;
  /** Reads as neutral at once. Call it when the window is gone or gives up the controls. */
  release(): void;
  source(): WindowSource;
}

/** Creates the puck that a window feeds from its screen, its keyboard or a gamepad. */
export function createWindowPuck(clock: Clock): WindowPuck {
  const readings = createListeners<PuckReading>();
  let newest: PuckReading = { timeMs: clock.nowMs(), axes: REST, buttons: 0 };
  let source: WindowSource = 'screen';
  const health: DeviceHealth = { kind: 'ready', name: 'window' };
  const reading = (): PuckReading =>
    clock.nowMs() - newest.timeMs > STALE_MS ? { timeMs: newest.timeMs, axes: REST, buttons: 0 } : newest;
  const set = (axes: Vec6, buttons: number) => {
    newest = { timeMs: clock.nowMs(), axes, buttons };
    readings.tell(newest);
  };
  return {
    open: async () => {},
    close: async () => {},
    health: () => health,
    reading,
    onReading: readings.add,
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

/**
 * Joins several pucks into one. The axes come from the puck that leads (`createLead`). The buttons come from all pucks,
 * because the hold button may be on another puck than the one that moves. `takeover` returns the settings in force,
 * which define neutral.
 */
export function mergePucks(pucks: readonly Puck[], takeover: () => TakeoverSettings): Puck {
  const lead = createLead<Puck>((puck) => puck.reading().axes, takeover);
  const buttonsOfAll = () => pucks.reduce((bits, puck) => (bits | puck.reading().buttons) >>> 0, 0);
  const reading = (): PuckReading => {
    const leading = lead.leader() ?? pucks[0];
    const chosen = leading?.reading() ?? { timeMs: 0, axes: REST, buttons: 0 };
    return { ...chosen, buttons: buttonsOfAll() };
  };
  const subscribeToAll = (subscribe: (puck: Puck) => () => void) => {
    const offs = pucks.map(subscribe);
    return () => {
      for (const off of offs) off();
    };
  };
  return {
    open: async () => {
      await Promise.all(pucks.map((puck) => puck.open()));
    },
    close: async () => {
      await Promise.all(pucks.map((puck) => puck.close()));
    },
    health: () => {
      const all = pucks.map((puck) => puck.health());
      return all.find(({ kind }) => kind === 'ready') ?? all[0] ?? { kind: 'absent', remedy: 'No input device.' };
    },
    reading,
    onReading: (listener) =>
      subscribeToAll((puck) =>
        puck.onReading(() => {
          lead.reported(puck);
          listener(reading());
        }),
      ),
    onHealth: (listener) => subscribeToAll((puck) => puck.onHealth(listener)),
  };
}
