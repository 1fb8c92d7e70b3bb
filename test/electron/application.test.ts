/** Tests the shell as a person sees it, over a fake of Electron and a fake engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startApplication } from '../../electron/application.ts';
import type { ShellRequest } from '../../electron/arguments.ts';
import type { EngineState } from '../../electron/engine/engine-process.ts';
import type { MenuAction } from '../../electron/menu-model.ts';
import type { PageMessage, Shell, ShellWindow, WindowEvents } from '../../electron/shell.ts';
import type { ShellState } from '../../electron/window/window-state.ts';
import { createVirtualClock } from '../../main/api/clock.ts';

const URL_1 = 'http://127.0.0.1:4711/#one';
const URL_2 = 'http://127.0.0.1:4712/#two';
const PLACE = { bounds: { x: 10, y: 20, width: 1200, height: 800 }, maximised: false };

interface Answers {
  readonly folder?: string;
  readonly agrees?: boolean;
  readonly openProblem?: string;
  /** Keeps the folder dialog open. */
  readonly dialogStays?: boolean;
}

function bench(request: ShellRequest = { smoke: false }, answers: Answers = {}) {
  const clock = createVirtualClock();
  const log: string[] = [];
  const sent: PageMessage[] = [];
  const windows: WindowEvents[] = [];
  const saved: ShellState[] = [];
  let choose: (action: MenuAction) => void = () => {};
  let tell: (state: EngineState) => void = () => {};
  let state: EngineState = { kind: 'stopped' };
  const exited = Promise.withResolvers<number>();
  const shell: Shell = {
    openWindow: (placement, events) => {
      log.push(`window ${placement.width}×${placement.height}`);
      windows.push(events);
      const number = windows.length;
      const window: ShellWindow = {
        showEngine: (url) => log.push(`engine ${url}`),
        showPage: (html) => log.push(`page ${/<h1>(.*?)<\/h1>/.exec(html)?.[1]}`),
        send: (message) => sent.push(message),
        reload: () => log.push('reload'),
        toFront: () => log.push('front'),
        zoom: (step) => log.push(`zoom ${step}`),
        toggleFullScreen: () => log.push('full screen'),
        toggleDeveloperTools: () => log.push('tools'),
        bounds: () => PLACE,
        destroy: () => {
          log.push('destroy');
          events.closed(PLACE);
        },
        chooseFolder: async () => {
          log.push(`ask folder in window ${number}`);
          return answers.dialogStays ? new Promise(() => {}) : answers.folder;
        },
        confirm: async () => {
          log.push(`ask in window ${number}`);
          return answers.agrees ?? false;
        },
        tell: async (message, detail) => {
          log.push(`tell in window ${number}: ${message} ${detail}`);
        },
      };
      return window;
    },
    displays: () => [{ x: 0, y: 0, width: 1920, height: 1080 }],
    setMenu: (_menus, chosen) => {
      choose = chosen;
    },
    openFile: async (path) => {
      log.push(`open ${path}`);
      return answers.openProblem;
    },
    exitAtOnce: (code) => log.push(`exit at once ${code}`),
    exit: (code) => {
      log.push(`exit ${code}`);
      exited.resolve(code);
    },
  };
  const application = startApplication({
    shell,
    clock,
    request,
    macOs: false,
    development: false,
    productName: 'Takeover',
    createEngine: (folder, changed) => {
      log.push(`create ${folder ?? 'default'}`);
      tell = (next) => {
        state = next;
        changed(next);
      };
      return {
        start: () => {
          log.push('start');
          tell({ kind: 'starting', attempt: 1 });
        },
        stop: async () => {
          log.push('stop');
          tell({ kind: 'stopped' });
        },
        stopBlocking: (pause) => {
          pause(20);
          log.push('stopped');
        },
        state: () => state,
        logTail: () => ['last words'],
      };
    },
    logFile: '/logs/engine.log',
    loadState: () => ({ maximised: false, projectFolder: '/remembered' }),
    saveState: (next) => saved.push(next),
    report: (line) => log.push(JSON.stringify(line)),
  });
  const window = () => {
    const events = windows.at(-1);
    assert.ok(events);
    return events;
  };
  const since = () => log.splice(0);
  return {
    application,
    clock,
    since,
    sent,
    saved,
    window,
    windows,
    tell: (next: EngineState) => tell(next),
    choose: (action: MenuAction) => choose(action),
    exited: exited.promise,
  };
}

