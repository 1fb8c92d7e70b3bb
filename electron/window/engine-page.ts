/**
 * Decides how a window shows an engine's address. A browser loads nothing when only the one-time code in the
 * fragment is new. The page that is there then takes the code and connects anew. A page that died or never came cannot
 * do so, and its address is changed before the fragment too, so that it is loaded.
 */

/** Query parameter that counts forced loads. The engine ignores it. */
const AGAIN = 'again';

/**
 * `page.alive`: the page was loaded and its process lives. The answer's `stays` is true when the page stays and takes the
 * code from its address.
 */
export function showingOf(url: string, page: { readonly url: string; readonly alive: boolean }) {
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
