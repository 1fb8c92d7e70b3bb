/**
 * Lays out the packaged program. `app` is the shell and becomes the asar. `engine` holds the engine with its own Node,
 * its packages and the built window. It lies beside the asar, because native libraries and worker threads need real
 * files.
 */
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { copyPackages, packageFolders, packageName } from './gather-packages.ts';
import { reachedModules } from './reached-modules.ts';
import { filesBelow, importsOf, reachableFrom, writeStripped } from './strip-types.ts';

const ENGINE_FOLDERS = ['main', 'native', 'data'];
/** Files that only a source tree needs: they build the window, or hold the projects of this machine. */
const NOT_IN_ENGINE = /^(main\/cli\/launch\/build-window-(process|now)\.ts$|data\/projects\/)/;

/**
 * `target`: the folder for `app` and `engine`. Both are created anew. The result's `left` holds names of .ts files in the
 * code that were not understood.
 */
export function gather(root: string, target: string = join(root, 'dist')) {
  const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const field = (name: string): unknown => Reflect.get(Object(manifest), name);
  const app = join(target, 'app');
  const engine = join(target, 'engine');
  for (const folder of [app, engine]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }
  const about = Object.fromEntries(['name', 'version', 'description', 'license'].map((name) => [name, field(name)]));
  const write = (folder: string, more: Readonly<Record<string, unknown>>) => {
    const content = { ...about, private: true, type: 'module', ...more };
    writeFileSync(join(folder, 'package.json'), `${JSON.stringify(content, null, 2)}\n`);
  };

  const shellFiles = [...reachableFrom(root, 'electron/main.ts'), 'electron/icon.png'];
  write(app, { productName: 'Takeover', main: 'electron/main.js' });
  const leftInApp = writeStripped(root, shellFiles, app);

  const engineFiles = ENGINE_FOLDERS.flatMap((folder) => filesBelow(root, folder)).filter(
    (file) => !NOT_IN_ENGINE.test(file),
  );
  write(engine, {});
  const leftInEngine = writeStripped(root, engineFiles, engine);
  const code = engineFiles.filter((file) => file.endsWith('.ts'));
  const folders = packageFolders(root, importedPackages(engine, code, field('dependencies')));
  copyPackages(root, folders, engine, reachedModules(root, code));

  const executable = process.platform === 'win32' ? 'node.exe' : 'node';
  mkdirSync(join(engine, 'bin'));
  copyFileSync(join(root, 'node_modules/node/bin', executable), join(engine, 'bin', executable));
  chmodSync(join(engine, 'bin', executable), 0o755);
  const built = join(root, 'renderer/dist');
  if (existsSync(join(built, 'index.html'))) cpSync(built, join(engine, 'renderer/dist'), { recursive: true });
  const sourceFiles = shellFiles.length + engineFiles.length;
  return { app, engine, sourceFiles, packages: folders.length, left: [...leftInApp, ...leftInEngine] };
}

/**
 * Names of the packages that the stripped sources import. Throws when one of them is installed for development only.
 */
function importedPackages(engine: string, sources: readonly string[], dependencies: unknown): readonly string[] {
  const known = new Set(Object.keys(Object(dependencies)));
  const names = sources
    .flatMap((file) => importsOf(readFileSync(join(engine, file.replace(/\.ts$/, '.js')), 'utf8')))
    .filter((name) => !name.startsWith('.') && !isBuiltin(name))
    .map(packageName);
  const unknown = [...new Set(names)].filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw new Error(
      `The engine imports ${unknown.join(' and ')}, which package.json does not list in "dependencies". Move it there.`,
    );
  return [...new Set(names)].sort();
}
