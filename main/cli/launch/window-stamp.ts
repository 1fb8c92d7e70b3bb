/**
 * Tells whether the built window matches its sources, by a hash over their contents that is kept beside the build.
 * Times would not do, because a checkout changes them.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCES = ['renderer', 'main/api'];
/** The lock file stands for every package that goes into the bundle. */
const FILES = ['package-lock.json'];
const SKIPPED = new Set(['dist', 'node_modules']);
export const STAMP = '.built-from';

function* filesBelow(root: string, folder: string): Generator<string> {
  const entries = readdirSync(join(root, folder), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = `${folder}/${entry.name}`;
    if (entry.isFile()) yield path;
    else if (entry.isDirectory() && !SKIPPED.has(entry.name)) yield* filesBelow(root, path);
  }
}

export function sourceHash(root: string): string {
  const hash = createHash('sha256');
  const paths = [
    ...SOURCES.filter((folder) => existsSync(join(root, folder))).flatMap((folder) => [...filesBelow(root, folder)]),
    ...FILES.filter((file) => existsSync(join(root, file))),
  ];
  for (const path of paths) {
    const content = readFileSync(join(root, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

export type Freshness =
  /** Only the build is here, as in the packaged program. */
  'prebuilt' | 'fresh' | 'stale' | 'missing';

export function windowFreshness(root: string): Freshness {
  const built = existsSync(join(root, 'renderer/dist/index.html'));
  if (!existsSync(join(root, 'renderer/vite.config.ts'))) return built ? 'prebuilt' : 'missing';
  if (!built) return 'missing';
  const stamp = join(root, 'renderer/dist', STAMP);
  return existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === sourceHash(root) ? 'fresh' : 'stale';
}

export function writeStamp(buildFolder: string, hash: string): void {
  writeFileSync(join(buildFolder, STAMP), `${hash}\n`);
}
