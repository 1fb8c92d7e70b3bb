/**
 * Decides what a window may load: the engine's origin and the shell's own pages, and nothing else. Pure functions over
 * strings. Every navigation, request, new window and permission is decided by them.
 */

/** Commands of the shell's own pages, as links `takeover:<command>`. */
const SHELL_COMMANDS = ['retry', 'open-folder', 'show-log', 'quit'] as const;
export type ShellCommand = (typeof SHELL_COMMANDS)[number];

export type Navigation =
  | { readonly kind: 'allow' }
  | { readonly kind: 'command'; readonly command: ShellCommand }
  | { readonly kind: 'open-outside'; readonly url: string }
  | { readonly kind: 'deny' };

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);
const DENY: Navigation = { kind: 'deny' };

function parse(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined;
}

/** Returns the origin of an engine's URL. Throws when it is not plain HTTP on this machine. */
export function engineOrigin(url: string): string {
  const parsed = parse(url);
  if (parsed?.protocol !== 'http:' || !LOOPBACK.has(parsed.hostname) || parsed.username || parsed.password)
    throw new Error(
      `Engine URL is "${url}"; expected http://127.0.0.1:<port>/…. Start the engine with "npx takeover serve" and use the URL it prints.`,
    );
  return parsed.origin;
}

const isOrigin = (url: URL | undefined, origin: string | undefined): boolean =>
  url !== undefined && origin !== undefined && url.protocol === 'http:' && url.origin === origin;

/** Lets a link open in the user's browser when it is https, has no credentials and is not too long. */
function outside(target: URL): Navigation {
  const safe = target.protocol === 'https:' && !target.username && !target.password && target.href.length <= 2048;
  return safe ? { kind: 'open-outside', url: target.href } : DENY;
}

export function decideNavigation(
  target: string,
  from: { origin: string | undefined; onShellPage: boolean },
): Navigation {
  const url = parse(target);
  if (!url) return DENY;
  if (isOrigin(url, from.origin)) return { kind: 'allow' };
  if (url.protocol === 'takeover:') {
    const command = SHELL_COMMANDS.find((name) => name === url.pathname);
    return command && from.onShellPage ? { kind: 'command', command } : DENY;
  }
  return from.onShellPage ? DENY : outside(url);
}

/** Decides `window.open` and `target=_blank`, which open no window and at most the user's browser. */
export function decideWindowOpen(target: string): Navigation {
  const url = parse(target);
  return url ? outside(url) : DENY;
}

/** Returns true when a page may fetch this address. A socket counts as its origin. Nothing leaves the machine. */
export function mayRequest(target: string, origin: string | undefined): boolean {
  const url = parse(target);
  if (!url) return false;
  if (url.protocol === 'data:' || url.protocol === 'devtools:') return true;
  if (url.protocol === 'blob:') return isOrigin(parse(url.pathname), origin);
  if (url.protocol === 'ws:') return isOrigin(parse(`http://${url.host}/`), origin);
  return isOrigin(url, origin);
}

/** Permissions that a page may have. Gamepads need none, and the engine reads HID. */
const PERMISSIONS = new Set(['fullscreen', 'clipboard-sanitized-write']);

export function mayUse(permission: string, requester: string, origin: string | undefined): boolean {
  return PERMISSIONS.has(permission) && isOrigin(parse(requester), origin);
}
