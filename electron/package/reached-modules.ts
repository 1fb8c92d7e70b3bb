/**
 * Finds the files that the engine's code reaches by its imports, including files of its packages. None of them may be
 * left out.
 */
import { spawnSync } from 'node:child_process';
import { join, relative, sep } from 'node:path';

const LIMIT_MS = 60_000;
const MOST_OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * `files` and the result are paths from the root. Throws when one of the files imports a package that is not installed.
 */
export function reachedModules(root: string, files: readonly string[]): ReadonlySet<string> {
  const flags = ['--disable-warning=ExperimentalWarning', '--experimental-import-meta-resolve'];
  const child = spawnSync(process.execPath, [...flags, join(import.meta.dirname, 'reached-modules-process.ts')], {
    input: JSON.stringify(files.map((file) => join(root, file))),
    encoding: 'utf8',
    maxBuffer: MOST_OUTPUT_BYTES,
    timeout: LIMIT_MS,
  });
  if (child.status !== 0)
    throw new Error(
      `The imports of the engine could not be followed (${child.error?.message ?? child.signal ?? `exit status ${child.status}`}): ${child.stderr.trim()}`,
    );
  const found: { readonly reached: readonly string[]; readonly missing: readonly string[] } = JSON.parse(child.stdout);
  if (found.missing.length > 0)
    throw new Error(`Not everything that the engine imports is installed. Run npm ci.\n${found.missing.join('\n')}`);
  return new Set(found.reached.map((file) => relative(root, file).split(sep).join('/')));
}
