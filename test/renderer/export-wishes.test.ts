/**
 * The export form turns its fields into a choice. The command-line verb offers the same choices, by the names that
 * messages use.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { choiceOf, NO_EXPORT_WISHES } from '../../renderer/state/export-wishes.ts';
import { sourceFiles } from '../source-files.ts';

test('an empty form asks for everything; each filled field is one condition', () => {
  assert.deepEqual(choiceOf(NO_EXPORT_WISHES), { kind: 'everything' });
  assert.deepEqual(choiceOf({ ...NO_EXPORT_WISHES, observation: 'pixels', episodes: '1-5, 8' }), {
    kind: 'choice',
    choice: {
      observation: 'pixels',
      episodes: [
        [1, 5],
        [8, 8],
      ],
    },
  });
  const wrong = choiceOf({ ...NO_EXPORT_WISHES, episodes: 'five' });
  assert.match(wrong.kind === 'wrong' ? wrong.message : '', /"five" names no episode/);
});

test('every option and every field that a message of the export names exists', () => {
  const root = join(import.meta.dirname, '../..');
  const text = (file: string) => readFileSync(join(root, file), 'utf8');
  const verb = text('main/cli/export.ts');
  const form = text('renderer/panels/desk/export-part.tsx');
  const named = new Set(
    sourceFiles()
      .filter((file) => file.startsWith('data/export/'))
      .flatMap((file) => [...text(file).matchAll(/--([a-z][a-z-]+)/g)].map((match) => match[1] ?? '')),
  );
  assert.ok(named.has('episodes') && named.has('observation'));
  for (const option of named) {
    assert.match(verb, new RegExp(`^  '?${option}'?: (option|flag)\\(`, 'm'), `the verb has no --${option}`);
    assert.match(form, option === 'episodes' ? /"Episode numbers to export"/ : new RegExp(`field: '${option}'`));
  }
});
