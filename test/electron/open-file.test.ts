/** Tests opening a file by the desktop's opener, with real processes in its place. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openByDesktop } from '../../electron/open-file.ts';
import { createVirtualClock, systemClock } from '../../main/api/clock.ts';

test('no opener, one that fails, one that ends, and one that stays open as long as the viewer', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'takeover-open-'));
  try {
    const opener = (name: string, script: string) => {
      const path = join(folder, name);
      writeFileSync(path, `#!/bin/sh\n${script}\n`);
      chmodSync(path, 0o755);
      return path;
    };
    const gone = join(folder, 'gone');
    assert.match(
      (await openByDesktop('/a.log', systemClock, gone)) ?? '',
      /gone could not be started \(spawn .*ENOENT\)$/,
    );
    const fails = opener('fails', 'exit 3');
    assert.equal(await openByDesktop('/a.log', systemClock, fails), `${fails} ended with exit status 3`);
    assert.equal(await openByDesktop('/a.log', systemClock, opener('ends', 'test "$1" = /a.log')), undefined);
    const clock = createVirtualClock();
    const stays = openByDesktop('/a.log', clock, opener('stays', 'while test -e "$0"; do sleep 0.1; done'));
    clock.advanceToMs(4_000);
    assert.equal(await stays, undefined);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
