/** The project's own source files, as paths from the root, for the guard tests. */
import { readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const FOLDERS = ['electron', 'renderer', 'main', 'native', 'data', 'test'];
const SKIPPED = new Set(['node_modules', 'dist', 'release', 'results']);

/** Files ending in one of `endings`, sorted. */
export function sourceFiles(endings: readonly string[] = ['.ts', '.tsx', '.mjs']): readonly string[] {
  const found: string[] = [];
  const walk = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) {
        if (!SKIPPED.has(entry.name)) walk(join(folder, entry.name));
      } else if (endings.some((ending) => entry.name.endsWith(ending))) {
        found.push(relative(ROOT, join(folder, entry.name)).replaceAll('\\', '/'));
      }
    }
  };
  for (const folder of FOLDERS) walk(join(ROOT, folder));
  return found.sort();
}
