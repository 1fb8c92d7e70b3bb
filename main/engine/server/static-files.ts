/** The window's files over HTTP: one folder, read-only, with a strict content security policy; a plain page while it is not built. */
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, resolve, sep } from 'node:path';

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
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    `connect-src 'self' ws://127.0.0.1:${port} ws://localhost:${port}`,
    "worker-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return {
    'Content-Security-Policy': policy,
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

/** Answers GET and HEAD. `folder` is the only thing that can be read, links and dots included. */
export async function serveFile(
  folder: string,
  port: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const refuse = (status: number, text: string) => {
    response.writeHead(status, { ...headers(port), 'Content-Type': 'text/plain; charset=utf-8' });
    response.end(`${text}\n`);
  };
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405, 'Only GET is answered here.');
  const asked = pathOf(request.url ?? '/');
  if (asked === undefined) return refuse(400, 'This is no path.');
  const root = await realpath(folder).catch(() => undefined);
  if (root === undefined) return notBuilt(port, request, response, asked, refuse);
  const file = await realpath(resolve(join(root, asked))).catch(() => undefined);
  if (file === undefined || !(file === root || file.startsWith(root + sep)) || !(await stat(file)).isFile())
    return asked === '/index.html'
      ? notBuilt(port, request, response, asked, refuse)
      : refuse(404, 'There is no such file.');
  const hashed = asked.startsWith('/assets/');
  response.writeHead(200, {
    ...headers(port),
    'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream',
    'Cache-Control': hashed ? 'public, max-age=31536000, immutable' : 'no-cache',
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const stream = createReadStream(file);
  // The file went away while it was read: the browser sees a broken transfer and asks again.
  stream.on('error', () => response.destroy());
  stream.pipe(response);
}

function notBuilt(
  port: number,
  request: IncomingMessage,
  response: ServerResponse,
  asked: string,
  refuse: (status: number, text: string) => void,
) {
  if (asked !== '/index.html') return refuse(404, 'There is no such file.');
  response.writeHead(200, { ...headers(port), 'Content-Type': 'text/html; charset=utf-8' });
  response.end(request.method === 'HEAD' ? undefined : NOT_BUILT);
}

/** Decoded path of a request; undefined for one that is malformed or tries to leave. */
function pathOf(url: string): string | undefined {
  try {
    const path = decodeURIComponent(url.split(/[?#]/)[0] ?? '/');
    if (path.includes('\0') || path.includes('\\') || path.split('/').includes('..')) return undefined;
    return path === '/' ? '/index.html' : path;
  } catch {
    return undefined;
  }
}
