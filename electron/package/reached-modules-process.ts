/**
 * Follows imports, as Node resolves them, from the files named on standard input (a JSON array of absolute paths).
 * Prints `{ reached, missing }`: every file reached, and the imports of the first files that Node cannot find. It runs
 * in its own process, because `import.meta.resolve` accepts another file's address only with a flag of Node.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { importsOf, requiresOf, withoutTypes } from './strip-types.ts';

const CODE = /\.[cm]?[jt]s$/;

function resolved(name: string, file: string, how: 'import' | 'require'): string | undefined {
  try {
    if (how === 'require') return createRequire(file).resolve(name);
    const url = import.meta.resolve(name, pathToFileURL(file).href);
    return url.startsWith('file:') && existsSync(fileURLToPath(url)) ? fileURLToPath(url) : undefined;
  } catch {
    // A package may import an optional one. The caller decides whether its absence matters.
    return undefined;
  }
}

const first: readonly string[] = JSON.parse(await text(process.stdin));
const reached = new Set(first);
const missing: string[] = [];
// The loop also visits the files that it adds.
for (const file of reached) {
  if (!CODE.test(file)) continue;
  const source = readFileSync(file, 'utf8');
  const code = file.endsWith('.ts') ? withoutTypes(source) : source;
  const asked = [
    ...importsOf(code).map((name) => ({ name, how: 'import' as const })),
    ...requiresOf(code).map((name) => ({ name, how: 'require' as const })),
  ];
  for (const { name, how } of asked) {
    if (isBuiltin(name)) continue;
    const target = resolved(name, file, how);
    if (target !== undefined) reached.add(target);
    else if (first.includes(file)) missing.push(`${file} imports ${name}`);
  }
}
process.stdout.write(JSON.stringify({ reached: [...reached], missing }));
