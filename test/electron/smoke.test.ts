/** The real Electron, where its binary is: opens a window on a page that stands for the engine, then ends. Skipped visibly elsewhere. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findElectron } from '../../main/cli/launch/find-electron.ts';
import { hasDisplay, thisHost } from '../../main/cli/launch/host.ts';
import { ROOT } from '../source-files.ts';

const electron = findElectron(thisHost, ROOT);
const missing =
  electron.kind === 'absent'
    ? `no Electron here: ${electron.why}`
    : hasDisplay(thisHost)
      ? undefined
      : 'no display here';

test('the real Electron opens a window on an engine', { skip: missing, timeout: 20_000 }, async () => {
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
  try {
    const child = spawn(
      electron.path,
      [...(thisHost.isRoot ? ['--no-sandbox'] : []), ROOT, '--smoke', `--user-data-dir=${profile}`],
      {
        env: { ...process.env, TAKEOVER_ENGINE_URL: `http://127.0.0.1:${address.port}/#code` },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const [code] = await once(child, 'close');
    assert.equal(code, 0);
    assert.match(output, /\{"kind":"loaded"\}/);
    assert.ok(asked.includes('/'));
  } finally {
    server.close();
    rmSync(profile, { recursive: true, force: true });
  }
});
