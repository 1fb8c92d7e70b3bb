/** The open windows, in the order of their last use, and what each shows. The menu acts on the window used last. */
import type { Clock } from '../../main/api/clock.ts';
import { type MenuAction, menuModel } from '../menu-model.ts';
import type { Shell, ShellWindow } from '../shell.ts';
import { failurePage } from './pages.ts';

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

export interface OpenWindows {
  /** Returns the window used last. */
  front(): OpenWindow | undefined;
  /** Returns the window of the shell's own engine. */
  own(): OpenWindow | undefined;
  all(): readonly OpenWindow[];
  has(entry: OpenWindow): boolean;
  add(window: ShellWindow, attachedTo: string | undefined): OpenWindow;
  remove(entry: OpenWindow): void;
  /** Notes that the person works in this window now. */
  used(entry: OpenWindow): void;
  /** Sends the notice that waits for the page, and reports that a page is on the screen. */
  pageLoaded(entry: OpenWindow): void;
  showEngine(entry: OpenWindow, url: string): void;
  showFailure(
    entry: OpenWindow,
    failure: { readonly title: string; readonly what: string; readonly remedy: string },
  ): void;
}

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
): OpenWindows {
  const { shell, clock, report } = parts;
  const open = new Set<OpenWindow>();
  /** True once a page has loaded. The program that started the shell then needs no other window. */
  let everLoaded = false;
  const front = () => [...open].at(-1);
  const refreshMenu = () => {
    const entry = front();
    const menu = menuModel({
      macOs: parts.macOs,
      productName: parts.productName,
      development: parts.development,
      ownsEngine: entry?.attachedTo === undefined,
      engineShown: entry?.engineShown ?? false,
    });
    shell.setMenu(menu, chosen);
  };
  return {
    front,
    own: () => [...open].find((entry) => entry.attachedTo === undefined),
    all: () => [...open],
    has: (entry) => open.has(entry),
    add: (window, attachedTo) => {
      const shownSinceMs = clock.nowMs();
      const entry = {
        window,
        attachedTo,
        engineShown: false,
        pageCrashes: 0,
        shownSinceMs,
        notice: undefined,
        asking: false,
      };
      open.add(entry);
      refreshMenu();
      return entry;
    },
    remove: (entry) => {
      open.delete(entry);
      if (open.size > 0) refreshMenu();
    },
    used: (entry) => {
      if (front() === entry || !open.delete(entry)) return;
      open.add(entry);
      refreshMenu();
    },
    pageLoaded: (entry) => {
      if (entry.notice !== undefined) entry.window.send({ kind: 'notice', level: 'warning', text: entry.notice });
      entry.notice = undefined;
      everLoaded = true;
      report({ kind: 'loaded' });
    },
    showEngine: (entry, url) => {
      entry.engineShown = true;
      entry.shownSinceMs = clock.nowMs();
      entry.window.showEngine(url);
      refreshMenu();
    },
    showFailure: (entry, failure) => {
      entry.engineShown = false;
      const ownsEngine = entry.attachedTo === undefined;
      entry.window.showPage(failurePage({ ...failure, ownsEngine, logTail: ownsEngine ? ownLogTail() : [] }));
      refreshMenu();
      // The engine that opened this window can still open one elsewhere, so the failure is reported to it.
      if (!ownsEngine && !everLoaded) report({ kind: 'failed', what: failure.what });
    },
  };
}
