/** Measures how fast the store grows and how much disk space is left, for the window's gauge. */

import type { StoreWriter } from '../../../data/records.ts';
import type { Clock } from '../../api/clock.ts';
import type { StandingNotice, Status } from '../../api/window/status.ts';

/** Shortest span over which a rate is computed. */
const MIN_SPAN_MS = 2000;
const MS_PER_HOUR = 3_600_000;

/** Free space below which a warning is shown. */
const LOW_DISK_BYTES = 2e9;

export type StoreGauge = Pick<Status, 'storeBytesPerHour' | 'diskFreeBytes' | 'recording'>;

/** Returns the notice for a disk that is full or nearly so; `undefined` while there is room, or nothing is recorded. */
export function diskNotice(gauge: StoreGauge, projectFolder: string): StandingNotice | undefined {
  const { recording, diskFreeBytes } = gauge;
  const full = recording === 'disk-full';
  if (recording === 'off' || (!full && diskFreeBytes > LOW_DISK_BYTES)) return undefined;
  return {
    topic: 'disk',
    level: full ? 'error' : 'warning',
    text: full ? 'The disk is full: nothing is recorded.' : 'The disk is nearly full.',
    remedy: `${Math.floor(diskFreeBytes / 1e6)} MB are left, and what is stored is safe. Free some space on the disk of ${projectFolder}.`,
  };
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
