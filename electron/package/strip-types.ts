/**
 * Turns TypeScript sources into JavaScript by removing the types, as Node does at each start. Names of source files in
 * the code (imports, workers, child processes) change from .ts to .js, and nothing else changes.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';

const SKIPPED = new Set(['node_modules', 'dist', 'results']);
const NOT_SHIPPED = /(^|\/)(tsconfig\.json|README\.md)$/;
/** A string literal that names a TypeScript file, with an optional query. */
const NAMES_SOURCE = /(['"`])((?:[\w@.-]+\/|\.{1,2}\/)*[\w@.-]+)\.ts(\?[\w=&-]*)?\1/g;

export function filesBelow(root: string, folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesBelow(root, path);
      return entry.isFile() && !NOT_SHIPPED.test(path) ? [path] : [];
    });
}

/**
 * `file`: path of this source from the root. `isSource` returns true for the path of one of the program's files. The
 * result's `left` holds literals that end in .ts but name no file of the program. They are not changed.
 */
export function stripSource(source: string, file: string, isSource: (path: string) => boolean) {
  const left: string[] = [];
  const plain = withoutTypes(source);
  const code = plain.replace(
    NAMES_SOURCE,
    (literal: string, quote: string, stem: string, query: string | undefined, offset: number) => {
      const beside = relative('.', join(dirname(file), `${stem}.ts`)).replaceAll('\\', '/');
      if (isSource(beside) || isSource(`${stem}.ts`)) return `${quote}${stem}.js${query ?? ''}${quote}`;
      const line = plain.slice(plain.lastIndexOf('\n', offset) + 1, offset);
      if (!/^\s*(\/\/|\/?\*)/.test(line)) left.push(literal);
      return literal;
    },
  );
  return { code, left };
}

/**
 * Writes the files to `target`, sources without types and all others unchanged. Returns the literals that were left.
 */
export function writeStripped(root: string, files: readonly string[], target: string): readonly string[] {
  const left: string[] = [];
  for (const file of files) {
    const content = readFileSync(join(root, file));
    const to = join(target, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(to), { recursive: true });
    if (!file.endsWith('.ts')) {
      writeFileSync(to, content);
      continue;
    }
    const stripped = stripSource(content.toString('utf8'), file, (path) => existsSync(join(root, path)));
    writeFileSync(to, stripped.code);
    left.push(...stripped.left.map((literal) => `${file}: ${literal}`));
  }
  return left;
}

/** Also matches code without spaces, because packages ship minified code. */
const IMPORTED =
  /(?:^|[^.\w'"`])(?:import|export)\b\s*(?:[\w*{}\s,$]+?\s*from\s*)?['"]([^'"\s]+)['"]|import\(\s*['"]([^'"\s]+)['"]\s*\)/gm;
const REQUIRED = /(?:^|[^.\w])require\(\s*['"]([^'"\s]+)['"]\s*\)/gm;

export const withoutTypes = (source: string): string => stripTypeScriptTypes(source, { mode: 'strip' });

/** Returns the names that a piece of JavaScript imports. */
export function importsOf(code: string): readonly string[] {
  return [...code.matchAll(IMPORTED)].map((match) => match[1] ?? match[2] ?? '').filter((name) => name !== '');
}

/** Returns the names that CommonJS code requires. */
export function requiresOf(code: string): readonly string[] {
  return [...code.matchAll(REQUIRED)].map((match) => match[1] ?? '');
}

/** Returns the files that `entry` reaches by relative imports, itself among them. */
export function reachableFrom(root: string, entry: string): readonly string[] {
  const found = new Set<string>();
  const visit = (file: string) => {
    if (found.has(file)) return;
    found.add(file);
    const code = withoutTypes(readFileSync(join(root, file), 'utf8'));
    for (const name of importsOf(code))
      if (name.startsWith('.')) visit(relative('.', join(dirname(file), name)).replaceAll('\\', '/'));
  };
  visit(entry);
  return [...found].sort();
}
