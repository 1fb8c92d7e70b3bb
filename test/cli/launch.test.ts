/** Tests which window opens on which machine, and what happens when it does not. No process is started. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createVirtualClock } from '../../main/api/clock.ts';
import { QUIET_SWITCHES } from '../../main/api/processes/chromium-switches.ts';
import { chooseWindow } from '../../main/cli/launch/choose-window.ts';
import { findBrowsers, profileFolder } from '../../main/cli/launch/find-browser.ts';
import { findElectron } from '../../main/cli/launch/find-electron.ts';
import type { Host } from '../../main/cli/launch/host.ts';
import { FETCH_LIMIT_MS, openWindow } from '../../main/cli/launch/open-window.ts';
import { followParent } from '../../main/cli/launch/parent-link.ts';
import { CLOSE_LIMIT_MS, ELECTRON_LIMIT_MS, type Spawn } from '../../main/cli/launch/window-child.ts';

const ROOT = '/app';
const URL_1 = 'http://127.0.0.1:4711/#c';
const INSTALLER = '/app/node_modules/electron/install.js';
/** The files of a finished download. */
const ELECTRON: Readonly<Record<string, string>> = {
  '/app/node_modules/electron/dist/electron': '',
  '/app/node_modules/electron/dist/version': '45.4.1',
  '/app/node_modules/electron/path.txt': 'electron',
};

interface FakeMachine extends Partial<Omit<Host, 'environment'>> {
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Record<string, string>;
}

function host(machine: FakeMachine = {}): Host {
  const files: Record<string, string> = {
    [INSTALLER]: '',
    '/app/node_modules/electron/package.json': '{ "version": "45.4.1" }',
    ...machine.files,
  };
  const has = (path: string) => Object.hasOwn(files, path);
  return {
    platform: 'linux',
    home: '/home/op',
    isRoot: false,
    exists: has,
    isExecutable: has,
    read: (path) => files[path],
    realPath: (path) => path,
    ...machine,
    environment: { DISPLAY: ':0', PATH: '/usr/bin', ...machine.environment },
  };
}
const CHROME = { '/usr/bin/google-chrome': '' };

test('the choices, best first', () => {
  const kinds = (machine: FakeMachine) => {
    const { choices, fetchElectron } = chooseWindow(host(machine), ROOT, URL_1);
    return `${choices.map((choice) => choice.kind).join(' ')}${fetchElectron ? ' +fetch' : ''}`;
  };
  const table: readonly (readonly [string, FakeMachine, string])[] = [
    ['Electron and a browser', { files: { ...ELECTRON, ...CHROME } }, 'electron browser url'],
    ['Electron alone', { files: ELECTRON }, 'electron url'],
    ['a browser alone', { files: CHROME }, 'browser url +fetch'],
    ['neither', {}, 'url +fetch'],
    ['no display', { files: { ...ELECTRON, ...CHROME }, environment: { DISPLAY: '' } }, 'url'],
    ['Wayland', { files: ELECTRON, environment: { DISPLAY: '', WAYLAND_DISPLAY: 'wayland-0' } }, 'electron url'],
    ['a build server', { files: CHROME, environment: { CI: '1' } }, 'browser url'],
    ['fetching switched off', { environment: { TAKEOVER_NO_FETCH: '1' } }, 'url'],
    ['no installer', { exists: () => false }, 'url'],
    ['half a download', { files: { ...ELECTRON, '/app/node_modules/electron/path.txt': '' } }, 'url +fetch'],
    ['an older binary', { files: { ...ELECTRON, '/app/node_modules/electron/dist/version': 'v44.0.0' } }, 'url +fetch'],
    [
      'a binary elsewhere',
      { files: { '/opt/electron': '' }, environment: { ELECTRON_PATH: '/opt/electron' } },
      'electron url',
    ],
    ['a wrong ELECTRON_PATH', { files: ELECTRON, environment: { ELECTRON_PATH: '/nowhere' } }, 'url +fetch'],
  ];
  for (const [what, machine, expected] of table) assert.equal(kinds(machine), expected, what);
});

test("Electron gets the engine's URL in its environment, never on the command line", () => {
  const [choice] = chooseWindow(host({ files: ELECTRON }), ROOT, URL_1).choices;
  assert.deepEqual(choice, {
    kind: 'electron',
    path: '/app/node_modules/electron/dist/electron',
    argv: [ROOT],
    environment: { TAKEOVER_ENGINE_URL: URL_1 },
  });
});

