/**
 * The window's credentials: a one-time code from the address's fragment, then the session's token, kept for this tab.
 */
const KEY = 'takeover.token';

/** Returns "abc" for `#code=abc`. */
export function codeFromFragment(fragment: string): string | undefined {
  return new URLSearchParams(fragment.replace(/^#/, '')).get('code') ?? undefined;
}

export type Session = ReturnType<typeof createSession>;

export function createSession(
  unusedCode: string | undefined,
  store: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>,
) {
  return {
    /** Returns the credentials for `hello`: an unused code, otherwise the token. */
    credentials: (): { readonly code?: string; readonly token?: string } => {
      if (unusedCode) return { code: unusedCode };
      const token = store.getItem(KEY);
      return token ? { token } : {};
    },
    welcomed: (token: string) => {
      unusedCode = undefined;
      store.setItem(KEY, token);
    },
    /** Takes the code of a newer address. It precedes the token, which may belong to an engine that is gone. */
    offered: (code: string) => {
      unusedCode = code;
    },
    /** Drops the credentials that the engine refused. */
    refused: () => {
      // Some browsers keep the used code in the history when the page is reloaded; the token may still be valid.
      if (unusedCode) unusedCode = undefined;
      else store.removeItem(KEY);
    },
  };
}
