/** Options are parsed, or refused in words; help, tables and progress. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { parseVerb, UsageError } from '../../main/cli/arguments.ts';
import { encoderFor, encoderNamed } from '../../main/cli/encoder-option.ts';
import { createProgress, table } from '../../main/cli/output.ts';
import { threadsAlone, threadsBeside } from '../../main/cli/threads-option.ts';
import { CELL_ENCODER_MANIFEST, CELL_TRUNK_MANIFEST } from '../../main/policy/assets.ts';
import { virtualClock } from '../runs/fake-trainer.ts';

const OPTIONS = { episodes: { type: 'string', help: 'how many' }, live: { type: 'boolean', help: 'by hand' } } as const;
const FIELDS = {
  episodes: z.coerce.number().int().min(1).default(20),
  live: z.boolean().default(false),
  kind: z.enum(['a', 'b']).default('a'),
};
const parse = (...rest: string[]) =>
  parseVerb('demo', { ...OPTIONS, kind: { type: 'string', help: 'a or b' } }, FIELDS, rest);

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
  refused(/--episodes: .*number/, '--episodes', 'many');
  refused(/--episodes: .*>=1/, '--episodes', '0');
  refused(/--episodes: .*int/, '--episodes', '1.5');
  refused(/--kind: .*"a"\|"b"/, '--kind', 'c');
  refused(/--seed: .*>=0/, '--seed=-1');
  refused(/Unknown option '--speed'/, '--speed', '3');
  refused(/stray/, 'stray');
  refused(/--episodes/, '--episodes');
  refused(/--data: /, '--data', '');
});

test('help is printed with every option, and nothing is run', (context) => {
  const log = context.mock.method(console, 'log', () => {});
  assert.equal(parse('--help', '--episodes', '3'), undefined);
  const text = String(log.mock.calls[0]?.arguments[0]);
  for (const part of ['usage: takeover demo', '--episodes VALUE', '--live', '--data', '--json', '--seed', 'how many'])
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
  assert.equal(encoderFor('pixels'), CELL_ENCODER_MANIFEST);
  assert.equal(encoderFor('pixels', 'trunk'), CELL_TRUNK_MANIFEST);
  assert.equal(encoderFor('pixels', encoderNamed('mine.json')), resolve('mine.json'));
  assert.equal(encoderNamed('trunk'), 'trunk');
  assert.equal(encoderFor('state', 'trunk'), undefined);
});

test('learning takes what the processor has, and beside a control loop a quarter of it', () => {
  const cores = [1, 2, 4, 8, 16, 64];
  assert.deepEqual(cores.map(threadsAlone), [1, 2, 4, 4, 4, 4]);
  assert.deepEqual(cores.map(threadsBeside), [1, 1, 1, 2, 4, 4]);
});
