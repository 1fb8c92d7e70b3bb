/** The machine as the launcher and the doctor see it, as one injected value. `thisHost` is the real one. */
import { accessSync, constants, existsSync, readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';

export interface Host {
  readonly platform: NodeJS.Platform;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** True for the superuser, for whom Chromium's sandbox does not start. */
  readonly isRoot: boolean;
  exists(path: string): boolean;
  isExecutable(path: string): boolean;
  /** Returns `undefined` when the file cannot be read. */
  read(path: string): string | undefined;
  /** Follows links. Returns the path itself when that fails. */
  realPath(path: string): string;
}

export const thisHost: Host = {
  platform: process.platform,
  environment: process.env,
  home: homedir(),
  isRoot: process.getuid?.() === 0,
  exists: existsSync,
  isExecutable: (path) => {
    try {
      accessSync(path, process.platform === 'win32' ? constants.F_OK : constants.X_OK);
      return true;
    } catch {
      return false;
    }
  },
  read: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
  realPath: (path) => {
    try {
      return realpathSync(path);
    } catch {
      return path;
    }
  },
};

/** macOS and Windows always have a display; Linux says so in its environment. */
export function hasDisplay(host: Host): boolean {
  if (host.platform === 'darwin' || host.platform === 'win32') return true;
  return Boolean(host.environment['DISPLAY'] || host.environment['WAYLAND_DISPLAY']);
}
