/** Finds Electron's binary by its files, because requiring the package `electron` would start a download. */
import { join } from 'node:path';
import type { Host } from './host.ts';

export type ElectronFound =
  | { readonly kind: 'present'; readonly path: string; readonly version: string | undefined }
  | { readonly kind: 'absent'; readonly why: string };

const EXECUTABLE: Partial<Record<NodeJS.Platform, string>> = {
  darwin: 'Electron.app/Contents/MacOS/Electron',
  win32: 'electron.exe',
};

/** `root`: the folder of package.json. */
export function findElectron(host: Host, root: string): ElectronFound {
  const executable = EXECUTABLE[host.platform] ?? 'electron';
  const named = host.environment['ELECTRON_PATH'];
  if (named !== undefined && named !== '')
    return host.isExecutable(named)
      ? { kind: 'present', path: named, version: undefined }
      : { kind: 'absent', why: `ELECTRON_PATH names ${named}, which is no program` };
  const overridden = host.environment['ELECTRON_OVERRIDE_DIST_PATH'];
  const dist = overridden || join(root, 'node_modules/electron/dist');
  const path = join(dist, executable);
  if (!host.isExecutable(path)) return { kind: 'absent', why: 'its binary has not been fetched yet' };
  const version = host.read(join(dist, 'version'))?.trim().replace(/^v/, '');
  // The installer writes path.txt last: without it, unpacking was cut short.
  if (!overridden && host.read(join(root, 'node_modules/electron/path.txt')) !== executable)
    return { kind: 'absent', why: 'its binary was not unpacked to the end' };
  const packageJson = host.read(join(root, 'node_modules/electron/package.json')) ?? '';
  const wanted = /"version":\s*"([^"]+)"/.exec(packageJson)?.[1];
  if (!overridden && wanted !== undefined && version !== wanted)
    return { kind: 'absent', why: `its binary is ${version ?? 'unfinished'}, and ${wanted} is wanted` };
  return { kind: 'present', path, version };
}
