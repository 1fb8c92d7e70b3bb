/** Says in words why a stream is stale, how often it comes and how old it is. Times are on the window's clock. */
import { THIN } from './format.ts';

export function freshnessOf(
  linked: boolean,
  slot: { readonly arrivedMs: number } | undefined,
  nowMs: number,
  staleAfterMs: number,
): { readonly stale: boolean; readonly says: string } {
  if (!linked) return { stale: true, says: 'no link to the engine' };
  if (!slot) return { stale: true, says: 'waiting for the first picture' };
  const ageMs = nowMs - slot.arrivedMs;
  if (ageMs <= staleAfterMs) return { stale: false, says: '' };
  return {
    stale: true,
    says: `nothing for ${ageMs < 60_000 ? `${(ageMs / 1000).toFixed(1)}${THIN}s` : 'over a minute'}`,
  };
}

/** Returns rate and age of a feed: "30 Hz · 40 ms". */
export function pace(slot: { readonly arrivedMs: number; readonly rateHz: number } | undefined, nowMs: number): string {
  if (!slot) return '–';
  const ageMs = Math.min(9990, Math.max(0, Math.round((nowMs - slot.arrivedMs) / 10) * 10));
  return `${slot.rateHz.toFixed(0)}${THIN}Hz · ${ageMs}${THIN}ms`;
}
