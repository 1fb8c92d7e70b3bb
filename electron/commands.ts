/** Carries out the entries of the menu, and the links of the shell's own pages. */

import type { OwnEngine } from './engine/own-engine.ts';
import type { MenuAction } from './menu-model.ts';
import type { Shell } from './shell.ts';
import type { ShellCommand } from './window/navigation-policy.ts';
import type { OpenWindow, OpenWindows } from './window/open-windows.ts';
import { startingPage } from './window/pages.ts';

export interface CommandParts {
  readonly shell: Shell;
  readonly windows: OpenWindows;
  readonly engine: OwnEngine;
  readonly logFile: string;
  /** The project folder of the shell's own engine. */
  readonly folder: () => string | undefined;
  readonly folderChosen: (folder: string) => void;
  readonly isQuitting: () => boolean;
  readonly quit: () => void;
}

export function runCommand(parts: CommandParts, entry: OpenWindow, name: ShellCommand): void {
  switch (name) {
    case 'retry':
      entry.pageCrashes = 0;
      if (entry.attachedTo === undefined) parts.engine.retry(entry);
      else parts.windows.showEngine(entry, entry.attachedTo);
      break;
    case 'open-folder':
      if (entry.attachedTo === undefined) inDialog(entry, () => openFolder(parts, entry));
      break;
    case 'show-log':
      inDialog(entry, () => showLog(parts, entry));
      break;
    case 'quit':
      parts.quit();
      break;
    default:
      name satisfies never;
  }
}

/** Runs an entry of the menu on the window used last. */
export function runMenuAction(parts: CommandParts, action: MenuAction) {
  const entry = parts.windows.front();
  if (!entry) return;
  switch (action) {
    case 'open-folder':
    case 'show-log':
      return runCommand(parts, entry, action);
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
}

/** Shows one dialog at a time. Does nothing while one is open. */
function inDialog(entry: OpenWindow, ask: () => Promise<void>): void {
  if (entry.asking) return;
  entry.asking = true;
  ask()
    .catch((error: unknown) => console.error(`A dialog could not be shown: ${String(error)}`))
    .finally(() => {
      entry.asking = false;
    });
}

async function openFolder({ engine, folder, folderChosen, isQuitting }: CommandParts, entry: OpenWindow) {
  // The dialog hides the Stop button and takes the Escape key, so the arm stops first.
  if (entry.engineShown) entry.window.send({ kind: 'stop' });
  const chosen = await entry.window.chooseFolder('Open project folder', folder());
  if (chosen === undefined || isQuitting()) return;
  const agreed =
    !engine.isRunning() ||
    (await entry.window.confirm({
      message: 'Open another project folder?',
      detail: `The engine starts again on ${chosen}. A running episode ends where it is, and a running fine-tuning run stops; what is stored stays.`,
      yes: 'Open folder',
      no: 'Cancel',
    }));
  if (!agreed || isQuitting()) return;
  folderChosen(chosen);
  entry.engineShown = false;
  entry.window.showPage(startingPage());
  await engine.stop();
  if (!isQuitting()) engine.startOn(chosen);
}

async function showLog({ shell, logFile, isQuitting }: CommandParts, entry: OpenWindow) {
  const problem = await shell.openFile(logFile);
  if (problem === undefined || isQuitting()) return;
  const what = 'The log could not be opened.';
  const detail = `${problem}. The log is the file ${logFile}`;
  if (entry.engineShown) entry.window.send({ kind: 'notice', level: 'error', text: `${what} ${detail}` });
  else await entry.window.tell(what, detail);
}