test('starts an engine on the remembered folder, shows it, and stops it before it ends', async () => {
  const { since, tell, window, exited, saved } = bench();
  assert.deepEqual(since(), ['window 1440×900', 'page Takeover', 'create /remembered', 'start', 'page Takeover']);
  tell({ kind: 'running', url: URL_1 });
  window().loaded();
  assert.deepEqual(since(), [`engine ${URL_1}`, '{"kind":"loaded"}']);
  window().closed(PLACE);
  assert.equal(await exited, 0);
  assert.deepEqual(since(), ['stop', 'exit 0']);
  assert.deepEqual(saved.at(-1), { ...PLACE, projectFolder: '/remembered' });
});

test('attached to a running engine it starts none, and closing ends the shell only', async () => {
  const { since, window, exited } = bench({ engineUrl: URL_1, smoke: false });
  assert.deepEqual(since(), ['window 1440×900', `engine ${URL_1}`]);
  window().closed(PLACE);
  await exited;
  assert.deepEqual(since(), ['exit 0']);
});

test('an engine that was started again is shown again, with a word about it', () => {
  const { since, sent, tell, window } = bench();
  tell({ kind: 'running', url: URL_1 });
  window().loaded();
  since();
  tell({ kind: 'waiting', delayMs: 500, what: 'The engine was ended by SIGSEGV.' });
  tell({ kind: 'starting', attempt: 2 });
  assert.deepEqual(since(), []);
  tell({ kind: 'running', url: URL_2 });
  window().loaded();
  assert.deepEqual(since(), [`engine ${URL_2}`, '{"kind":"loaded"}']);
  assert.deepEqual(
    sent.map((message) => message.kind),
    ['notice'],
  );
});

test('an engine that failed gets a page with its log; "try again" starts it', () => {
  const { since, tell, window } = bench();
  since();
  tell({ kind: 'failed', what: 'The engine refused to start.', remedy: 'Look at its log.' });
  assert.deepEqual(since(), ['page The engine is not running']);
  window().command('retry');
  assert.deepEqual(since(), ['start', 'page Takeover']);
  window().command('show-log');
  assert.deepEqual(since(), ['open /logs/engine.log']);
});

test('another folder: asked first while the engine runs, then stopped and started there', async () => {
  for (const agrees of [false, true]) {
    const { since, tell, choose, saved } = bench({ smoke: false }, { folder: '/new', agrees });
    tell({ kind: 'running', url: URL_1 });
    since();
    choose('open-folder');
    await new Promise(setImmediate);
    assert.deepEqual(since(), [
      ...['ask folder in window 1', 'ask in window 1'],
      ...(agrees ? ['page Takeover', 'stop', 'create /new', 'start', 'page Takeover'] : []),
    ]);
    assert.equal(saved.at(-1)?.projectFolder, agrees ? '/new' : undefined);
  }
});

test('a page that dies is loaded again with a notice, and not for ever', () => {
  const { since, sent, clock, tell, window } = bench();
  tell({ kind: 'running', url: URL_1 });
  since();
  for (let n = 0; n < 2; n++) {
    window().crashed('oom');
    clock.advanceToMs(clock.nowMs() + 2_000);
    window().loaded();
  }
  assert.deepEqual(since(), ['reload', '{"kind":"loaded"}', 'reload', '{"kind":"loaded"}']);
  assert.equal(sent.length, 2);
  window().crashed('oom');
  assert.deepEqual(since(), ['page The window keeps stopping']);
  window().command('retry');
  assert.deepEqual(since(), [`engine ${URL_1}`]);
});

