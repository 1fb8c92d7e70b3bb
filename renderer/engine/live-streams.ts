/**
 * The newest message of every stream, outside React. Textures, canvases and matrices are updated in place from here.
 * A message older than the newest is dropped. Times are milliseconds on the window's own clock.
 */
import { decodeStream, type StreamMessage } from '../../main/api/index.ts';

interface StreamSlot {
  readonly message: StreamMessage;
  /** Differs for every message of the window, so that a painter can tell whether it has painted this one. */
  readonly count: number;
  readonly arrivedMs: number;
  readonly meanGapMs: number;
  readonly rateHz: number;
}

/** Prefix of the streams of recorded pictures and pads. */
export const REPLAY = 'replay/';

/** True when `sequence` comes after `previous` on the u32 circle. */
export function isNewer(sequence: number, previous: number): boolean {
  return sequence !== previous && (sequence - previous) >>> 0 < 0x8000_0000;
}

export class LiveStreams {
  private readonly slots = new Map<string, StreamSlot>();
  private arrived = 0;

  /** Throws a `TypeError` for bytes that are no stream message. */
  accept(bytes: Uint8Array, nowMs: number): void {
    const message = decodeStream(bytes);
    const before = this.slots.get(message.name);
    if (before && !isNewer(message.sequence, before.message.sequence) && nowMs - before.arrivedMs < 1000) return;
    // The engine's clock counts, because messages that arrive in a burst were not sent in one.
    const gapMs = before ? message.timeMs - before.message.timeMs : 0;
    const usable = before && gapMs > 0 && gapMs < 2000;
    const meanGapMs = usable
      ? before.meanGapMs > 0
        ? before.meanGapMs + 0.15 * (gapMs - before.meanGapMs)
        : gapMs
      : 0;
    const rateHz = meanGapMs > 0 ? 1000 / meanGapMs : 0;
    this.slots.set(message.name, { message, count: ++this.arrived, arrivedMs: nowMs, meanGapMs, rateHz });
  }

  get(name: string): StreamSlot | undefined {
    return this.slots.get(name);
  }

  /** Forgets everything. Call it for a new link, because a new engine counts its sequence anew. */
  clear(): void {
    this.slots.clear();
  }

  /** Forgets the pictures of a replay, because they belong to one episode. */
  clearReplay(): void {
    for (const name of [...this.slots.keys()]) if (name.startsWith(REPLAY)) this.slots.delete(name);
  }
}
