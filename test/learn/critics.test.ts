/** A run's critics beside the returns of recorded episodes: the right weights on the right rows, and the right returns. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openStoreReader } from '../../data/reading/reader.ts';
import { openRunStore } from '../../data/runs.ts';
import { systemClock } from '../../main/api/clock.ts';
import { createRng } from '../../main/api/rng.ts';
import type { RunSpec } from '../../main/api/run.ts';
import { configureAlgorithm } from '../../main/learn/algorithms/algorithm-registry.ts';
import { assembleTrainer } from '../../main/learn/run/assemble.ts';
import { readCritics, returnsOf } from '../../main/study/critic/critic-readings.ts';
import { isUnaided } from '../../main/study/critic/critic-report.ts';
import { createOrtBackend } from '../../main/tensor/backends/ort.ts';
import { assertNear } from './near.ts';
import { randomBatch, SIZES, WITH_GRIPPER } from './soft-actor-critic-fixture.ts';
import { recordToyEpisodes, temporaryFolder } from './toy-project.ts';

const backend = createOrtBackend({ threads: 1 });
const B = 4;

const WITH_CRITICS = [
  { algorithm: 'conrft', preset: 'paper' },
  { algorithm: 'cal-ql', preset: 'cell' },
  { algorithm: 'rlpd', preset: 'cell' },
  { algorithm: 'hil-serl', preset: 'released-code' },
] as const;

for (const { algorithm, preset } of WITH_CRITICS)
  test(`${algorithm}: the critics alone say what they say in the training step`, async () => {
    const sizes = algorithm === 'hil-serl' ? WITH_GRIPPER : SIZES;
    const stages = { offline: { criticUpdates: 1 }, online: { criticUpdates: 1 } };
    const ownStages = algorithm === 'conrft' || algorithm === 'cal-ql' ? stages : { criticUpdates: 1 };
    const small = { hidden: [6, 5], batchSize: B, ...ownStages };
    const configured = configureAlgorithm({ algorithm, preset }, small);
    const learner = await configured.createLearner({ backend, stage: 'offline', sizes, rng: createRng(1) });
    const rng = createRng(2);
    for (let update = 0; update < 3; update++) await learner.update(randomBatch(B, rng, sizes));
    const { critic } = learner.state().arrays;
    const batch = randomBatch(B, rng, sizes);
    const { qData } = await learner.update(batch);
    const step = configured.criticStep(sizes, B);
    assert.ok(step && critic);
    const compiled = await backend.compile(step);
    const { embedding, proprioception, action } = batch;
    const { values } = await compiled.run({ critic, embedding, proprioception, action });
    const numbers = Array.from(values?.data as Float32Array);
    assertNear([numbers.reduce((sum, value) => sum + value, 0) / numbers.length], [qData ?? Number.NaN], 1e-5);
    assert.ok(new Set(numbers).size === numbers.length, 'every row and every critic has a value of its own');
    await compiled.dispose();
    await learner.dispose();
  });

test('returns: a terminal step has no future, a time-out is never solved', () => {
  const step = (episodeId: number, reward: number, terminated = false) => ({ episodeId, reward, terminated });
  const steps = [step(7, -1), step(7, 10, true), step(9, -1), step(9, -1), step(8, -1, true)];
  assert.deepEqual(returnsOf(steps, 0.5, -1), [4, 10, -2, -2, -1]);
});

test('a trained run: one reading per step of the unaided episodes, and critics that tell high returns from low ones', async (t) => {
  const folder = temporaryFolder((clean) => t.after(clean));
  await recordToyEpisodes(folder, { demonstrations: 8, corrected: 3, alone: 4, seed: 4 });
  const spec: RunSpec = {
    ...{ algorithm: 'conrft', preset: 'cell', stage: 'offline', task: 'insert', observation: 'state' },
    ...{ seed: 0, steps: 400, settings: { hidden: [32, 32], batchSize: 64, learningRate: 3e-3 } },
  };
  const runs = openRunStore(folder, systemClock);
  const runId = runs.createRun(spec);
  runs.close();
  const config = {
    projectFolder: folder,
    runId,
    spec,
    threads: 1,
    pace: 'paced',
    encoderManifestPath: undefined,
  } as const;
  const run = await assembleTrainer(config, systemClock, () => {});
  await run.trainer.pace();
  run.trainer.checkpoint();
  await run.close();

  const reader = await openStoreReader(folder);
  const episodes = (await reader.listEpisodes({ limit: 100 })).filter(isUnaided);
  await reader.close();
  assert.equal(episodes.length, 4);
  const steps = new Map(episodes.map(({ id, steps: count }) => [id, count]));
  const request = { ...config, episodesIn: folder, episodes: steps };
  const { readings, discount, step } = await readCritics(request);
  assert.deepEqual([step, readings.length], [400, episodes.reduce((sum, episode) => sum + episode.steps, 0)]);
  for (const { id, steps: count } of episodes) {
    const own = readings.filter(({ episodeId }) => episodeId === id);
    assert.equal(own.length, count);
    // The toy task pays −0.05 a step, then 10.
    const first = -0.05 * ((1 - discount ** (count - 1)) / (1 - discount)) + 10 * discount ** (count - 1);
    assertNear([own[0]?.return ?? 0], [first], 1e-5);
    assert.equal(own.at(-1)?.return, 10);
  }
  const errors = readings.map(({ mean, return: back }) => Math.abs(mean - back));
  assert.ok(readings.every(({ least, mean }) => least <= mean));
  assert.ok(Math.max(...errors) < 2.5, `largest error ${Math.max(...errors)}`);

  // One whose length is not the one recorded is not whole.
  const [some] = episodes;
  const cut = await readCritics({ ...request, episodes: new Map([[some?.id ?? 0, (some?.steps ?? 0) + 1]]) });
  assert.deepEqual(cut.readings, []);
});
