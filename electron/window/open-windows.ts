/** The open windows, in the order of their last use, and what each shows. The menu acts on the window used last. */
import type { Clock } from '../../main/api/clock.ts';
import { type MenuAction, menuModel } from '../menu-model.ts';
import type { Shell, ShellWindow } from '../shell.ts';
import { type Failure, failurePage } from './pages.ts';

export interface OpenWindow {
  readonly window: ShellWindow;
  /** URL of the engine that this window is attached to; `undefined` for the shell's own engine. */
  readonly attachedTo: string | undefined;
  engineShown: boolean;
  /** Number of crashes of the page in a row. */
  pageCrashes: number;
  shownSinceMs: number;
  /** Sent to the page once it has loaded. */
  notice: string | undefined;
  /** True while a dialog of this window is open. A second dialog would only cover it. */
  asking: boolean;
}

export type OpenWindows = ReturnType<typeof createOpenWindows>;

interface WindowsParts {
  readonly shell: Shell;
  readonly clock: Clock;
  readonly macOs: boolean;
  readonly development: boolean;
  readonly productName: string;
  readonly report: (line: Readonly<Record<string, unknown>>) => void;
}

export function createOpenWindows(
  parts: WindowsParts,
  chosen: (action: MenuAction) => void,
  ownLogTail: () => readonly string[],
) {
  const { shell, clock, report } = parts;
  const open = new Set<OpenWindow>();
  /** True once a page has loaded. The program that started the shell then needs no other window. */
  let everLoaded = false;
  const front = () => [...open].at(-1);
  const refreshMenu = () => {
    const entry = front();
    const facts = { ownsEngine: entry?.attachedTo === undefined, engineShown: entry?.engineShown ?? false };
    shell.setMenu(menuModel({ ...parts, ...facts }), chosen);
  };
  return {
    /** Returns the window used last. */
    front,
    /** Returns the window of the shell's own engine. */
    own: (): OpenWindow | undefined => [...open].find((entry) => entry.attachedTo === undefined),
    all: (): readonly OpenWindow[] => [...open],
    has: (entry: OpenWindow): boolean => open.has(entry),
    add: (window: ShellWindow, attachedTo: string | undefined): OpenWindow => {
      const page = { engineShown: false, pageCrashes: 0, shownSinceMs: clock.nowMs(), notice: undefined };
      const entry = { window, attachedTo, ...page, asking: false };
      open.add(entry);
      refreshMenu();
      return entry;
    },
    remove: (entry: OpenWindow): void => {
      open.delete(entry);
      if (open.size > 0) refreshMenu();
    },
    /** Notes that the person works in this window now. */
    used: (entry: OpenWindow): void => {
      if (front() === entry || !open.delete(entry)) return;
      open.add(entry);
      refreshMenu();
    },
    /** Sends the notice that waits for the page, and reports that a page is on the screen. */
    pageLoaded: (entry: OpenWindow): void => {
      if (entry.notice !== undefined) entry.window.send({ kind: 'notice', level: 'warning', text: entry.notice });
      entry.notice = undefined;
      everLoaded = true;
      report({ kind: 'loaded' });
    },
    showEngine: (entry: OpenWindow, url: string): void => {
      entry.engineShown = true;
      entry.shownSinceMs = clock.nowMs();
      entry.window.showEngine(url);
      refreshMenu();
    },
    showFailure: (entry: OpenWindow, failure: Omit<Failure, 'ownsEngine' | 'logTail'>): void => {
      entry.engineShown = false;
      const ownsEngine = entry.attachedTo === undefined;
      entry.window.showPage(failurePage({ ...failure, ownsEngine, logTail: ownsEngine ? ownLogTail() : [] }));
      refreshMenu();
      // The engine that opened this window can still open one elsewhere, so the failure is reported to it.
      if (!ownsEngine && !everLoaded) report({ kind: 'failed', what: failure.what });
    },
  };
}
