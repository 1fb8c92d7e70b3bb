/** Functions and comments of a source file with their lines, for the guard tests. Parsed by the bundler's parser. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'vite';
import { ROOT } from './source-files.ts';

export interface SourceFunction {
  /** Name of the function, or of the variable or property that holds it. */
  readonly name: string;
  /** First line, counted from 1. */
  readonly line: number;
  readonly lines: number;
}

export interface SourceComment {
  readonly line: number;
  /** The comment is a docstring: it begins with two asterisks. */
  readonly doc: boolean;
  /** Text without comment signs, on one line. Line comments directly below each other are one comment. */
  readonly text: string;
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

type SyntaxNode = { readonly type: string; readonly start: number; readonly end: number } & Readonly<
  Record<string, unknown>
>;

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

const nameIn = (holder: unknown): string | undefined =>
  isNode(holder) && typeof holder['name'] === 'string' ? holder['name'] : undefined;

function lineCounter(source: string): (offset: number) => number {
  const starts = [0];
  for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

const readSource = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

export function functionsOf(file: string, source = readSource(file)): readonly SourceFunction[] {
  const lineAt = lineCounter(source);
  const found: SourceFunction[] = [];
  const visit = (value: unknown, outerName: string): void => {
    if (Array.isArray(value)) for (const item of value) visit(item, outerName);
    if (!isNode(value)) return;
    const name = nameIn(value['id']) ?? nameIn(value['key']) ?? outerName;
    if (FUNCTIONS.has(value.type) && value['body']) {
      const line = lineAt(value.start);
      found.push({ name, line, lines: lineAt(value.end - 1) - line + 1 });
    }
    for (const child of Object.values(value)) visit(child, name);
  };
  visit(parseSync(file, source).program, '(top level)');
  return found;
}

/** Comments that stand on lines of their own; what follows code on its line is left out. */
export function commentsOf(file: string, source = readSource(file)): readonly SourceComment[] {
  const lineAt = lineCounter(source);
  const found: (SourceComment & { readonly lastLine: number; readonly block: boolean })[] = [];
  for (const { type, value, start, end } of parseSync(file, source).comments) {
    if (/\S/.test(source.slice(source.lastIndexOf('\n', start) + 1, start))) continue;
    const [line, lastLine, block] = [lineAt(start), lineAt(end - 1), type === 'Block'];
    const doc = block && value.startsWith('*');
    const text = value
      .replace(/^\*/, '')
      .replace(/\n\s*\*?/g, ' ')
      .replace(/\s+/g, ' ')
      .trim();
    const before = found.at(-1);
    if (before && !before.block && !block && before.lastLine === line - 1)
      found[found.length - 1] = { ...before, lastLine, text: `${before.text} ${text}` };
    else found.push({ line, lastLine, block, doc, text });
  }
  return found.map(({ line, doc, text }) => ({ line, doc, text }));
}
