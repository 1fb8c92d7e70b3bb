/**
 * The window's credentials: a one-time code from the address's fragment, then the session's token, kept for this tab.
 */
interface TokenStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}
const KEY = 'takeover.token';

/** Returns "abc" for `#code=abc`. */
export function codeFromFragment(fragment: string): string | undefined {
  return new URLSearchParams(fragment.replace(/^#/, '')).get('code') ?? undefined;
}

export interface Session {
  /** Returns the credentials for `hello`: an unused code, otherwise the token. */
  credentials(): { readonly code?: string; readonly token?: string };
  welcomed(token: string): void;
  /** Takes the code of a newer address. It precedes the token, which may belong to an engine that is gone. */
  offered(code: string): void;
  /** Drops the credentials that the engine refused. */
  refused(): void;
}

export function createSession(code: string | undefined, store: TokenStore): Session {
  let unusedCode = code;
  return {
    credentials: () => {
      if (unusedCode) return { code: unusedCode };
      const token = store.getItem(KEY);
      return token ? { token } : {};
    },
    welcomed: (token) => {
      unusedCode = undefined;
      store.setItem(KEY, token);
    },
    offered: (code) => {
      unusedCode = code;
    },
    refused: () => {
      // Some browsers keep the used code in the history when the page is reloaded; the token may still be valid.
      if (unusedCode) unusedCode = undefined;
      else store.removeItem(KEY);
    },
  };
}
