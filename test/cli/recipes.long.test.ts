/** A recipe from the command line to the cell: trained on demonstrations, its chunks drive the arm, and it is judged as it asks to be. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { policyManifestSchema } from '../../main/api/policy.ts';
import { removeFolder, temporaryFolder } from '../data/fixture.ts';
import { lastLine, takeover } from './takeover-child.ts';

let folder = '';
before(async () => {
  folder = temporaryFolder();
  await takeover('demo', '--episodes', '10', '--observation', 'state', '--data', folder, '--json');
});
after(() => removeFolder(folder));

test('high-rate: flow matching in chunks is trained, drives the arm by itself and is judged', async () => {
  const trained = lastLine(
    await takeover(
      ...['finetune', '--recipe', 'high-rate', '--steps', '60', '--observation', 'state', '--threads', '1'],
      ...['--data', folder, '--json'],
    ),
  );
  assert.equal(trained['checkpoint'], 'run-1/60');
  const manifest = policyManifestSchema.parse(
    JSON.parse(readFileSync(join(folder, 'runs/1/policy-60/manifest.json'), 'utf8')),
  );
  assert.deepEqual([manifest.head, manifest.recipe, manifest.chunk?.latencySteps], ['flow', 'high-rate', 0]);

  const line = lastLine(
    await takeover('evaluate', '--policy', 'run-1/60', '--episodes', '1', '--noise', '0', '--data', folder, '--json'),
  );
  assert.deepEqual([line['recipe'], line['episodes']], ['high-rate', 1]);
  assert.ok(Number(line['rmsJerk']) > 0);
  const { medianMs, p99Ms, evaluations } = line['planning'] as Record<string, number>;
  assert.ok(evaluations === 200 && medianMs! > 0 && medianMs! <= p99Ms!);
});

test('a recipe of another algorithm, or one that does not exist, is refused in words', async () => {
  const finetune = (...args: readonly string[]) => takeover('finetune', '--data', folder, '--json', ...args);
  const mixed = await finetune('--recipe', 'high-rate', '--algorithm', 'conrft');
  assert.equal(mixed.status, 2);
  assert.match(mixed.stderr, /high-rate.*one of imitation, not of conrft/);
  const unknown = await finetune('--recipe', 'soup');
  assert.notEqual(unknown.status, 0);
  assert.match(unknown.stderr, /recipe/);
});

test('rl-fine-tune by itself only clones, and says what reinforces', async () => {
  const finetune = (...args: readonly string[]) =>
    takeover(
      ...['finetune', '--recipe', 'rl-fine-tune', '--steps', '2', '--observation', 'state', '--data', folder, '--json'],
      ...args,
    );
  const offline = await finetune();
  assert.equal(offline.status, 0, offline.stderr);
  assert.match(
    offline.stderr,
    /the offline stage of ppo clones the demonstrations.*`npx takeover hil --recipe rl-fine-tune`/,
  );
  const online = await finetune('--stage', 'online', '--from', String(lastLine(offline)['checkpoint']));
  assert.equal(online.status, 0, online.stderr);
  assert.match(online.stderr, /no episode here is one of its own policies.*`npx takeover hil --recipe rl-fine-tune`/);
});
