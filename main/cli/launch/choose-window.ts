/**
 * Chooses the window that shows the engine: Electron, else an installed browser as an app window, else the printed URL.
 */
import { join } from 'node:path';
import { asArgument, QUIET_SWITCHES } from '../../api/processes/chromium-switches.ts';
import { type Browser, findBrowsers, profileFolder } from './find-browser.ts';
import { findElectron } from './find-electron.ts';
import { type Host, hasDisplay } from './host.ts';

export type WindowChoice =
  | {
      readonly kind: 'electron';
      readonly path: string;
      readonly argv: readonly string[];
      /** Holds the engine's URL, because an environment is private to the user and a command line is not. */
      readonly environment: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'browser'; readonly name: string; readonly path: string; readonly argv: readonly string[] }
  | { readonly kind: 'url'; readonly why: string };

/**
 * `choices`: best first. The last is always the URL, so that each failure has a next step. `fetchElectron`: fetch
 * Electron's binary for the next start.
 */
export function chooseWindow(
  host: Host,
  root: string,
  url: string,
): { readonly choices: readonly WindowChoice[]; readonly fetchElectron: boolean } {
  if (!hasDisplay(host)) {
    const why = 'there is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set)';
    return { choices: [{ kind: 'url', why }], fetchElectron: false };
  }
  const electron = findElectron(host, root);
  const browsers = findBrowsers(host);
  const noSandbox = host.isRoot && host.platform === 'linux' ? ['--no-sandbox'] : [];
  const shell: readonly WindowChoice[] =
    electron.kind === 'present'
      ? [
          {
            kind: 'electron',
            path: electron.path,
            argv: [...noSandbox, root],
            environment: { TAKEOVER_ENGINE_URL: url },
          },
        ]
      : [];
  const windows: readonly WindowChoice[] = browsers.map((browser) => ({
    kind: 'browser',
    name: browser.name,
    path: browser.path,
    argv: [...browserArguments(host, browser, url), ...noSandbox],
  }));
  const skip = ['CI', 'ELECTRON_SKIP_BINARY_DOWNLOAD', 'TAKEOVER_NO_FETCH'].some((name) => host.environment[name]);
  const why =
    electron.kind === 'absent'
      ? `Electron cannot be used (${electron.why}) and no Chrome, Chromium or Edge was found`
      : 'no window could be opened';
  return {
    choices: [...shell, ...windows, { kind: 'url', why }],
    fetchElectron: electron.kind === 'absent' && !skip && host.exists(join(root, 'node_modules/electron/install.js')),
  };
}

function browserArguments(host: Host, browser: Browser, url: string): readonly string[] {
  return [
    `--app=${url}`,
    `--user-data-dir=${profileFolder(host, browser)}`,
    '--no-first-run',
    '--no-default-browser-check',
    '--window-size=1440,900',
    // The heartbeat of the window that holds the controls must not slow down behind another window.
    '--disable-background-timer-throttling',
    '--disable-backgrounding-occluded-windows',
    '--disable-renderer-backgrounding',
    ...QUIET_SWITCHES.map(asArgument),
  ];
}