test('the sandbox is given up for the superuser on Linux only', () => {
  const without = (machine: FakeMachine) =>
    chooseWindow(host({ files: { ...ELECTRON, ...CHROME }, ...machine }), ROOT, URL_1).choices.map((choice) =>
      choice.kind === 'url' ? '' : String(choice.argv.includes('--no-sandbox')),
    );
  assert.deepEqual(without({}), ['false', 'false', '']);
  assert.deepEqual(without({ isRoot: true }), ['true', 'true', '']);
});

test('a browser opens one window of its own, with its own profile', () => {
  const choice = chooseWindow(host({ files: CHROME }), ROOT, URL_1).choices[0];
  assert.ok(choice?.kind === 'browser');
  assert.equal(choice.path, '/usr/bin/google-chrome');
  for (const argument of [`--app=${URL_1}`, '--user-data-dir=/home/op/.cache/takeover/window', '--no-first-run'])
    assert.ok(choice.argv.includes(argument), argument);
});

test('browsers are found where each system keeps them', () => {
  const paths = (machine: FakeMachine) => findBrowsers(host(machine)).map((browser) => browser.path);
  const mac = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
  assert.deepEqual(paths({ platform: 'darwin', files: { [mac]: '' } }), [mac]);
  const edge = 'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe';
  assert.deepEqual(
    paths({
      platform: 'win32',
      files: { [edge]: '' },
      environment: { 'PROGRAMFILES(X86)': 'C:\\Program Files (x86)' },
    }),
    [edge],
  );
  assert.deepEqual(paths({ files: { '/usr/bin/chromium': '', '/usr/bin/google-chrome': '' } }), [
    '/usr/bin/google-chrome',
    '/usr/bin/chromium',
  ]);
  const oneTwice = { '/usr/bin/google-chrome': '', '/usr/bin/google-chrome-stable': '' };
  assert.deepEqual(paths({ files: oneTwice, realPath: () => '/opt/google/chrome/chrome' }), [
    '/usr/bin/google-chrome-stable',
  ]);
  assert.deepEqual(paths({ files: { '/x/chrome': '', ...CHROME }, environment: { TAKEOVER_BROWSER: '/x/chrome' } }), [
    '/x/chrome',
    '/usr/bin/google-chrome',
  ]);
});

test('a snap may write only below its own folder', () => {
  const machine = host({ files: { '/snap/bin/chromium': '', '/usr/bin/chromium-browser': '' } });
  for (const browser of findBrowsers(machine)) {
    assert.equal(browser.snap, true, browser.path);
    assert.equal(profileFolder(machine, browser), '/home/op/snap/chromium/common/takeover-window');
  }
});

test('looking for Electron says why it is not there', () => {
  const why = (machine: FakeMachine) => {
    const found = findElectron(host(machine), ROOT);
    return found.kind === 'absent' ? found.why : found.kind;
  };
  assert.equal(why({}), 'its binary has not been fetched yet');
  assert.match(
    why({ files: { ...ELECTRON, '/app/node_modules/electron/dist/version': '44.0.0' } }),
    /is 44\.0\.0, and 45\.4\.1 is wanted/,
  );
});

/** A spawn that gives its children to the test. A child ends on the signals that it obeys. */
function fakeSpawn(obeys: readonly string[]) {
  const spawned: (EventEmitter & {
    readonly path: string;
    readonly argv: readonly string[];
    readonly stdout: PassThrough;
    readonly stderr: PassThrough;
    readonly signals: string[];
    /** Prints, and waits until the text was read. */
    print(stream: 'stdout' | 'stderr', text: string): Promise<void>;
    ends(code: number | null, signal?: string): void;
  })[] = [];
  const spawn: Spawn = (path, argv) => {
    const child = Object.assign(new EventEmitter(), {
      path,
      argv,
      stdout: new PassThrough(),
      stderr: new PassThrough(),
      signals: [] as string[],
      pid: 4242,
      kill: (signal: string) => {
        child.signals.push(signal);
        if (obeys.includes(signal)) child.ends(null, signal);
        return true;
      },
      unref: () => {},
      print: async (stream: 'stdout' | 'stderr', text: string) => {
        child[stream].write(text);
        await new Promise(setImmediate);
      },
      ends: (code: number | null, signal?: string) => {
        child.emit('exit', code, signal ?? null);
        child.emit('close', code, signal ?? null);
      },
    });
    spawned.push(child);
    // The launcher uses the events, the signals and the two streams of a child; the fake has exactly these.
    return child as unknown as ReturnType<Spawn>;
  };
  return { spawn, children: spawned };
}

