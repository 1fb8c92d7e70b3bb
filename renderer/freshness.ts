/** Is a stream fresh, and if not, why, in words. Ages in milliseconds on the window's clock. */
export interface Freshness {
  readonly stale: boolean;
  readonly says: string;
}

export function freshnessOf(
  linked: boolean,
  slot: { readonly arrivedMs: number } | undefined,
  nowMs: number,
  staleAfterMs: number,
): Freshness {
  if (!linked) return { stale: true, says: 'no link to the engine' };
  if (!slot) return { stale: true, says: 'waiting for the first picture' };
  const ageMs = nowMs - slot.arrivedMs;
  if (ageMs <= staleAfterMs) return { stale: false, says: '' };
  return {
    stale: true,
    says: `nothing for ${ageMs < 60_000 ? `${(ageMs / 1000).toFixed(1)}\u2009s` : 'over a minute'}`,
  };
}
