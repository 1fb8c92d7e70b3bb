/**
 * Watches whether the project's disk can be recorded to: the folder can be reached, and more than the reserve is free.
 */

import type { Problem } from '../records.ts';
import { errorText, StoreError } from '../store-error.ts';

export const FREE_SPACE =
  'Free some disk space, or move the project to a larger disk; recording goes on with the next episode.';
const COME_BACK = 'Put the folder back where it was; recording then goes on with the next episode.';

export type DiskWatch = ReturnType<typeof watchDisk>;

/** `freeBytes` throws when the folder cannot be reached; the newest number stands until it answers again. */
export function watchDisk(options: { readonly freeBytes: () => number; readonly reserveBytes: number }) {
  const { reserveBytes } = options;
  let freeBytes: number | undefined;
  let full = false;
  let away: string | undefined;

  const look = (): Problem | undefined => {
    const before = away;
    try {
      freeBytes = options.freeBytes();
      away = undefined;
    } catch (error) {
      away = errorText(error);
    }
    if ((before === undefined) === (away === undefined)) return undefined;
    if (away === undefined) {
      const remedy = 'Recording goes on with the next episode.';
      return { message: "The project's folder is back.", remedy, fatal: false };
    }
    const message = `Recording stops: the project's folder cannot be reached: ${away}.`;
    return { message, remedy: COME_BACK, fatal: true };
  };
  const reserveReached = () => freeBytes !== undefined && freeBytes < reserveBytes;

  return {
    /** Call it before a batch is stored. Returns a problem when the folder is gone or back, or the reserve is reached. */
    beforeBatch: (): readonly (Problem | undefined)[] => {
      const problem = look();
      if (full || !reserveReached()) return [problem];
      const message = `Recording stops: ${freeBytes} bytes are free on the project's disk; ${reserveBytes} are kept in reserve.`;
      return [problem, { message, remedy: FREE_SPACE, fatal: true, about: 'disk' }];
    },
    /** Call it after a batch: from the reserve on no episode begins. The batch itself still fits into the reserve. */
    afterBatch: (): void => {
      full ||= reserveReached();
    },
    /** Looks at the disk between batches, and lets episodes begin again when there is room. */
    check: (): { readonly changed: boolean; readonly problems: readonly Problem[] } => {
      const before = { full, away };
      const problem = look();
      full = reserveReached();
      return { changed: before.full !== full || before.away !== away, problems: problem ? [problem] : [] };
    },
    /** Marks the disk as full, until `check` finds room. */
    setFull: (): void => {
      full = true;
    },
    /** Throws a `StoreError` when no episode may begin. */
    expectRoom: (): void => {
      if (away !== undefined)
        throw new StoreError('missing', `The project's folder cannot be reached: ${away}.`, COME_BACK);
      if (full)
        throw new StoreError('disk-full', `The disk's reserve of ${reserveBytes} bytes is reached.`, FREE_SPACE);
    },
    state: () => ({ diskFreeBytes: freeBytes ?? 0, full, unreachable: away !== undefined }),
  };
}
