/**
 * Holds one headless window. Opens it with the engine's token, and again after a loss. Every call has a time limit and
 * is counted.
 */
import type { Clock } from '../../../main/api/clock.ts';
import type { CallName, ServerMessage } from '../../../main/api/window/messages.ts';
import type { Status } from '../../../main/api/window/status.ts';
import { type HeadlessWindow, openHeadlessWindow, type Reply } from '../headless-window.ts';
import type { EngineSite } from './engine-site.ts';
import type { Tally } from './tally.ts';

/** Longer than any fault of the schedule, so that a call without an answer is one that never gets any. */
const ANSWER_WITHIN_MS = 60_000;
const WELCOME_WITHIN_MS = 30_000;

export type Outcome = Reply | { readonly kind: 'closed' } | { readonly kind: 'unanswered' };

export interface Seat {
  window(): HeadlessWindow | undefined;
  status(): Status | undefined;
  /** Opens the window where there is none; false when the engine is not there or did not welcome it. */
  ensure(): Promise<boolean>;
  close(): void;
  call(name: CallName, parameters?: unknown): Promise<Outcome>;
  /** The newest status that fits, within the limit; undefined when none came. */
  until(is: (status: Status) => boolean, withinMs: number): Promise<Status | undefined>;
}

export interface SeatOptions {
  readonly clock: Clock;
  readonly site: EngineSite;
  readonly tally: Tally;
  readonly streams: readonly string[];
  readonly onMessage?: (message: ServerMessage, atMs: number) => void;
  readonly onBytes?: (bytes: Uint8Array) => void;
}

export function createSeat(options: SeatOptions): Seat {
  const { clock, site, tally, streams } = options;
  let current: HeadlessWindow | undefined;
  let opening: Promise<boolean> | undefined;

  const open = async (): Promise<boolean> => {
    const door = site.door();
    if (!door) return false;
    try {
      const window = await openHeadlessWindow(door.url, streams, clock, {
        token: door.token,
        withinMs: WELCOME_WITHIN_MS,
        onMisfit: (text) => tally.misfits.push(text.slice(0, 300)),
      });
      current = window;
      tally.windowsOpened++;
      if (options.onMessage) window.onMessage(options.onMessage);
      if (options.onBytes) window.onBytes(options.onBytes);
      void window.closed.then(() => {
        if (current === window) current = undefined;
      });
      return true;
    } catch (error) {
      // The engine may have ended meanwhile. A living engine that refuses the window is counted.
      if (site.door() === door) tally.windowsRefused.push(error instanceof Error ? error.message : String(error));
      return false;
    }
  };

  return {
    window: () => current,
    status: () => current?.status(),
    ensure: () => {
      if (current) return Promise.resolve(true);
      opening ??= open().finally(() => {
        opening = undefined;
      });
      return opening;
    },
    close: () => {
      const window = current;
      current = undefined;
      window?.close();
    },
    call: async (name, parameters) => {
      const count = tally.callCount(name);
      const window = current;
      if (!window) return { kind: 'closed' };
      const late = Promise.withResolvers<Outcome>();
      const cancel = clock.at(clock.nowMs() + ANSWER_WITHIN_MS, () => late.resolve({ kind: 'unanswered' }));
      const reply = await Promise.race([window.call(name, parameters), late.promise]);
      cancel();
      const outcome: Outcome =
        reply.kind === 'refusal' && /^the link (is|was) closed$/.test(reply.message) ? { kind: 'closed' } : reply;
      count[outcome.kind]++;
      if (outcome.kind === 'refusal') tally.refusal(name, `${outcome.message} ${outcome.remedy}`);
      return outcome;
    },
    until: async (is, withinMs) => {
      try {
        return await current?.until(is, withinMs, 'a state of the soak');
      } catch {
        return undefined; // The caller decides what the absence means.
      }
    },
  };
}
