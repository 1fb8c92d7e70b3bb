/** The right to talk to the engine: a one-time code from the address's fragment, then the session's token, kept for this tab. */
export interface TokenStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}
const KEY = 'takeover.token';

/** `#code=abc` → "abc". */
export function codeFromFragment(fragment: string): string | undefined {
  return new URLSearchParams(fragment.replace(/^#/, '')).get('code') ?? undefined;
}

export interface Session {
  /** What to say in `hello`: an unused code first, else the token. */
  credentials(): { readonly code?: string; readonly token?: string };
  welcomed(token: string): void;
  /** A newer address was opened: its code comes before what is known, which may be of an engine that is gone. */
  offered(code: string): void;
  /** The engine refused what was offered: never offer it again. */
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
      // A reload keeps the fragment's code in the history on some browsers; the token may still be good.
      if (unusedCode) unusedCode = undefined;
      else store.removeItem(KEY);
    },
  };
}
