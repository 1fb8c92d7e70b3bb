/**
 * Who may talk to the engine: pages that it served itself, from this machine, that were given a one-time code. The code travels in
 * the URL's fragment (never sent over HTTP) and is exchanged once for a token of the session. Comparisons take constant time.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const SECRET_BYTES = 32;

export interface Access {
  issueCode(): string;
  /** The token for a code that has not been used, or for a token that is known; undefined = neither. */
  admit(credentials: { readonly code?: string | undefined; readonly token?: string | undefined }): string | undefined;
}

export function createAccess(): Access {
  const codes: string[] = [];
  const tokens: string[] = [];
  const secret = () => randomBytes(SECRET_BYTES).toString('base64url');
  return {
    issueCode: () => {
      const code = secret();
      codes.push(code);
      return code;
    },
    admit: ({ code, token }) => {
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

/** Digests have one length, so that not even the length leaks. */
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

/** The name under which the page asked for this machine: anything else is a rebound name or a proxy. */
export function hostAllowed(request: IncomingMessage, port: number): boolean {
  const { host } = request.headers;
  return host !== undefined && authorities(port).includes(host);
}

/** Browsers always name the page's origin; a program may leave it out, and needs the code all the same. */
export function originAllowed(request: IncomingMessage, port: number): boolean {
  const origin = request.headers.origin;
  return origin === undefined || authorities(port).some((authority) => origin === `http://${authority}`);
}
