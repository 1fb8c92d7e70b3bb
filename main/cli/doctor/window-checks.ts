/** Checks for the operator's window: a display, Electron, a browser, and whether the window is built. */
import { findBrowsers } from '../launch/find-browser.ts';
import { findElectron } from '../launch/find-electron.ts';
import { hasDisplay } from '../launch/host.ts';
import { type Check, info, ok, warn } from './check.ts';
import type { Probes } from './probes.ts';

export function checkWindow({ host, root, windowBuild }: Probes): readonly Check[] {
  const electron = findElectron(host, root);
  const browsers = findBrowsers(host);
  const display = hasDisplay(host);
  const canShow = electron.kind === 'present' || browsers.length > 0;
  return [
    display
      ? ok('display', host.environment['WAYLAND_DISPLAY'] ? 'Wayland' : (host.environment['DISPLAY'] ?? 'present'))
      : warn(
          'display',
          'none (neither DISPLAY nor WAYLAND_DISPLAY is set)',
          'Open the URL that "npx takeover serve" prints in a browser on this machine, or forward its port: ssh -L.',
        ),
    electron.kind === 'present'
      ? ok('electron', `${electron.version ?? 'binary'} at ${electron.path}`)
      : info(
          'electron',
          `not here: ${electron.why}`,
          'node node_modules/electron/install.js fetches it; a browser serves as well.',
        ),
    browsers.length > 0
      ? ok('browser', browsers.map((browser) => `${browser.name}: ${browser.path}`).join('\n'))
      : (canShow || !display ? info : warn)(
          'browser',
          'no Chrome, Chromium or Edge found',
          'Install one for a window of its own, or open the printed URL in any browser. TAKEOVER_BROWSER names one elsewhere.',
        ),
    buildCheck(windowBuild()),
  ];
}

function buildCheck(state: ReturnType<Probes['windowBuild']>): Check {
  switch (state) {
    case 'fresh':
    case 'prebuilt':
      return ok('window', 'built');
    case 'stale':
      return info('window', 'older than its sources', '"npx takeover serve --window" builds it, or npm run build.');
    case 'missing':
      return info('window', 'not built yet', '"npx takeover serve --window" builds it, or npm run build.');
  }
}
