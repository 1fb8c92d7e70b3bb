/**
 * The content security policies of every page of the program. The engine sends them, and the shell adds a missing one.
 */

/** The window may load its own files, and connect to the engine at `origins` (`http://…`). Nothing else is allowed. */
export function contentSecurityPolicy(origins: readonly string[]): string {
  const sockets = origins.map((origin) => origin.replace(/^http/, 'ws'));
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    `connect-src 'self' ${sockets.join(' ')}`,
    "worker-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Policy of the shell's own pages: they hold their style, run no script and load nothing. */
export const STATIC_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'";
