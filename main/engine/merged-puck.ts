/**
 * Several pucks as one: the one that moved last drives, the others only add their buttons. "Moved" is a reading off neutral;
 * a puck at rest never takes over from one that is deflected.
 */

import type { DeviceHealth, Puck, PuckReading } from '../../native/device.ts';
import type { Vec6 } from '../api/geometry.ts';

const OFF_NEUTRAL = 0.02;
const deflected = (axes: Vec6) => axes.some((axis) => Math.abs(axis) > OFF_NEUTRAL);

export function mergePucks(pucks: readonly Puck[]): Puck {
  let leader: Puck | undefined = pucks[0];
  const buttonsOfAll = () => pucks.reduce((bits, puck) => (bits | puck.reading().buttons) >>> 0, 0);
  /** The deflected puck that spoke last; the leader when it is still deflected, or none is. */
  const choose = () => {
    if (leader && deflected(leader.reading().axes)) return leader;
    const other = pucks
      .filter((puck) => deflected(puck.reading().axes))
      .sort((a, b) => b.reading().timeMs - a.reading().timeMs)[0];
    leader = other ?? leader;
    return leader;
  };
  const reading = (): PuckReading => {
    const chosen = choose()?.reading() ?? { timeMs: 0, axes: [0, 0, 0, 0, 0, 0] as const, buttons: 0 };
    return { ...chosen, buttons: buttonsOfAll() };
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
      return (
        all.find((health) => health.kind === 'ready') ??
        all[0] ??
        ({ kind: 'absent', remedy: 'No input device.' } as DeviceHealth)
      );
    },
    reading,
    onReading: (listener) => {
      const offs = pucks.map((puck) =>
        puck.onReading((newest) => {
          if (deflected(newest.axes)) leader = puck;
          listener(reading());
        }),
      );
      return () => {
        for (const off of offs) off();
      };
    },
    onHealth: (listener) => {
      const offs = pucks.map((puck) => puck.onHealth(listener));
      return () => {
        for (const off of offs) off();
      };
    },
  };
}
