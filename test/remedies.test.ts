/**
 * Every remedy can be carried out: each command, option, script, file, button, tab and key that a text of the sources
 * names exists. Comments are ignored.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { DRIVE_BINDINGS, KEY_BINDINGS } from '../renderer/commands/keys.ts';
import { ROOT, sourceFiles } from './source-files.ts';

const TAKEOVER = join(ROOT, 'main/cli/takeover.ts');
const packageJson = z
  .object({
    scripts: z.record(z.string(), z.string()),
    dependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));

interface Source {
  readonly file: string;
  readonly text: string;
}

const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/ .*$/gm, '$1');
const sources: readonly Source[] = sourceFiles(['.ts', '.tsx'])
  .filter((file) => !file.startsWith('test/'))
  .map((file) => ({ file, text: withoutComments(readFileSync(join(ROOT, file), 'utf8')) }));

/** Returns `file: words` for each match in the sources that is not right. */
const wrong = (pattern: RegExp, isRight: (...groups: readonly string[]) => boolean, among = sources) =>
  among.flatMap(({ file, text }) =>
    [...text.matchAll(pattern)]
      .filter(([, ...groups]) => !isRight(...groups.map((group) => group ?? '')))
      .map(([words]) => `${file}: ${words.trim()}`),
  );

const verbs = new Set(
  [...readFileSync(TAKEOVER, 'utf8').matchAll(/load: \(\) => import\('\.\/([\w-]+)\.ts'\)/g)].map(([, file = '']) =>
    file.replace('-verb', ''),
  ),
);
const optionsOf = new Map(
  [...verbs].map((verb) => {
    const { stdout } = spawnSync(process.execPath, [TAKEOVER, verb, '--help'], { encoding: 'utf8' });
    return [verb, new Set([...stdout.matchAll(/^ {2}--([\w-]+)/gm)].map(([, name = '']) => name))] as const;
  }),
);
const anyOption = new Set([...optionsOf.values()].flatMap((options) => [...options]));

/** A verb, and what follows it in the same text. A verb that is made at run time is written `${verb}`. */
const COMMAND = /\bnpx takeover (\$\{\w+\}|[a-z][\w-]*)([^`"'\n\\]*)/g;
const OPTION = /--([a-z][\w-]*)/g;

test('the walk finds what it is meant to walk through', () => {
  assert.ok(verbs.size >= 11 && verbs.has('finetune') && verbs.has('doctor'), [...verbs].join());
  for (const [verb, options] of optionsOf) assert.ok(options.has('data'), verb);
  const count = (pattern: RegExp) => sources.reduce((sum, { text }) => sum + (text.match(pattern)?.length ?? 0), 0);
  assert.ok(count(COMMAND) >= 15, 'commands');
  assert.ok(count(/\bremedy\b/g) >= 150, 'remedies');
  assert.ok(count(/\b[Pp]ress (?:")?[A-Z]/g) >= 15, 'buttons and keys');
});

test('each command that a text names is one that can be typed, with options that it has', () => {
  const isRight = (verb: string, rest: string) => {
    const options = verb.startsWith('$') ? new Set([...anyOption, 'help']) : optionsOf.get(verb);
    return options !== undefined && [...rest.matchAll(OPTION)].every(([, name = '']) => options.has(name));
  };
  assert.deepEqual(wrong(COMMAND, isRight), []);
  // A shell does not find the command without npx. A verb's own output begins with its name and a colon.
  const bare = new RegExp(`[\`"]takeover (${[...verbs].join('|')})(?!:)\\b([^\`"'\\n]*)`, 'g');
  assert.deepEqual(
    wrong(bare, (_verb, rest) => rest.startsWith(':')),
    [],
  );
});

test('each option that a sentence names is one of its verb, or of some verb', () => {
  /** Options of other programs. */
  const foreign = new Set(['no-save', 'reload-rules']);
  const inSentence = /[a-z,;:.)] (?:\\?`|\()?--([a-z][\w-]*)/g;
  const verbOf = (file: string) => /^main\/cli\/([\w]+)\.ts$/.exec(file)?.[1] ?? '';
  for (const source of sources) {
    const options = optionsOf.get(verbOf(source.file)) ?? anyOption;
    assert.deepEqual(
      wrong(inSentence, (name) => options.has(name) || foreign.has(name) || name === 'help', [source]),
      [],
    );
  }
});

test('each script and each file to run that a text names exists', () => {
  assert.deepEqual(
    wrong(/\bnpm run ([a-z][\w:-]*)/g, (name) => name in packageJson.scripts),
    [],
  );
  const isThere = (path: string) => {
    const [, name = ''] = /^node_modules\/([^/]+)\//.exec(path) ?? [];
    return name === ''
      ? existsSync(join(ROOT, path.replace(/^dist\/engine\//, '').replace(/\.js$/, '.ts')))
      : existsSync(join(ROOT, path));
  };
  assert.deepEqual(wrong(/\bnode ((?:[\w-]+\/)+[\w.-]+\.(?:js|ts))/g, isThere), []);
});

const window = sources.filter(({ file }) => file.startsWith('renderer/'));
const escaped = (label: string) => label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
/** Text between tags, or a label in quotes. */
const isShown = (label: string) =>
  window.some(({ text }) =>
    new RegExp(`>\\s*${escaped(label)}\\s*<|'${escaped(label)}'|"${escaped(label)}"`).test(text),
  );
const keys = new Set([...KEY_BINDINGS, ...DRIVE_BINDINGS].flatMap(({ keys: names }) => [names, ...names.split(' ')]));

test('each button or key that a text tells a person to press exists', () => {
  const isThere = (quoted: string, word: string) => isShown(quoted || word) || keys.has(word);
  assert.deepEqual(wrong(/\b[Pp]ress (?:the )?(?:"([^"]+)"|([A-Z][\w-]*))/g, isThere), []);
  const record = sources.filter(({ file }) => /^main\/(runs|engine|cli)\/|^renderer\/(run-words|panels)/.test(file));
  assert.deepEqual(
    wrong(/[a-z-] \(([A-Z])\)/g, (key) => keys.has(key), record),
    [],
  );
});

test('each tab that a text names exists', () => {
  const desk = window.find(({ file }) => file.endsWith('/desk.tsx'))?.text ?? '';
  assert.deepEqual(
    wrong(/\b([A-Z]\w+) tab\b/g, (label) => desk.includes(`label: '${label}'`)),
    [],
  );
});

test('no text promises that a run which is started again goes on: it is a new run', () => {
  assert.deepEqual(
    wrong(/(?:Start the run again|Start it again): it continues/g, () => false),
    [],
  );
});
