/**
 * Every promise has an owner: in the processes that a rejected promise would end, `void someCall(…)` is refused unless the same
 * expression handles the rejection with `.catch`. A call that returns no promise is written as a statement, without `void`.
 * Promises that are dropped without `void` are found by the linter's rule `noFloatingPromises`.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT, sourceFiles } from './source-files.ts';

/** The window's page and the shell live on after a rejection; they tell it by their own means. */
const COVERED = /^(main|data|native)\//;
const VOID_CALL = /(?<![:|]\s*)\bvoid\s+(?=[\w$.?!]+\()/g;

/** The expression that begins at `start`: to the first `;`, `,` or closing bracket that is not inside one of its own. */
function expressionAt(text: string, start: number): string {
  let depth = 0;
  for (let index = start; index < text.length; index++) {
    const character = text[index] ?? '';
    if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character) && depth-- === 0) return text.slice(start, index);
    else if (depth === 0 && (character === ';' || character === ',')) return text.slice(start, index);
  }
  return text.slice(start);
}

/** The expression without what is inside its brackets: the chain of calls alone. */
function chainOf(expression: string): string {
  let depth = 0;
  let chain = '';
  for (const character of expression) {
    if ('([{'.includes(character)) depth++;
    if (depth === 0) chain += character;
    if (')]}'.includes(character)) depth--;
  }
  return chain;
}

function unowned(text: string): readonly number[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, (comment) => comment.replace(/[^\n]/g, ' '));
  return [...code.matchAll(VOID_CALL)]
    .filter((match) => !/\.catch\b/.test(chainOf(expressionAt(code, match.index))))
    .map((match) => code.slice(0, match.index).split('\n').length);
}

test('no promise is dropped without a handler', () => {
  const offences = sourceFiles()
    .filter((file) => COVERED.test(file))
    .flatMap((file) => unowned(readFileSync(join(ROOT, file), 'utf8')).map((line) => `${file}:${line}`));
  assert.deepEqual(offences, [], 'add a `.catch` that tells somebody, or await the promise');
});

test('the rule itself tells right from wrong', () => {
  const wrong = [
    'void load(path);',
    'if (ready) void load(path);',
    'on(() => void desk.load(path));',
    'else void a.b?.c();',
  ];
  for (const text of [...wrong, 'void load().then((x) => x.catch(f));']) assert.deepEqual(unowned(text), [1], text);
  const right = ['void load(path).catch(tell);', 'load(path).catch(tell);', 'type A = () => void;', 'f(): void;'];
  for (const text of [...right, '// void load(path);', 'function f(): void {}', 'let a: void | undefined;'])
    assert.deepEqual(unowned(text), [], text);
});
