/**
 * The interface between the shell's logic and Electron. `electron-shell.ts` implements it over Electron, and tests with
 * a fake. `application.ts` and everything that it uses know only this interface.
 */
import type { Menu, MenuAction } from './menu-model.ts';
import type { ShellCommand } from './window/navigation-policy.ts';
import type { Placement, Rectangle } from './window/window-state.ts';

/** A message to the page, as a DOM event `takeover:shell`. It goes one way, so no preload script is needed. */
export type PageMessage =
  | { readonly kind: 'export' }
  | { readonly kind: 'keys' }
  | { readonly kind: 'zoom'; readonly step: -1 | 0 | 1 }
  /** Stops the arm before a dialog covers the window and its Stop button. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'notice'; readonly level: 'info' | 'warning' | 'error'; readonly text: string };

export interface WindowPlace {
  readonly bounds: Rectangle;
  readonly maximised: boolean;
}

export interface WindowEvents {
  /** Called when the page is on the screen. */
  loaded(): void;
  /** Called when the page could not be loaded. */
  unreachable(reason: string): void;
  /** Called when the page's process died. */
  crashed(reason: string): void;
  /** Called for a link on one of the shell's own pages. */
  command(command: ShellCommand): void;
  /** Called when the person starts to work in this window. */
  focused(): void;
  /** Called when the window is closed, with its last place. */
  closed(last: WindowPlace): void;
}

interface Question {
  readonly message: string;
  readonly detail: string;
  readonly yes: string;
  readonly no: string;
}

export interface ShellWindow {
  /** Shows the engine's page and locks the window to its origin. */
  showEngine(url: string): void;
  /** Shows a page of the shell itself, which runs no script and fetches nothing. */
  showPage(html: string): void;
  send(message: PageMessage): void;
  reload(): void;
  toFront(): void;
  /** Zooms by one step. 0 goes back to actual size. */
  zoom(step: -1 | 0 | 1): void;
  toggleFullScreen(): void;
  toggleDeveloperTools(): void;
  /**
   * Resolves with the folder that the person chose, or `undefined` when they cancelled. Every dialog stays above its
   * window and blocks it.
   */
  chooseFolder(title: string, startAt: string | undefined): Promise<string | undefined>;
  confirm(question: Question): Promise<boolean>;
  /** Shows that something did not work. */
  tell(message: string, detail: string): Promise<void>;
  bounds(): WindowPlace;
  /** Closes the window at once, without asking its page. `closed` follows. */
  destroy(): void;
}

export interface Shell {
  openWindow(placement: Placement, events: WindowEvents): ShellWindow;
  /** Returns the work areas of the displays, main display first. */
  displays(): readonly Rectangle[];
  setMenu(menus: readonly Menu[], chosen: (action: MenuAction) => void): void;
  /** Opens the file in the system's own program. Resolves with the reason when that did not work. */
  openFile(path: string): Promise<string | undefined>;
  /** Ends the shell's process. */
  exit(code: number): void;
  /** Exits without another turn of the event loop. */
  exitAtOnce(code: number): void;
}
