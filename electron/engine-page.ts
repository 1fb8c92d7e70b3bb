/**
 * How a window comes to show an engine's address. Where only the one-time code in the fragment is new, a browser loads nothing:
 * the page that is there takes the code and connects anew. A page that died, or never came, cannot: then the address is made to
 * differ before the fragment too, and is loaded.
 */

export interface PageThere {
  readonly url: string;
  /** It was loaded, and its process lives. */
  readonly alive: boolean;
}
export interface Showing {
  readonly url: string;
  /** The page stays, and takes the code from its address. */
  readonly stays: boolean;
}

/** Counts loads that had to be forced; the engine does not look at it. */
const AGAIN = 'again';

export function showingOf(url: string, page: PageThere): Showing {
  const next = new URL(url);
  const there = URL.canParse(page.url) ? new URL(page.url) : undefined;
  const beforeFragment = (one: URL) => `${one.origin}${one.pathname}`;
  if (!there || next.hash === '' || beforeFragment(there) !== beforeFragment(next)) return { url, stays: false };
  if (page.alive) {
    next.search = there.search;
    return { url: next.href, stays: true };
  }
  next.searchParams.set(AGAIN, String(Number(there.searchParams.get(AGAIN) ?? 0) + 1));
  return { url: next.href, stays: false };
}
