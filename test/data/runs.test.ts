/** Rows of fine-tuning runs, written beside a recorder that is writing too. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRunStore } from '../../data/runs.ts';
import { createVirtualClock } from '../../main/api/clock.ts';
import { createRng } from '../../main/api/rng.ts';
import type { RunSpec } from '../../main/api/run.ts';
import { inFolder, openWriter, recordEpisode } from './fixture.ts';

const SPEC: RunSpec = {
  algorithm: 'conrft',
  preset: 'cell',
  stage: 'online',
  task: 'insert',
  observation: 'pixels',
  steps: 100,
  seed: 3,
};

test('runs, metrics and checkpoints are kept, and written while the recorder writes', () =>
  inFolder(async (folder) => {
    const writer = await openWriter(folder);
    const clock = createVirtualClock(0, 1000);
    const store = openRunStore(folder, clock);
    const id = store.createRun(SPEC);
    for (let round = 0; round < 20; round++) {
      recordEpisode(writer, createRng(round), ['policy', 'human']);
      store.appendMetrics(id, [
        { name: 'criticLoss', step: round, value: round / 2 },
        { name: 'q', step: round, value: round === 19 ? Number.NaN : 1 },
      ]);
    }
    store.appendMetrics(id, [{ name: 'criticLoss', step: 19, value: 4 }]);
    await writer.drained();
    store.updateRun(id, { state: 'running', step: 19, policy: 'run-1/19' });
    const checkpoint = {
      runId: id,
      step: 19,
      policy: 'run-1/19',
      folder: 'runs/1/19',
      newestSequence: 60,
      successRate: 0.9,
      episodes: undefined,
    };
    store.addCheckpoint(checkpoint);
    clock.advanceToMs(50);
    store.updateRun(id, { state: 'failed', message: 'NaN in q', remedy: 'Go back one checkpoint.' });
    assert.deepEqual(store.run(id), {
      id,
      spec: SPEC,
      state: 'failed',
      startedAtMs: 1000,
      endedAtMs: 1050,
      step: 19,
      steps: 100,
      metrics: { criticLoss: 4, q: Number.NaN },
      policy: 'run-1/19',
      message: 'NaN in q',
      remedy: 'Go back one checkpoint.',
    });
    assert.equal(store.metrics(id).length, 40);
    assert.equal(store.metrics(id, 18).length, 2);
    assert.deepEqual(Object.keys(store.series(id, undefined, 100)), ['criticLoss', 'q']);
    assert.ok((store.series(id, ['criticLoss'], 8)['criticLoss'] ?? []).length <= 8);
    assert.ok((store.series(id, ['q'], 100)['q'] ?? []).every(([, value]) => Number.isFinite(value)));
    assert.deepEqual(store.checkpoints(id), [{ ...checkpoint, id: 1, createdAtMs: 1000 }]);
    assert.equal(store.runs().length, 1);
    assert.equal(writer.counts().episodes, 20);
    store.close();
    await writer.close();
  }));
