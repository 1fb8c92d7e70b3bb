/**
 * Refuses the worst forms of comments: fragments that begin with "Of" or "What", a first word in lower case, and
 * sentences of over 40 words in a docstring. The rules see only the form; whether a comment helps, its reader decides.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceFiles } from './source-files.ts';
import { commentsOf, type SourceComment } from './source-syntax.ts';

const MAX_WORDS = 40;
/** Directives to tools, section rules and triple-slash references are no prose. */
const NO_PROSE = /^(biome-|@|\/|[-─=]|$)/;
const FRAGMENT = /^(Of|Who|Whoever|What|Whose|Whom|Which|As many|So many|So that)\b/;
/** A plain English word in lower case; names of code contain capitals, digits, dots, brackets or backticks. */
const LOWER_CASE = /^[a-z]+([ ,.:;'’)]|$)/;

const wordsIn = (sentence: string): number => sentence.split(/\s+/).filter((word) => /[A-Za-z]/.test(word)).length;

/** Returns the problems of a comment in words. */
function problemsOf({ doc, text }: Pick<SourceComment, 'doc' | 'text'>): readonly string[] {
  if (NO_PROSE.test(text)) return [];
  const problems: string[] = [];
  if (FRAGMENT.test(text)) problems.push('begins a fragment: say what the thing is or does');
  if (LOWER_CASE.test(text)) problems.push('begins in lower case');
  const long = doc ? text.split(/(?<=[.!?:;])\s+/).filter((sentence) => wordsIn(sentence) > MAX_WORDS) : [];
  for (const sentence of long) problems.push(`has a sentence of ${wordsIn(sentence)} words; at most ${MAX_WORDS}`);
  return problems;
}

test('no comment has one of the worst forms', () => {
  const found = sourceFiles(['.ts', '.tsx']).flatMap((file) =>
    commentsOf(file).flatMap((comment) =>
      problemsOf(comment).map((problem) => `${file}:${comment.line} ${problem}: ${comment.text.slice(0, 60)}`),
    ),
  );
  assert.deepEqual(found, []);
});

test('the rules tell right from wrong', () => {
  const doc = (text: string) => problemsOf({ doc: true, text });
  assert.deepEqual(doc('Returns `undefined` when no policy is loaded.'), []);
  assert.deepEqual(doc('`[B, K, D]`: a batch of action chunks.'), []);
  assert.deepEqual(doc('biome-ignore lint/a: reason'), []);
  assert.deepEqual(doc('timeoutMs counts from the edge.'), []);
  assert.match(doc('Of work, some half of a millisecond.')[0] ?? '', /fragment/);
  assert.match(doc('without a listener it would end')[0] ?? '', /lower case/);
  assert.match(doc(`A ${'word '.repeat(40)}ends.`)[0] ?? '', /sentence of 42 words/);
  assert.deepEqual(problemsOf({ doc: false, text: `A ${'word '.repeat(40)}ends.` }), []);
});

test('comments are found with their lines; line comments below each other are one', () => {
  const source = '/** A. */\nconst a = 1; // beside\n// One\n// two.\n\n// Three.\n/* four */\n';
  assert.deepEqual(commentsOf('x.ts', source), [
    { line: 1, doc: true, text: 'A.' },
    { line: 3, doc: false, text: 'One two.' },
    { line: 6, doc: false, text: 'Three.' },
    { line: 7, doc: false, text: 'four' },
  ]);
});