function launch(machine: FakeMachine, obeys: readonly string[] = ['SIGTERM', 'SIGKILL']) {
  const { spawn, children } = fakeSpawn(obeys);
  const clock = createVirtualClock();
  const said: string[] = [];
  const session = new AbortController();
  let codes = 0;
  const opened = openWindow({
    root: ROOT,
    url: () => `http://127.0.0.1:4711/#${++codes}`,
    clock,
    say: (line) => said.push(line),
    signal: session.signal,
    host: host(machine),
    spawn,
  });
  const child = (index: number) => {
    const found = children[index];
    assert.ok(found, `child ${index} was not started`);
    return found;
  };
  const settle = async () => {
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
  };
  const pass = async (ms: number) => {
    clock.advanceToMs(clock.nowMs() + ms);
    await settle();
  };
  return { opened, children, child, clock, said, session, settle, pass };
}
const LOADED = '{"kind":"loaded"}\n';

test('a window that has loaded its page stands, and is watched until it closes', async () => {
  const { opened, child, said } = launch({ files: ELECTRON });
  await child(0).print('stdout', `[1:1/2:ERROR] {noise}\n${LOADED}`);
  const window = await opened;
  assert.equal(window.kind, 'electron');
  child(0).ends(0);
  assert.equal(await window.ended, 'closed');
  assert.deepEqual(said, []);
});

test('an Electron that dies at once is followed by the browser, with a fresh code, and the remedy is said', async () => {
  const { opened, child, said, settle, pass } = launch({ files: { ...ELECTRON, ...CHROME } });
  child(0).ends(127);
  await settle();
  await pass(20_000);
  assert.equal((await opened).kind, 'browser');
  assert.equal(child(1).argv[0], '--app=http://127.0.0.1:4711/#2');
  assert.match(said[0] ?? '', /Electron ended at once \(exit status 127\)\..*chown root:root .*chrome-sandbox/);
});

test('an Electron that lives and never shows its page is ended within its limit; its own words are told, once each', async () => {
  const { opened, child, said, pass } = launch({ files: { ...ELECTRON, ...CHROME } });
  for (let n = 0; n < 1_000; n++)
    await child(0).print('stderr', `[16${n}:1130/185101.04${n}:FATAL:a.cc(2)] Running as root is not supported.\n`);
  await child(0).print('stderr', 'cut off here');
  child(0).stderr.end();
  await pass(ELECTRON_LIMIT_MS - 1);
  assert.deepEqual(child(0).signals, []);
  await pass(1);
  assert.deepEqual(child(0).signals, ['SIGTERM']);
  await pass(8_000);
  assert.equal((await opened).kind, 'browser');
  assert.deepEqual(said, [
    'Electron did not show the window within 25 s and was ended. It said:\n  Running as root is not supported.\n  cut off here',
  ]);
});

test('an Electron that ignores the request to end is killed, and the next choice is taken all the same', async () => {
  const { opened, child, children, pass } = launch({ files: { ...ELECTRON, ...CHROME } }, []);
  await pass(ELECTRON_LIMIT_MS);
  assert.equal(children.length, 1);
  await pass(CLOSE_LIMIT_MS);
  assert.deepEqual(child(0).signals, ['SIGTERM', 'SIGKILL']);
  await pass(8_000);
  assert.equal((await opened).kind, 'browser');
});

test('a shell that says that it cannot show the page is ended at once', async () => {
  const { opened, child, said, pass } = launch({ files: { ...ELECTRON, ...CHROME } });
  await child(0).print('stdout', '{"kind":"failed","what":"ERR_CONNECTION_REFUSED (-102)"}\n');
  await pass(8_000);
  assert.equal((await opened).kind, 'browser');
  assert.match(said[0] ?? '', /^Electron could not show the window \(ERR_CONNECTION_REFUSED \(-102\)\)\./);
});

test('whatever a window prints, little of it is kept', async () => {
  const { child, said, pass } = launch({ files: { ...ELECTRON, ...CHROME } });
  const endless = 'x'.repeat(1_000_000);
  for (let n = 0; n < 20; n++) await child(0).print('stdout', endless);
  for (let n = 0; n < 2_000; n++) await child(0).print('stdout', `line ${n}\n`);
  await pass(ELECTRON_LIMIT_MS);
  assert.ok(said[0] !== undefined && said[0].length < 4_000, `${said[0]?.length} characters`);
  assert.match(said[0], /line 1999$/);
});

test('a window that dies later does not end the session: the reason and a fresh address are told', async () => {
  const { opened, child, said } = launch({ files: ELECTRON });
  await child(0).print('stdout', LOADED);
  const window = await opened;
  child(0).ends(null, 'SIGSEGV');
  assert.equal(await window.ended, 'crashed');
  assert.deepEqual(said, [
    'Electron ended (SIGSEGV), and the window with it. The engine goes on: open http://127.0.0.1:4711/#2 in a browser.',
  ]);
});

