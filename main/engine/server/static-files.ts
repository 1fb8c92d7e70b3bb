/**
 * Serves the window's files over HTTP: one folder, read-only, with a strict content security policy. A plain page says
 * so while the window is not built. Libraries such as `sirv` follow symbolic links out of their folder, so this file
 * compares real paths instead of using one.
 */
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { contentSecurityPolicy } from '../../api/window/content-security-policy.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
  '.map': 'application/json',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
};

function headers(port: number): Record<string, string> {
  return {
    'Content-Security-Policy': contentSecurityPolicy([`http://127.0.0.1:${port}`, `http://localhost:${port}`]),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
  };
}

const NOT_BUILT = `<!doctype html><html lang="en"><title>Takeover</title><body>
<h1>The engine is running</h1>
<p>Its window has not been built yet. In the project's folder run <code>npm start</code>, or <code>npm run build</code>, and load this page again.</p>
</body></html>`;

/** Answers GET and HEAD. Only files inside `folder` can be read, also by links and dots. */
export async function serveFile(
  folder: string,
  port: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const begin = (status: number, type: string, more: Readonly<Record<string, string>> = {}) =>
    response.writeHead(status, { ...headers(port), 'Content-Type': type, ...more });
  const refuse = (status: number, text: string) => {
    begin(status, 'text/plain; charset=utf-8');
    response.end(`${text}\n`);
  };
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405, 'Only GET is answered here.');
  const isHead = request.method === 'HEAD';
  const asked = pathOf(request.url ?? '/');
  if (asked === undefined) return refuse(400, 'This is no path.');
  const file = await fileInside(folder, asked);
  if (file === undefined) {
    if (asked !== '/index.html') return refuse(404, 'There is no such file.');
    begin(200, 'text/html; charset=utf-8');
    response.end(isHead ? undefined : NOT_BUILT);
    return;
  }
  const cache = asked.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
  begin(200, TYPES[extname(file)] ?? 'application/octet-stream', { 'Cache-Control': cache });
  if (isHead) {
    response.end();
    return;
  }
  const stream = createReadStream(file);
  // When the file goes away while it is read, the browser sees a broken transfer and asks again.
  stream.on('error', () => response.destroy());
  stream.pipe(response);
}

/** Returns the real path of a file; `undefined` when there is none, or it is not inside `folder`. */
async function fileInside(folder: string, path: string): Promise<string | undefined> {
  const root = await realpath(folder).catch(() => undefined);
  if (root === undefined) return undefined;
  const file = await realpath(join(root, path)).catch(() => undefined);
  if (file === undefined || !file.startsWith(root + sep)) return undefined;
  return (await stat(file)).isFile() ? file : undefined;
}

/** Returns the decoded path of a request; `undefined` when it is malformed or tries to leave the folder. */
function pathOf(url: string): string | undefined {
  try {
    const path = decodeURIComponent(url.split(/[?#]/)[0] ?? '/');
    if (path.includes('\0') || path.includes('\\') || path.split('/').includes('..')) return undefined;
    return path === '/' ? '/index.html' : path;
  } catch {
    return undefined;
  }
}
