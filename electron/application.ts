/**
 * What the shell does, free of Electron: one window per engine, the shell's own engine kept alive, the menu, the memory of
 * where the window was. No robot logic: it starts, shows, restarts and stops.
 */
import type { Clock } from '../main/api/clock.ts';
import type { ShellRequest } from './arguments.ts';
import type { EngineProcess, EngineState } from './engine-process.ts';
import { type MenuAction, menuModel } from './menu-model.ts';
import type { ShellCommand } from './navigation-policy.ts';
import { failurePage, startingPage } from './pages.ts';
import { afterCrash, PAGE_RULES } from './restart-policy.ts';
import type { Shell, ShellWindow } from './shell.ts';
import { placeWindow, type ShellState } from './window-state.ts';

export interface ApplicationParts {
  readonly shell: Shell;
  readonly clock: Clock;
  readonly request: ShellRequest;
  readonly macOs: boolean;
  readonly development: boolean;
  readonly productName: string;
  /** Makes the shell's own engine for a project folder (the engine's default folder when undefined). Not started yet. */
  readonly createEngine: (folder: string | undefined, changed: (state: EngineState) => void) => EngineProcess;
  readonly logFile: string;
  readonly loadState: () => ShellState;
  readonly saveState: (state: ShellState) => void;
  /** One line for whoever started the shell. */
  readonly report: (line: Readonly<Record<string, unknown>>) => void;
}

export interface Application {
  /** A second start of the program. */
  handedOver(request: ShellRequest): void;
  /** Stops the engine, then ends. Asking twice is harmless. */
  quit(): Promise<void>;
  /** Quits without a turn of the event loop. `pause` blocks the thread. */
  quitBlocking(pause: (ms: number) => void): void;
}

interface Open {
  readonly window: ShellWindow;
  /** The engine this window is attached to; undefined: the shell's own. */
  readonly attachedTo: string | undefined;
  engineShown: boolean;
  pageCrashes: number;
  shownSinceMs: number;
  /** Told to the page once it is there. */
  notice: string | undefined;
  /** True while a dialog of this window is open. A second dialog would only cover it. */
  asking: boolean;
}

