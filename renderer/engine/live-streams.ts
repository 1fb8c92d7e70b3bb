/**
 * The newest message of every stream, outside React: textures, canvases and matrices are updated from here in place.
 * A message older than the one already held is dropped. Times are on the window's own clock, milliseconds.
 */
import { decodeStream, type StreamMessage } from '../../main/api/index.ts';

export interface StreamSlot {
  readonly message: StreamMessage;
  /** Grows with every message, also of a stream that was forgotten meanwhile: a painter compares it with the count it painted last. */
  readonly count: number;
  readonly arrivedMs: number;
  readonly meanGapMs: number;
  readonly rateHz: number;
}

/** Names of recorded pictures and pads begin so. */
export const REPLAY = 'replay/';

/** True when `sequence` comes after `previous` on the u32 circle. */
export function isNewer(sequence: number, previous: number): boolean {
  return sequence !== previous && (sequence - previous) >>> 0 < 0x8000_0000;
}

export class LiveStreams {
  private readonly slots = new Map<string, StreamSlot>();
  private readonly listeners = new Set<() => void>();
  private arrived = 0;

  /** Throws a `TypeError` for bytes that are no stream message. */
  accept(bytes: Uint8Array, nowMs: number): void {
    const message = decodeStream(bytes);
    const before = this.slots.get(message.name);
    if (before && !isNewer(message.sequence, before.message.sequence) && nowMs - before.arrivedMs < 1000) return;
    // On the engine's clock: messages that arrive in a burst were not sent in one.
    const gapMs = before ? message.timeMs - before.message.timeMs : 0;
    const usable = before && gapMs > 0 && gapMs < 2000;
    const meanGapMs = usable
      ? before.meanGapMs > 0
        ? before.meanGapMs + 0.15 * (gapMs - before.meanGapMs)
        : gapMs
      : 0;
    const rateHz = meanGapMs > 0 ? 1000 / meanGapMs : 0;
    this.slots.set(message.name, { message, count: ++this.arrived, arrivedMs: nowMs, meanGapMs, rateHz });
    for (const listener of this.listeners) listener();
  }

  get(name: string): StreamSlot | undefined {
    return this.slots.get(name);
  }

  /** Forgets everything, as after a lost link: old sequence numbers mean nothing to a new engine. */
  clear(): void {
    this.slots.clear();
  }

  /** Forgets the pictures of a replay: they are of one episode. */
  clearReplay(): void {
    for (const name of [...this.slots.keys()]) if (name.startsWith(REPLAY)) this.slots.delete(name);
  }

  onArrival(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
