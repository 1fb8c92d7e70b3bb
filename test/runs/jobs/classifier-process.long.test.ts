/** The process that trains a reward classifier, as the engine's side starts it: made, refused in words, cancelled. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../main/api/clock.ts';
import { createRng } from '../../../main/api/rng.ts';
import type { ClassifierJob } from '../../../main/learn/classifier/make-classifier.ts';
import { startClassifierProcess } from '../../../main/runs/jobs/classifier-process.ts';
import { createClassifierService } from '../../../main/runs/jobs/classifier-service.ts';
import { inFolder, openWriter, recordEpisode } from '../../data/fixture.ts';
import { childrenOf, isAlive } from '../../engine/children-of.ts';

const job = (projectFolder: string): ClassifierJob => ({
  ...{ projectFolder, task: 'insert', observation: 'state', encoderManifestPath: undefined },
  ...{ rule: true, seed: 0, createdAtMs: 0 },
});

test('a project that lacks something is refused by the process in the words of the library', () =>
  inFolder(async (folder) => {
    const writer = await openWriter(folder);
    recordEpisode(writer, createRng(1), ['policy', 'policy', 'policy'], { start: { observation: 'state' } });
    await writer.drained();
    const end = await startClassifierProcess(job(folder)).ended;
    assert.ok(end.kind === 'failed', JSON.stringify(end));
    assert.match(end.message, /Episodes that show a success: 1; at least 4/);
    assert.match(end.remedy, /Record more successes/);
  }));

test('a process that is ended says so', async () => {
  const running = startClassifierProcess(job('/nowhere/at/all'));
  const cancelled = running.cancel();
  const end = await running.ended;
  assert.ok(end.kind === 'failed' && /SIGTERM/.test(end.message), JSON.stringify(end));
  await cancelled;
});

test('one that is stopped ends all the same', { skip: process.platform !== 'linux' }, async () => {
  const before = new Set(childrenOf(process.pid));
  const running = startClassifierProcess(job('/nowhere/at/all'));
  const [pid] = childrenOf(process.pid).filter((each) => !before.has(each));
  process.kill(pid!, 'SIGSTOP');
  await running.cancel();
  assert.equal(isAlive(pid!), false);
  assert.equal((await running.ended).kind, 'failed');
});

test('from labels in the store to a classifier on the shelf, through the service', () =>
  inFolder(async (folder) => {
    const rng = createRng(2);
    const writer = await openWriter(folder);
    for (let episode = 0; episode < 8; episode++)
      recordEpisode(writer, rng, ['policy', 'policy', 'policy', 'policy'], { start: { observation: 'state' } });
    const service = createClassifierService({
      ...{ projectFolder: folder, task: () => 'insert', observation: 'state', encoderManifestPath: undefined },
      ...{ writer, clock: systemClock },
    });
    const trained = new Promise<void>((resolve) => {
      service.onChanged(() => {
        if (!service.state().training) resolve();
      });
    });
    assert.equal(service.train().kind, 'done');
    await trained;
    const { classifiers, message } = service.state();
    assert.equal(message, undefined);
    assert.deepEqual(
      classifiers.map(({ name, training, heldOut }) => [name, training.episodes + heldOut.episodes, heldOut.positives]),
      [['classifier-1', 8, 2]],
    );
    await service.close();
  }));
