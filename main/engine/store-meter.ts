/** How fast the store grows, and how much room is left, for the window's gauge. */

import type { StoreWriter } from '../../data/records.ts';
import type { Clock } from '../api/clock.ts';

/** Shorter spans give no rate worth showing. */
const MIN_SPAN_MS = 2000;
const MS_PER_HOUR = 3_600_000;

export interface StoreGauge {
  readonly storeBytesPerHour: number;
  readonly diskFreeBytes: number;
  readonly recording: 'on' | 'off' | 'disk-full';
}

export function createStoreMeter(clock: Clock, writer: StoreWriter | undefined): { read(): StoreGauge } {
  let sinceMs = clock.nowMs();
  let sinceBytes = writer?.pressure().bytesWritten ?? 0;
  let storeBytesPerHour = 0;
  return {
    read: () => {
      if (!writer) return { storeBytesPerHour: 0, diskFreeBytes: 0, recording: 'off' };
      const pressure = writer.pressure();
      const spanMs = clock.nowMs() - sinceMs;
      if (spanMs >= MIN_SPAN_MS) {
        storeBytesPerHour = Math.max(0, ((pressure.bytesWritten - sinceBytes) / spanMs) * MS_PER_HOUR);
        sinceMs = clock.nowMs();
        sinceBytes = pressure.bytesWritten;
      }
      return {
        storeBytesPerHour,
        diskFreeBytes: pressure.diskFreeBytes,
        recording: pressure.stopped || pressure.unreachable ? 'off' : pressure.full ? 'disk-full' : 'on',
      };
    },
  };
}
