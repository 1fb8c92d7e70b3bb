/** What the command line answers to what it does not understand, and to help; what it says when a project lacks what a verb needs. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { parseVerb, UsageError } from '../../main/cli/arguments.ts';
import { createProgress, table } from '../../main/cli/output.ts';
import { inFolder, openWriter } from '../data/fixture.ts';
import { virtualClock } from '../runs/fake-trainer.ts';
import { takeover } from './takeover-child.ts';

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

test('the program itself: no verb, an unknown one, help', async () => {
  const [none, unknown, inherited, help, verbHelp, wrong] = await Promise.all([
    takeover(),
    takeover('dance'),
    takeover('toString'),
    takeover('--help'),
    takeover('rollout', '--help'),
    takeover('rollout', '--episodes', 'x'),
  ]);
  assert.deepEqual([none.status, unknown.status, inherited.status, help.status], [2, 2, 2, 0]);
  for (const verb of ['serve', 'demo', 'rollout', 'finetune', 'evaluate', 'hil', 'export', 'doctor'])
    assert.match(help.stdout, new RegExp(`^ {2}${verb} `, 'm'));
  assert.match(unknown.stderr, /there is no verb "dance"[\s\S]*usage: takeover/);
  assert.match(inherited.stderr, /there is no verb "toString"/);
  assert.equal(verbHelp.status, 0);
  for (const option of ['--policy', '--operator', '--episodes', '--data', '--seed', '--json'])
    assert.ok(verbHelp.stdout.includes(option), option);
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /^takeover rollout: --episodes: .*number.*--help lists the options\)\n$/);
});

test('what is missing is said with what to do, and the process ends', () =>
  inFolder(async (folder) => {
    const data = (name: string) => ['--data', join(folder, name)];
    mkdirSync(join(folder, 'bare'));
    await openWriter(join(folder, 'taken'));
    const [evaluated, rolled, trained, exported, lift, outless, served, taken] = await Promise.all([
      takeover('evaluate', '--policy', 'run-1/5', ...data('bare')),
      takeover('rollout', '--policy', 'nobody', ...data('bare')),
      takeover('finetune', '--observation', 'state', ...data('none')),
      takeover('export', '--out', join(folder, 'out'), ...data('none')),
      takeover('demo', '--task', 'lift', ...data('bare')),
      takeover('export', ...data('bare')),
      takeover('serve', '--policy', 'nobody', '--port', '0', ...data('bare')),
      takeover('rollout', '--policy', 'scripted', '--observation', 'state', ...data('taken')),
    ]);
    const saidWhy = (ended: typeof evaluated, status: number, why: RegExp) => {
      assert.match(ended.stderr, why);
      assert.equal(ended.status, status, ended.stderr);
      assert.doesNotMatch(ended.stderr, /\n {4}at /, 'no stack');
    };
    saidWhy(evaluated, 1, /no policy named "run-1\/5"/);
    saidWhy(rolled, 1, /no policy named "nobody"/);
    saidWhy(trained, 1, /none/);
    saidWhy(exported, 1, /none/);
    saidWhy(lift, 2, /--task lift: the scripted operator demonstrates insert only/);
    saidWhy(outless, 2, /--out: which folder/);
    saidWhy(served, 1, /no policy named "nobody"/);
    saidWhy(taken, 1, /in use by another engine/);
  }));
