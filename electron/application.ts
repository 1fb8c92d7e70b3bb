/**
 * The shell without Electron: one window per engine, the shell's own engine kept alive, the menu, and the remembered
 * place of the window. It holds no robot logic.
 */
import type { Clock } from '../main/api/clock.ts';
import type { ShellRequest } from './arguments.ts';
import { type CommandParts, runCommand, runMenuAction } from './commands.ts';
import type { EngineProcess, EngineState } from './engine/engine-process.ts';
import { createOwnEngine, type OwnEngine } from './engine/own-engine.ts';
import { afterCrash, PAGE_RULES } from './engine/restart-policy.ts';
import type { Shell, WindowEvents } from './shell.ts';
import { createOpenWindows, type OpenWindow, type OpenWindows } from './window/open-windows.ts';
import { startingPage } from './window/pages.ts';
import { placeWindow, type ShellState } from './window/window-state.ts';

interface ApplicationParts {
  readonly shell: Shell;
  readonly clock: Clock;
  readonly request: ShellRequest;
  readonly macOs: boolean;
  readonly development: boolean;
  readonly productName: string;
  /**
   * Makes an engine process, not started yet, for a project folder. `undefined` stands for the engine's default
   * folder.
   */
  readonly createEngine: (folder: string | undefined, changed: (state: EngineState) => void) => EngineProcess;
  readonly logFile: string;
  readonly loadState: () => ShellState;
  readonly saveState: (state: ShellState) => void;
  /** Prints one line for the program that started the shell. */
  readonly report: (line: Readonly<Record<string, unknown>>) => void;
}

export interface Application {
  /** Handles the request of a second start of the program. */
  handedOver(request: ShellRequest): void;
  /** Stops the engine, then ends the shell. Calling it twice is harmless. */
  quit(): Promise<void>;
  /** Quits without a turn of the event loop. `pause` blocks the thread. */
  quitBlocking(pause: (ms: number) => void): void;
}

export function startApplication(parts: ApplicationParts): Application {
  const { shell, clock, request } = parts;
  let remembered = parts.loadState();
  let folder = request.projectFolder ?? remembered.projectFolder;
  let quitting: Promise<void> | undefined;
  const isQuitting = () => quitting !== undefined;
  const remember = (change: Partial<ShellState>) => {
    remembered = { ...remembered, ...change };
    parts.saveState(remembered);
  };
  const rememberPlace = () => {
    const entry = windows.front();
    if (entry) remember(entry.window.bounds());
  };

  const windows: OpenWindows = createOpenWindows(
    parts,
    (action) => runMenuAction(commands, action),
    () => engine.logTail(),
  );
  const engine: OwnEngine = createOwnEngine({ createEngine: parts.createEngine, windows, isQuitting });
  const quit = () => {
    quitting ??= (async () => {
      rememberPlace();
      await engine.stop();
      shell.exit(0);
    })();
    return quitting;
  };
  const commands: CommandParts = {
    shell,
    windows,
    engine,
    logFile: parts.logFile,
    folder: () => folder,
    folderChosen: (chosen) => {
      folder = chosen;
      remember({ projectFolder: chosen });
    },
    isQuitting,
    quit: () => void quit(),
  };
  const openWindow = (attachedTo: string | undefined) => {
    const placement = placeWindow(remembered, shell.displays());
    const closed = (last: Partial<ShellState>) => {
      remember(last);
      if (windows.all().length === 0) void quit();
    };
    const events = windowEvents(() => entry, { commands, clock, smoke: request.smoke, closed });
    const entry: OpenWindow = windows.add(shell.openWindow(placement, events), attachedTo);
    if (attachedTo === undefined) entry.window.showPage(startingPage());
    else windows.showEngine(entry, attachedTo);
  };

  openWindow(request.engineUrl);
  if (request.engineUrl === undefined) engine.startOn(folder);
  return {
    handedOver: (next) => {
      if (isQuitting()) return;
      if (next.engineUrl !== undefined) openWindow(next.engineUrl);
      else windows.front()?.window.toFront();
    },
    quit,
    quitBlocking: (pause) => {
      rememberPlace();
      quitting ??= Promise.resolve();
      for (const { window } of windows.all()) window.destroy();
      engine.stopBlocking(pause);
      shell.exitAtOnce(0);
    },
  };
}

/** Reactions to the events of a window. `entryOf` returns the window, which is made after its events. */
function windowEvents(
  entryOf: () => OpenWindow,
  options: {
    readonly commands: CommandParts;
    readonly clock: Clock;
    readonly smoke: boolean;
    /** Called after the window has left the list. */
    readonly closed: (last: Partial<ShellState>) => void;
  },
): WindowEvents {
  const { commands, clock } = options;
  const { windows, engine, isQuitting } = commands;
  return {
    loaded: () => {
      if (!entryOf().engineShown) return;
      windows.pageLoaded(entryOf());
      if (options.smoke) commands.quit();
    },
    unreachable: (reason) => {
      const entry = entryOf();
      if (!entry.engineShown || isQuitting()) return;
      // The state of the shell's own engine decides what its window shows. An attached engine is not the shell's.
      if (entry.attachedTo === undefined && !engine.isRunning()) return;
      windows.showFailure(entry, {
        title: 'No answer from the engine',
        what: `The window could not be loaded: ${reason}.`,
        remedy: 'Is "npx takeover serve" still running? Start it again, or try again.',
      });
    },
    crashed: (reason) => reloadAfterCrash(windows, clock, entryOf(), reason),
    command: (name) => runCommand(commands, entryOf(), name),
    focused: () => windows.used(entryOf()),
    closed: (last) => {
      windows.remove(entryOf());
      options.closed(last);
    },
  };
}

/** Loads the page again after its process died, later each time, until it is given up. */
function reloadAfterCrash(windows: OpenWindows, clock: Clock, entry: OpenWindow, reason: string): void {
  const next = afterCrash(PAGE_RULES, entry.pageCrashes, clock.nowMs() - entry.shownSinceMs);
  entry.pageCrashes = next.crashes;
  switch (next.kind) {
    case 'give-up':
      windows.showFailure(entry, {
        title: 'The window keeps stopping',
        what: `The window's page ended ${next.crashes} times: ${reason}.`,
        remedy: 'The engine was not touched and goes on by its own rules. Try again, or update the graphics driver.',
      });
      break;
    case 'restart':
      entry.notice = `The window's page stopped (${reason}) and was loaded again.`;
      clock.at(clock.nowMs() + next.delayMs, () => {
        if (!windows.has(entry) || !entry.engineShown) return;
        entry.shownSinceMs = clock.nowMs();
        entry.window.reload();
      });
      break;
    default:
      next satisfies never;
  }
}
