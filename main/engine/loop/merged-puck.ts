/**
 * Several pucks as one. The axes come from the puck that leads (`createLead`). The buttons come from all pucks, because
 * the hold button may be on another puck than the one that moves.
 */

import type { DeviceHealth, Puck, PuckReading } from '../../../native/device.ts';
import { createLead, type TakeoverSettings } from '../../api/teleop.ts';

/** `takeover` returns the settings in force, which define neutral. */
export function mergePucks(pucks: readonly Puck[], takeover: () => TakeoverSettings): Puck {
  const lead = createLead<Puck>((puck) => puck.reading().axes, takeover);
  const buttonsOfAll = () => pucks.reduce((bits, puck) => (bits | puck.reading().buttons) >>> 0, 0);
  const reading = (): PuckReading => {
    const leading = lead.leader() ?? pucks[0];
    const chosen = leading?.reading() ?? { timeMs: 0, axes: [0, 0, 0, 0, 0, 0] as const, buttons: 0 };
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
        puck.onReading(() => {
          lead.reported(puck);
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