test('a session that ends takes its window along: one that stands, one that does not yet, and the fetching', async () => {
  const standing = launch({ files: ELECTRON });
  await standing.child(0).print('stdout', LOADED);
  const window = await standing.opened;
  await window.close();
  assert.deepEqual(standing.child(0).signals, ['SIGTERM']);
  assert.equal(await window.ended, 'closed');
  const opening = launch({ files: { ...ELECTRON, ...CHROME } });
  opening.session.abort();
  assert.equal((await opening.opened).kind, 'url');
  assert.deepEqual(opening.child(0).signals, ['SIGTERM']);
  assert.equal(opening.children.length, 1);
  const fetching = launch({});
  await fetching.settle();
  fetching.session.abort();
  assert.equal((await fetching.opened).kind, 'url');
  assert.deepEqual(fetching.child(0).signals, ['SIGKILL']);
  for (const { clock, said } of [standing, opening]) {
    assert.equal(clock.nextDueMs(), Number.POSITIVE_INFINITY, 'nothing keeps the process');
    assert.deepEqual(said, []);
  }
});

test('a browser talks to the engine alone: its updates, measurements and look-ups are off', () => {
  const choice = chooseWindow(host({ files: CHROME }), ROOT, URL_1).choices[0];
  assert.ok(choice?.kind === 'browser');
  for (const { name } of QUIET_SWITCHES)
    assert.equal(choice.argv.filter((argument) => argument.split('=')[0] === `--${name}`).length, 1, name);
  assert.ok(!choice.argv.some((argument) => argument.startsWith('--host-resolver-rules')), 'the browser would warn');
});

test('nothing works: the URL is what remains', async () => {
  const { opened, child, said, settle } = launch({ files: { ...ELECTRON, ...CHROME } });
  child(0).emit('error', new Error('spawn EACCES'));
  await settle();
  child(1).ends(null, 'SIGTRAP');
  const window = await opened;
  assert.equal(window.kind, 'url');
  assert.equal(await window.ended, 'not-watched');
  assert.match(said.at(-1) ?? '', /^No window was opened: .* Open the printed URL in a browser\.$/);
});

test('a shell that already runs takes the window over', async () => {
  const { opened, child } = launch({ files: ELECTRON });
  child(0).ends(75);
  assert.equal(await (await opened).ended, 'handed-over');
});

test('a browser that already runs takes the page and its new process ends: not a closed window', async () => {
  const { opened, child } = launch({ files: CHROME, environment: { TAKEOVER_NO_FETCH: '1' } });
  child(0).ends(0);
  assert.equal(await (await opened).ended, 'not-watched');
});

test('Electron is fetched beside the browser; one line, whatever comes of it', async () => {
  const { opened, child, children, clock, said, settle } = launch({ files: CHROME });
  assert.deepEqual(
    children.map((child) => child.argv[0]),
    [INSTALLER, '--app=http://127.0.0.1:4711/#1'],
  );
  clock.advanceToMs(FETCH_LIMIT_MS);
  assert.equal((await opened).kind, 'browser');
  await settle();
  assert.deepEqual(child(0).signals, ['SIGKILL']);
  assert.deepEqual(said, [
    'Electron could not be fetched (not finished within 60 s); nothing depends on it, and the next start tries again.',
  ]);
});

test('with nothing else to show it in, an Electron that arrives is used at once', async () => {
  const files: Record<string, string> = {
    '/app/node_modules/electron/package.json': '{ "version": "45.4.1" }',
    [INSTALLER]: '',
  };
  const has = (path: string) => Object.hasOwn(files, path);
  const { opened, child, said, settle } = launch({
    exists: has,
    isExecutable: has,
    read: (path) => files[path],
  });
  await settle();
  Object.assign(files, ELECTRON);
  child(0).ends(0);
  await settle();
  await child(1).print('stdout', LOADED);
  assert.equal((await opened).kind, 'electron');
  assert.match(said[0] ?? '', /^No window was opened: Electron cannot be used \(its binary has not been fetched yet\)/);
});

test('an engine follows its shell: asked or gone, once; without a shell it is its own', () => {
  const channel = Object.assign(new EventEmitter(), { connected: true, disconnect: () => {} });
  const heard: string[] = [];
  const letGo = followParent(channel, (why) => heard.push(why));
  channel.emit('message', { kind: 'other' });
  channel.emit('message', 'stop');
  channel.emit('message', { kind: 'stop' });
  channel.emit('disconnect');
  assert.deepEqual(heard, ['asked']);
  letGo();
  assert.equal(channel.listenerCount('message'), 0);
  const alone = Object.assign(new EventEmitter(), { connected: false });
  followParent(alone, () => heard.push('never'));
  alone.emit('disconnect');
  assert.deepEqual(heard, ['asked']);
});
