/** Tests the shell's entry with a stand-in for Electron: the settings that are made before any window opens. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { NO_OTHER_HOST, QUIET_SWITCHES } from '../../main/api/processes/chromium-switches.ts';
import { ROOT } from '../source-files.ts';

type Call = readonly [name: string, ...given: unknown[]];

/** Runs the entry and returns its calls to Electron. `engineUrl` is given as by the program that starts the shell. */
function start(options: { readonly flags?: readonly string[]; readonly engineUrl?: string }) {
  const folder = mkdtempSync(join(tmpdir(), 'takeover-shell-'));
  try {
    const child = spawnSync(
      process.execPath,
      [
        ...['--import', join(import.meta.dirname, 'fake-electron.mjs')],
        join(ROOT, 'electron/main.ts'),
        ...(options.flags ?? []),
      ],
      {
        encoding: 'utf8',
        timeout: 20_000,
        env: {
          ...process.env,
          FAKE_ELECTRON_FOLDER: folder,
          TAKEOVER_ENGINE_URL: options.engineUrl ?? 'http://127.0.0.1:4711/#code',
        },
      },
    );
    const calls: readonly Call[] = JSON.parse(child.stdout.trim().split('\n').at(-1) ?? '');
    return {
      calls,
      status: child.status,
      stderr: child.stderr,
      named: (name: string) => calls.filter((c) => c[0] === name),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('the sandbox is on, except where the program was told to do without: to ask for it would undo that', () => {
  assert.equal(start({}).named('app.enableSandbox').length, 1);
  assert.equal(start({ flags: ['--no-sandbox'] }).named('app.enableSandbox').length, 0);
});

test('before Electron is ready, all that Chromium would ask of the network is off; no crash is reported to anybody', () => {
  const { calls, named } = start({});
  const ready = calls.findIndex(([name]) => name === 'app.whenReady');
  const set = calls
    .slice(0, ready)
    .flatMap(([name, ...given]) => (name === 'app.commandLine.appendSwitch' ? [given] : []));
  for (const { name, value } of [...QUIET_SWITCHES, NO_OTHER_HOST])
    assert.ok(
      set.some(([switched, to]) => switched === name && (to ?? undefined) === value),
      name,
    );
  assert.deepEqual(
    calls.filter(([name]) => name.startsWith('crashReporter')),
    [],
  );
  assert.deepEqual(named('session.defaultSession.setSpellCheckerEnabled'), [
    ['session.defaultSession.setSpellCheckerEnabled', false],
  ]);
});

test('About names the program, its version and its icon', () => {
  const [about] = start({}).named('app.setAboutPanelOptions');
  const { iconPath, ...rest } = Object(about?.[1]);
  assert.deepEqual(rest, {
    applicationName: 'Takeover',
    applicationVersion: '9.8.7',
    copyright: 'Apache License 2.0',
  });
  assert.ok(existsSync(iconPath), iconPath);
});

test('a shell that cannot start says why on standard error and ends, instead of asking a person', () => {
  const { status, stderr, named } = start({ engineUrl: 'http://example.com/' });
  assert.equal(status, 1);
  assert.match(stderr, /The shell could not start: .*http:\/\/example\.com\//);
  assert.deepEqual(named('new BrowserWindow'), []);
});
