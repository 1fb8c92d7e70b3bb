/** Options are parsed, or refused in words; help, tables and progress. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { UsageError } from '../../main/api/error-words.ts';
import { flag, option, parseVerb } from '../../main/cli/options/parse-verb.ts';
import {
  noiseNumber,
  portNumber,
  recordedEpisodes,
  seedNumber,
  threadsAlone,
  threadsBeside,
} from '../../main/cli/options/values.ts';
import { createProgress, table } from '../../main/cli/output.ts';
import { CELL_ENCODER_MANIFEST, CELL_TRUNK_MANIFEST } from '../../main/models/assets.ts';
import { encoderFor, encoderNamed } from '../../main/runs/encoder-choice.ts';
import { virtualClock } from '../runs/fake-trainer.ts';
import { ROOT } from '../source-files.ts';

const OPTIONS = {
  episodes: option('how many', recordedEpisodes(500), 20),
  live: flag('by hand'),
  kind: option('a or b', z.enum(['a', 'b']), 'a'),
  noise: option('acting noise', noiseNumber.optional()),
  seeds: option(
    'seeds',
    z
      .string()
      .transform((text) => text.split(','))
      .pipe(z.array(seedNumber))
      .optional(),
  ),
};
const parse = (...rest: string[]) => parseVerb('demo', OPTIONS, rest);

test('values are parsed, defaults filled in', () => {
  assert.deepEqual(parse('--episodes', '7', '--live', '--data', 'here', '--seed', '3'), {
    ...{ data: 'here', json: false, seed: 3, episodes: 7, live: true, kind: 'a' },
  });
  assert.equal(parse('--json')?.json, true);
  assert.match(parse()?.data ?? '', /takeover-project$/);
});

test('a wrong option or value is a usage error that names it and what was expected', () => {
  const refused = (why: RegExp, ...rest: string[]) =>
    assert.throws(
      () => parse(...rest),
      (error) => error instanceof UsageError && why.test(error.message) && /--help lists/.test(error.message),
    );
  const count = 'expected a whole number from 1 to 500: for more, call it again';
  for (const value of ['many', '0', '501', '1.5', '1e999'])
    refused(new RegExp(`^--episodes ${value}: ${count}`), '--episodes', value);
  refused(new RegExp(`^--episodes "": ${count}`), '--episodes', '');
  refused(/^--noise 0\.6: expected a number from 0 to 0\.5: it is added to actions/, '--noise', '0.6');
  refused(/^--kind c: .*"a"\|"b"/, '--kind', 'c');
  const seed = 'expected a whole number from 0 to 900: each seed has its own part of the 10 million training scenes';
  refused(new RegExp(`^--seed 7719: ${seed}`), '--seed', '7719');
  refused(new RegExp(`^--seed -1: ${seed}`), '--seed=-1');
  refused(new RegExp(`^--seeds 1,901: ${seed}`), '--seeds', '1,901');
  refused(/Unknown option '--speed'/, '--speed', '3');
  refused(/stray/, 'stray');
  refused(/--episodes/, '--episodes');
  refused(/--data "": /, '--data', '');
});

test('every number of the command line is an option that says its range', () => {
  const folder = join(ROOT, 'main/cli');
  const others = readdirSync(folder).filter(
    (name) => name.endsWith('.ts') && /z\.(coerce|number)\b/.test(readFileSync(join(folder, name), 'utf8')),
  );
  assert.deepEqual(others, [], 'use main/cli/options/values.ts');
});

test('a port is one that a browser opens', () => {
  for (const port of ['0', '80', '1024', '4817', '65535']) assert.equal(portNumber.parse(port), Number(port));
  for (const port of ['1', '22', '6000', '6667', '10080'])
    assert.match(portNumber.safeParse(port).error?.message ?? '', /browsers refuse to open this port/, port);
  assert.match(portNumber.safeParse('70000').error?.message ?? '', /from 0 to 65535/);
});

test('help is printed with every option, and nothing is run', (context) => {
  const log = context.mock.method(console, 'log', () => {});
  assert.equal(parse('--help', '--episodes', '3'), undefined);
  const text = String(log.mock.calls[0]?.arguments[0]);
  const how = 'how many (default 20)';
  for (const part of ['usage: takeover demo', '--episodes VALUE', '--live', '--data', '--json', '--seed', how])
    assert.ok(text.includes(part), part);
});

test('tables align; progress is quiet when it is told to be', (context) => {
  assert.equal(
    table(['round', 'alone'], [['offline', '40 %']]),
    ['round    alone', '───────  ─────', 'offline  40 %'].join('\n'),
  );
  const write = context.mock.method(process.stderr, 'write', () => true);
  const quiet = createProgress('demo', virtualClock(), true);
  quiet.update(1, 2, '');
  quiet.end();
  assert.equal(write.mock.callCount(), 0);
  createProgress('demo', virtualClock(), false).update(1, 4, 'so far');
  assert.match(String(write.mock.calls[0]?.arguments[0]), /demo █{7}░{21} 1\/4 so far/);
});

test('an encoder is one that ships, by its name, or the path of a manifest; only pictures need one', () => {
  assert.equal(encoderFor('pixels', undefined, 'none'), CELL_ENCODER_MANIFEST);
  assert.equal(encoderFor('pixels', 'trunk', 'none'), CELL_TRUNK_MANIFEST);
  assert.equal(encoderFor('pixels', encoderNamed('mine.json'), 'none'), resolve('mine.json'));
  assert.equal(encoderNamed('trunk'), 'trunk');
  assert.equal(encoderFor('state', 'trunk', 'none'), undefined);
  assert.equal(encoderFor('state', 'general', 'none'), undefined);
});

test('learning takes what the processor has, and beside a control loop a quarter of it', () => {
  const cores = [1, 2, 4, 8, 16, 64];
  assert.deepEqual(cores.map(threadsAlone), [1, 2, 4, 4, 4, 4]);
  assert.deepEqual(cores.map(threadsBeside), [1, 1, 1, 2, 4, 4]);
});
