/** Finds installed Chromium-family browsers, which can show a page as an app window (`--app=`). Best first. */
import { join, posix, win32 } from 'node:path';
import type { Host } from './host.ts';

export interface Browser {
  readonly name: string;
  readonly path: string;
  /** Installed as a snap, which may write only below its own folder. */
  readonly snap: boolean;
}

const LINUX: readonly (readonly [name: string, command: string])[] = [
  ['Google Chrome', 'google-chrome-stable'],
  ['Google Chrome', 'google-chrome'],
  ['Chromium', 'chromium'],
  ['Chromium', 'chromium-browser'],
  ['Microsoft Edge', 'microsoft-edge-stable'],
  ['Microsoft Edge', 'microsoft-edge'],
  ['Brave', 'brave-browser'],
  ['Vivaldi', 'vivaldi-stable'],
];
const LINUX_FOLDERS = ['/usr/bin', '/usr/local/bin', '/snap/bin', '/opt/google/chrome'];
const MAC = ['Google Chrome', 'Chromium', 'Microsoft Edge', 'Brave Browser', 'Vivaldi'];
const WINDOWS: readonly (readonly [name: string, path: string])[] = [
  ['Google Chrome', 'Google\\Chrome\\Application\\chrome.exe'],
  ['Chromium', 'Chromium\\Application\\chrome.exe'],
  ['Microsoft Edge', 'Microsoft\\Edge\\Application\\msedge.exe'],
  ['Brave', 'BraveSoftware\\Brave-Browser\\Application\\brave.exe'],
];

function candidates(host: Host): readonly Browser[] {
  if (host.platform === 'darwin')
    return ['/Applications', join(host.home, 'Applications')].flatMap((folder) =>
      MAC.map((name) => ({ name, path: `${folder}/${name}.app/Contents/MacOS/${name}`, snap: false })),
    );
  if (host.platform === 'win32') {
    const folders = ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap(
      (name) => host.environment[name] ?? [],
    );
    return WINDOWS.flatMap(([name, path]) =>
      folders.map((folder) => ({ name, path: win32.join(folder, path), snap: false })),
    );
  }
  const folders = [
    ...(host.environment['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/')),
    ...LINUX_FOLDERS,
  ];
  return LINUX.flatMap(([name, command]) =>
    folders.map((folder) => {
      const path = posix.join(folder, command);
      const real = host.realPath(path);
      // Ubuntu's /usr/bin/chromium-browser is a script that starts the snap.
      const script = command === 'chromium-browser' && host.exists('/snap/bin/chromium');
      return { name, path, snap: script || /^\/snap\/|\/snap$/.test(real) || path.startsWith('/snap/') };
    }),
  );
}

/** Looks for the files of the browsers. Starts nothing. */
export function findBrowsers(host: Host): readonly Browser[] {
  const named = host.environment['TAKEOVER_BROWSER'];
  const chosen: readonly Browser[] = named
    ? [{ name: 'TAKEOVER_BROWSER', path: named, snap: named.startsWith('/snap/') }]
    : [];
  const seen = new Set<string>();
  return [...chosen, ...candidates(host)].filter((browser) => {
    const real = host.realPath(browser.path);
    if (seen.has(real) || !host.isExecutable(browser.path)) return false;
    seen.add(real);
    return true;
  });
}

/** Returns a separate profile folder, so that the window does not touch the person's own profile. */
export function profileFolder(host: Host, browser: Browser): string {
  if (browser.snap) return join(host.home, 'snap/chromium/common/takeover-window');
  if (host.platform === 'darwin') return join(host.home, 'Library/Caches/Takeover/window');
  if (host.platform === 'win32') return win32.join(host.environment['LOCALAPPDATA'] ?? host.home, 'Takeover', 'window');
  return join(host.environment['XDG_CACHE_HOME'] || join(host.home, '.cache'), 'takeover', 'window');
}