test('a page that cannot be had says so; not while its own engine is being started again', () => {
  const attached = bench({ engineUrl: URL_1, smoke: false });
  attached.since();
  attached.window().unreachable('ERR_CONNECTION_REFUSED (-102)');
  // The program that started the shell opens the window elsewhere, as long as no page was ever shown.
  assert.deepEqual(attached.since(), [
    'page No answer from the engine',
    '{"kind":"failed","what":"The window could not be loaded: ERR_CONNECTION_REFUSED (-102)."}',
  ]);
  attached.window().command('retry');
  attached.window().loaded();
  attached.since();
  attached.window().unreachable('ERR_CONNECTION_REFUSED (-102)');
  assert.deepEqual(attached.since(), ['page No answer from the engine']);
  const own = bench();
  own.tell({ kind: 'running', url: URL_1 });
  own.tell({ kind: 'waiting', delayMs: 1, what: 'It ended.' });
  own.since();
  own.window().unreachable('ERR_CONNECTION_REFUSED (-102)');
  assert.deepEqual(own.since(), []);
});

test('the menu reaches the page as messages', () => {
  const { since, sent, tell, choose } = bench();
  tell({ kind: 'running', url: URL_1 });
  since();
  for (const action of ['export', 'keys', 'reload', 'zoom-in', 'zoom-out', 'zoom-reset', 'full-screen'] as const)
    choose(action);
  assert.deepEqual(sent, [{ kind: 'export' }, { kind: 'keys' }]);
  assert.deepEqual(since(), ['reload', 'zoom 1', 'zoom -1', 'zoom 0', 'full screen']);
});

test('a second start comes to the front, or opens a window on its engine; the last window ends it', async () => {
  const { application, since, windows, exited } = bench({ engineUrl: URL_1, smoke: false });
  since();
  application.handedOver({ smoke: false });
  application.handedOver({ engineUrl: URL_2, smoke: false });
  assert.deepEqual(since(), ['front', 'window 1440×900', `engine ${URL_2}`]);
  windows[0]?.closed(PLACE);
  assert.deepEqual(since(), []);
  windows[1]?.closed(PLACE);
  await exited;
  assert.deepEqual(since(), ['exit 0']);
});

test('one folder dialog at a time, above the window that was worked in last', async () => {
  const { application, since, windows, choose } = bench({ smoke: false }, { dialogStays: true });
  application.handedOver({ engineUrl: URL_2, smoke: false });
  since();
  choose('open-folder');
  assert.deepEqual(since(), [], 'the engine of the second window is not ours to start elsewhere');
  windows[0]?.focused();
  for (let n = 0; n < 3; n++) choose('open-folder');
  await new Promise(setImmediate);
  assert.deepEqual(since(), ['ask folder in window 1']);
});

test('a dialog over a running engine stops the arm first, because it covers the Stop button', async () => {
  const { since, sent, tell, choose } = bench({ smoke: false }, { dialogStays: true });
  tell({ kind: 'running', url: URL_1 });
  since();
  choose('open-folder');
  assert.deepEqual(sent, [{ kind: 'stop' }]);
  assert.deepEqual(since(), ['ask folder in window 1']);
});

test('a log that cannot be opened is told, with where it is: in a dialog, or in the page of a running engine', async () => {
  const { since, sent, tell, choose } = bench({ smoke: false }, { openProblem: 'Failed to open path' });
  since();
  choose('show-log');
  await new Promise(setImmediate);
  assert.deepEqual(since(), [
    'open /logs/engine.log',
    'tell in window 1: The log could not be opened. Failed to open path. The log is the file /logs/engine.log',
  ]);
  tell({ kind: 'running', url: URL_1 });
  since();
  choose('show-log');
  await new Promise(setImmediate);
  assert.deepEqual(since(), ['open /logs/engine.log']);
  const text = 'The log could not be opened. Failed to open path. The log is the file /logs/engine.log';
  assert.deepEqual(sent, [{ kind: 'notice', level: 'error', text }]);
});

test('a signal: the windows go, the engine stops, and the shell ends, without another turn of the event loop', () => {
  const { application, since, tell, saved } = bench();
  tell({ kind: 'running', url: URL_1 });
  since();
  application.quitBlocking((ms) => assert.ok(ms > 0));
  assert.deepEqual(since(), ['destroy', 'stopped', 'exit at once 0']);
  assert.deepEqual(saved.at(-1)?.bounds, PLACE.bounds);
});
