/**
 * Access to the engine: for pages that it served itself, on this machine, with a one-time code. The code travels in the
 * URL's fragment, which is never sent over HTTP, and is exchanged once for a token of the session. Comparisons take
 * constant time.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const SECRET_BYTES = 32;

export type Access = ReturnType<typeof createAccess>;

export function createAccess() {
  const codes: string[] = [];
  const tokens: string[] = [];
  const secret = () => randomBytes(SECRET_BYTES).toString('base64url');
  return {
    issueCode: () => {
      const code = secret();
      codes.push(code);
      return code;
    },
    /** Returns the token for an unused code or a known token; `undefined` for anything else. */
    admit: ({ code, token }: { readonly code?: string | undefined; readonly token?: string | undefined }) => {
      if (token !== undefined && tokens.some((known) => equal(known, token))) return token;
      const index = code === undefined ? -1 : codes.findIndex((known) => equal(known, code));
      if (index < 0) return undefined;
      codes.splice(index, 1);
      const fresh = secret();
      tokens.push(fresh);
      return fresh;
    },
  };
}

/** Compares digests, which have one length, so that not even the length leaks. */
function equal(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

const HTTP_PORT = 80;

/**
 * Returns the names that a browser uses for this machine at a port. A browser leaves out the protocol's default port.
 */
function authorities(port: number): readonly string[] {
  const names = ['127.0.0.1', 'localhost'];
  return [...names.map((name) => `${name}:${port}`), ...(port === HTTP_PORT ? names : [])];
}

/** Returns true when the page asked for this machine by its own name. Another name is a rebound name or a proxy. */
export function hostAllowed(request: IncomingMessage, port: number): boolean {
  const { host } = request.headers;
  return host !== undefined && authorities(port).includes(host);
}

/** Returns true for a page of this engine. A browser always names the origin; a program may not, and needs the code. */
export function originAllowed(request: IncomingMessage, port: number): boolean {
  const origin = request.headers.origin;
  return origin === undefined || authorities(port).some((authority) => origin === `http://${authority}`);
}
