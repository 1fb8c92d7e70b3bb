/** Tests the packaged engine without Electron: it is gathered outside the repository and started there. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gather } from '../../electron/package/gather.ts';
import { reachedModules } from '../../electron/package/reached-modules.ts';
import { filesBelow } from '../../electron/package/strip-types.ts';
import { tryEngine } from '../../electron/package/try-engine.ts';
import { systemClock } from '../../main/api/clock.ts';
import { ROOT } from '../source-files.ts';

test('the gathered engine starts outside the repository, and every file imports only what is there', async () => {
  const target = mkdtempSync(join(tmpdir(), 'takeover-gathered-'));
  try {
    const gathered = gather(ROOT, target);
    assert.deepEqual(gathered.left, []);
    // This follows every import inside the gathered folder, also of verbs and processes that a start does not load.
    const sources = ['main', 'native', 'data']
      .flatMap((folder) => filesBelow(gathered.engine, folder))
      .filter((file) => file.endsWith('.js'));
    const outside = [...reachedModules(gathered.engine, sources)].filter((file) => file.startsWith('..'));
    assert.deepEqual(outside, []);
    const wanted = [...reachedModules(ROOT, ['main/cli/serve.ts', 'native/sim/camera/meshes.ts'])];
    assert.ok(wanted.some((file) => file.startsWith('node_modules/three/examples/')));
    for (const file of wanted.filter((path) => path.startsWith('node_modules/')))
      assert.ok(existsSync(join(gathered.engine, file)), `${file} is imported and was not gathered`);
    const shell: unknown = JSON.parse(readFileSync(join(gathered.app, 'package.json'), 'utf8'));
    assert.ok(existsSync(join(gathered.app, String(Reflect.get(Object(shell), 'main')))));
    const tried = await tryEngine(gathered.engine, systemClock);
    assert.ok(tried.ok, tried.what);
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
});