export function startApplication(parts: ApplicationParts): Application {
  const { shell, clock, request } = parts;
  let remembered = parts.loadState();
  let folder = request.projectFolder ?? remembered.projectFolder;
  let engine: EngineProcess | undefined;
  let engineShownBefore = false;
  /** True once a page has loaded. The program that started the shell then needs no other window. */
  let everLoaded = false;
  let quitting: Promise<void> | undefined;
  const open = new Set<Open>();

  const remember = (change: Partial<ShellState>) => {
    remembered = { ...remembered, ...change };
    parts.saveState(remembered);
  };
  const ownWindow = () => [...open].find((entry) => entry.attachedTo === undefined);
  /** The menu acts on the window used last, so the windows are kept in that order. */
  const front = () => [...open].at(-1);

  const showEngine = (entry: Open, url: string) => {
    entry.engineShown = true;
    entry.shownSinceMs = clock.nowMs();
    entry.window.showEngine(url);
    refreshMenu();
  };
  const showFailure = (entry: Open, title: string, what: string, remedy: string) => {
    entry.engineShown = false;
    const ownsEngine = entry.attachedTo === undefined;
    const logTail = ownsEngine ? (engine?.logTail() ?? []) : [];
    entry.window.showPage(failurePage({ title, what, remedy, logTail, ownsEngine }));
    refreshMenu();
    // The engine that opened this window can still open one elsewhere, so the failure is reported to it.
    if (!ownsEngine && !everLoaded) parts.report({ kind: 'failed', what });
  };

  const engineChanged = (state: EngineState) => {
    const entry = ownWindow();
    if (!entry || quitting) return;
    switch (state.kind) {
      case 'starting':
        // A window that already shows an engine's page says by itself that the link is lost.
        if (!entry.engineShown) entry.window.showPage(startingPage());
        return;
      case 'running':
        if (engineShownBefore)
          entry.notice = 'The engine stopped and was started again. The arm holds; the step in flight may be lost.';
        engineShownBefore = true;
        showEngine(entry, state.url);
        return;
      case 'waiting':
        if (!entry.engineShown) entry.window.showPage(startingPage(`${state.what} Starting it again.`));
        return;
      case 'failed':
        showFailure(entry, 'The engine is not running', state.what, state.remedy);
        return;
      case 'stopped':
        return;
      default:
        state satisfies never;
    }
  };

  const startEngine = () => {
    engineShownBefore = false;
    engine = parts.createEngine(folder, engineChanged);
    engine.start();
  };

  const retry = (entry: Open) => {
    entry.pageCrashes = 0;
    if (entry.attachedTo !== undefined) return showEngine(entry, entry.attachedTo);
    const state = engine?.state();
    if (state?.kind === 'running') showEngine(entry, state.url);
    else engine?.start();
  };

  /** Shows one dialog at a time. Does nothing while one is open. */
  const inDialog = (entry: Open, ask: () => Promise<void>) => {
    if (entry.asking) return;
    entry.asking = true;
    ask()
      .catch((error: unknown) => console.error(`A dialog could not be shown: ${String(error)}`))
      .finally(() => {
        entry.asking = false;
      });
  };

  const openFolder = async (entry: Open) => {
    // The dialog hides the Stop button and takes the Escape key, so the arm stops first.
    if (entry.engineShown) entry.window.send({ kind: 'stop' });
    const chosen = await entry.window.chooseFolder('Open project folder', folder);
    if (chosen === undefined || quitting) return;
    const busy = engine?.state().kind === 'running';
    const agreed =
      !busy ||
      (await entry.window.confirm({
        message: 'Open another project folder?',
        detail: `The engine starts again on ${chosen}. A running episode ends where it is, and a running fine-tuning run stops; what is stored stays.`,
        yes: 'Open folder',
        no: 'Cancel',
      }));
    if (!agreed || quitting) return;
    folder = chosen;
    remember({ projectFolder: chosen });
    entry.engineShown = false;
    entry.window.showPage(startingPage());
    await engine?.stop();
    if (!quitting) startEngine();
  };

  const showLog = async (entry: Open) => {
    const problem = await shell.openFile(parts.logFile);
    if (problem === undefined || quitting) return;
    const what = 'The log could not be opened.';
    const detail = `${problem}. The log is the file ${parts.logFile}`;
    if (entry.engineShown) entry.window.send({ kind: 'notice', level: 'error', text: `${what} ${detail}` });
    else await entry.window.tell(what, detail);
  };

  const command = (entry: Open, name: ShellCommand) => {
    switch (name) {
      case 'retry':
        return retry(entry);
      case 'open-folder':
        if (entry.attachedTo === undefined) inDialog(entry, () => openFolder(entry));
        return;
      case 'show-log':
        return inDialog(entry, () => showLog(entry));
      case 'quit':
        void quit();
        return;
      default:
        name satisfies never;
    }
  };

  const chosen = (action: MenuAction) => {
    const entry = front();
    if (!entry) return;
    switch (action) {
      case 'open-folder':
      case 'show-log':
        return command(entry, action);
      case 'export':
      case 'keys':
        return entry.window.send({ kind: action });
      case 'reload':
        return entry.window.reload();
      case 'zoom-in':
        return entry.window.zoom(1);
      case 'zoom-out':
        return entry.window.zoom(-1);
      case 'zoom-reset':
        return entry.window.zoom(0);
      case 'full-screen':
        return entry.window.toggleFullScreen();
      case 'developer-tools':
        return entry.window.toggleDeveloperTools();
      default:
        action satisfies never;
    }
  };

  const refreshMenu = () => {
    const entry = front();
    const facts = {
      macOs: parts.macOs,
      productName: parts.productName,
      ownsEngine: entry?.attachedTo === undefined,
      engineShown: entry?.engineShown ?? false,
      development: parts.development,
    };
    shell.setMenu(menuModel(facts), chosen);
  };

  const crashed = (entry: Open, reason: string) => {
    const next = afterCrash(PAGE_RULES, entry.pageCrashes, clock.nowMs() - entry.shownSinceMs);
    entry.pageCrashes = next.crashes;
    if (next.kind === 'give-up') {
      const remedy =
        'The engine was not touched and goes on by its own rules. Try again, or update the graphics driver.';
      return showFailure(
        entry,
        'The window keeps stopping',
        `The window's page ended ${next.crashes} times: ${reason}.`,
        remedy,
      );
    }
    entry.notice = `The window's page stopped (${reason}) and was loaded again.`;
    clock.at(clock.nowMs() + next.delayMs, () => {
      if (!open.has(entry) || !entry.engineShown) return;
      entry.shownSinceMs = clock.nowMs();
      entry.window.reload();
    });
  };

  const openWindow = (attachedTo: string | undefined): Open => {
    const window = shell.openWindow(placeWindow(remembered, shell.displays()), {
      loaded: () => {
        if (!entry.engineShown) return;
        if (entry.notice !== undefined) entry.window.send({ kind: 'notice', level: 'warning', text: entry.notice });
        entry.notice = undefined;
        everLoaded = true;
        parts.report({ kind: 'loaded' });
        if (request.smoke) void quit();
      },
      unreachable: (reason) => {
        if (!entry.engineShown || quitting) return;
        // Its own engine's life decides what is shown next; an attached one is out of our hands.
        if (attachedTo === undefined && engine?.state().kind !== 'running') return;
        showFailure(
          entry,
          'No answer from the engine',
          `The window could not be loaded: ${reason}.`,
          'Is "npx takeover serve" still running? Start it again, or try again.',
        );
      },
      crashed: (reason) => crashed(entry, reason),
      command: (name) => command(entry, name),
      focused: () => {
        if (front() === entry || !open.delete(entry)) return;
        open.add(entry);
        refreshMenu();
      },
      closed: (last) => {
        open.delete(entry);
        remember(last);
        if (open.size === 0) void quit();
        else refreshMenu();
      },
    });
    const entry: Open = {
      window,
      attachedTo,
      engineShown: false,
      pageCrashes: 0,
      shownSinceMs: clock.nowMs(),
      notice: undefined,
      asking: false,
    };
    open.add(entry);
    refreshMenu();
    if (attachedTo !== undefined) showEngine(entry, attachedTo);
    else entry.window.showPage(startingPage());
    return entry;
  };

  const quit = (): Promise<void> => {
    quitting ??= (async () => {
      const entry = front();
      if (entry) remember(entry.window.bounds());
      await engine?.stop();
      shell.exit(0);
    })();
    return quitting;
  };

  const quitBlocking = (pause: (ms: number) => void) => {
    const entry = front();
    if (entry) remember(entry.window.bounds());
    quitting ??= Promise.resolve();
    for (const { window } of [...open]) window.destroy();
    engine?.stopBlocking(pause);
    shell.exitAtOnce(0);
  };

  openWindow(request.engineUrl);
  if (request.engineUrl === undefined) startEngine();

  return {
    handedOver: (next) => {
      if (quitting) return;
      if (next.engineUrl !== undefined) openWindow(next.engineUrl);
      else front()?.window.toFront();
    },
    quit,
    quitBlocking,
  };
}
