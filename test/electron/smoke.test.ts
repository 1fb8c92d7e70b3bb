/**
 * Tests the real Electron: it opens a window on a page that stands for the engine, then ends. Skipped without its
 * binary.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../main/api/clock.ts';
import { findElectron } from '../../main/cli/launch/find-electron.ts';
import { hasDisplay, thisHost } from '../../main/cli/launch/host.ts';
import { createOutputTail } from '../../main/cli/launch/output-tail.ts';
import { ELECTRON_LIMIT_MS } from '../../main/cli/launch/window-child.ts';
import { ROOT } from '../source-files.ts';

const electron = findElectron(thisHost, ROOT);
const missing =
  electron.kind === 'absent'
    ? `no Electron here: ${electron.why}`
    : hasDisplay(thisHost)
      ? undefined
      : 'no display here';

/** Ends the child, in any state, and everything that it has started. It leads a process group of its own. */
function endAll(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The process group has ended already.
  }
}

test('the real Electron opens a window on an engine, also as root, and ends', { skip: missing }, async () => {
  assert.equal(electron.kind, 'present');
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>engine</title><p>engine');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const profile = mkdtempSync(join(tmpdir(), 'takeover-smoke-'));
  const child = spawn(
    electron.path,
    [...(thisHost.isRoot ? ['--no-sandbox'] : []), ROOT, '--smoke', `--user-data-dir=${profile}`],
    {
      env: { ...process.env, TAKEOVER_ENGINE_URL: `http://127.0.0.1:${address.port}/#code` },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    },
  );
  const cancel = systemClock.at(systemClock.nowMs() + ELECTRON_LIMIT_MS, () => endAll(child));
  try {
    const tail = createOutputTail();
    const reports: string[] = [];
    tail.follow(child.stdout, (line) => reports.push(line));
    tail.follow(child.stderr);
    const [code, signal] = await once(child, 'close');
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, `Electron's last words:${tail.told()}`);
    assert.ok(reports.includes('{"kind":"loaded"}'), tail.told());
    assert.ok(asked.includes('/'));
  } finally {
    cancel();
    endAll(child);
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});
