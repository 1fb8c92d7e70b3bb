/** Marks a feed as stale, with the reason, and says its rate and age. */
import { live, nowMs } from '../../engine/engine.ts';
import { useEngine } from '../../state/engine-store.ts';
import { freshnessOf, pace } from '../../words/freshness.ts';

const STALE_MS = 600;

/** Returns rate and age in words. A recorded picture has neither, and is never stale. */
export function paintFreshness(box: HTMLElement, reason: HTMLElement, stream: string, replaying: boolean): string {
  const slot = live.get(stream);
  const linked = useEngine.getState().link.state === 'open';
  const fresh = replaying && slot ? { stale: false, says: '' } : freshnessOf(linked, slot, nowMs(), STALE_MS);
  box.classList.toggle('stale', fresh.stale);
  if (reason.textContent !== fresh.says) reason.textContent = fresh.says;
  return replaying ? 'recorded' : pace(slot, nowMs());
}
