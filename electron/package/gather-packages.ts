/**
 * Copies the packages that the engine's code imports, and those that they need in turn. The imports are the only list.
 */
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/**
 * Files of packages that serve only to build, install or read them. A file that the engine's imports reach is shipped
 * anyway.
 */
const LEFT_OUT: readonly RegExp[] = [
  /^better-sqlite3\/(deps|src)(\/|$)/,
  /^node-hid\/(hidapi|src)(\/|$)/,
  /^onnxruntime-node\/(script|lib)(\/|$)/,
  /^three\/(src|examples)(\/|$)/,
  /\.(md|markdown|map|d\.ts|d\.mts|d\.cts|ts\.map)$/i,
];
const OTHER_MACHINES =
  /^(onnxruntime-node\/bin\/napi-v\d+|better-sqlite3\/prebuilds|node-hid\/prebuilds)\/([^/]+)(?:\/([^/]+))?/;
const PLATFORM_WORD = /darwin|linux|win32|freebsd|android/i;

/**
 * True when a file or folder of a package is shipped even if no import reaches it. `path`: from the node_modules folder
 * that holds the package.
 */
export function isShipped(path: string, platform: string, architecture: string): boolean {
  if (LEFT_OUT.some((rule) => rule.test(path))) return false;
  const binary = OTHER_MACHINES.exec(path);
  if (!binary) return true;
  const [, , first = '', second = ''] = binary;
  if (PLATFORM_WORD.test(first) && !first.toLowerCase().includes(platform)) return false;
  const architectures = `${first}/${second}`.match(/x64|arm64|\barm\b|ia32/g);
  return architectures === null || architectures.includes(architecture);
}

export const packageName = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/**
 * Returns the folders of the packages, from the root. Each is looked up from the folder that needs it, as Node does.
 */
export function packageFolders(root: string, names: readonly string[]): readonly string[] {
  const found = new Set<string>();
  const lookUp = (name: string, from: string): string | undefined => {
    for (let folder = from; ; folder = dirname(folder)) {
      const candidate = join(folder, 'node_modules', name);
      if (existsSync(join(candidate, 'package.json'))) return candidate;
      if (folder === root || dirname(folder) === folder) return undefined;
    }
  };
  const visit = (name: string, from: string, needed: boolean) => {
    const folder = lookUp(name, from);
    if (folder === undefined) {
      if (needed)
        throw new Error(
          `The package ${name}, which ${relative(root, from) || 'the engine'} needs, is not installed. Run npm ci.`,
        );
      return;
    }
    if (found.has(folder)) return;
    found.add(folder);
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const list = (key: string) => Object.keys(Object(Reflect.get(Object(manifest), key)));
    const optional = new Set(list('optionalDependencies'));
    for (const dependency of list('dependencies')) visit(dependency, folder, !optional.has(dependency));
    for (const dependency of [...optional, ...list('peerDependencies')]) visit(dependency, folder, false);
  };
  for (const name of names) visit(name, root, true);
  return [...found].map((folder) => relative(root, folder).split(sep).join('/')).sort();
}

/** Returns the paths and every folder above them. */
function withFolders(paths: ReadonlySet<string>): ReadonlySet<string> {
  const all = new Set(paths);
  // The loop also visits the entries that it adds.
  for (const path of all) if (path.includes('/')) all.add(path.slice(0, path.lastIndexOf('/')));
  return all;
}

/**
 * Copies the packages' folders. `reached`: paths from the root that the engine's imports reach; they are never left
 * out.
 */
export function copyPackages(
  root: string,
  folders: readonly string[],
  target: string,
  reached: ReadonlySet<string>,
): void {
  const needed = withFolders(reached);
  for (const folder of folders) {
    const base = join(root, folder);
    const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
    cpSync(base, join(target, folder), {
      recursive: true,
      dereference: true,
      filter: (from) => {
        const inside = relative(base, from).split(sep).join('/');
        // Packages inside packages are folders of their own in the list.
        if (inside === 'node_modules' || inside.startsWith('node_modules/')) return false;
        if (inside === '' || needed.has(`${folder}/${inside}`)) return true;
        return isShipped(`${name}/${inside}`, process.platform, process.arch);
      },
    });
  }
}
