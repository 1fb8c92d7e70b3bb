/** A trainer as a child process: its refusal, its last words, and its end by force. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FromTrainer } from '../../../main/api/processes/trainer-messages.ts';
import { followGranted } from '../../../main/runs/launchers/granted-trainer.ts';
import { launchLocalTrainer } from '../../../main/runs/launchers/local-process.ts';
import { openRunRows } from '../../../main/runs/run-rows.ts';
import { recordToyEpisodes, temporaryFolder } from '../../learn/toy-project.ts';
import { SPEC } from '../fake-trainer.ts';

const NOW = { throughEpisodeId: 1, throughSequence: 1 };

test('a run that cannot be made ends with why, in words and in a row; one that is killed says so', async (t) => {
  const folder = temporaryFolder((clean) => t.after(clean));
  await recordToyEpisodes(folder, { demonstrations: 1, corrected: 0, seed: 1 });
  await using rows = openRunRows(folder);
  const config = { projectFolder: folder, threads: 1, pace: 'granted', encoderManifestPath: undefined } as const;
  const pixels = { ...SPEC, observation: 'pixels' } as const;
  const trainer = launchLocalTrainer({ ...config, runId: await rows.createRun(pixels), spec: pixels });
  const messages: FromTrainer[] = [];
  trainer.onMessage((message) => messages.push(message));
  await assert.rejects(followGranted(trainer).block(NOW), /the trainer ended \(code 1\): .*needs an encoder/);
  const { code, lastWords } = await trainer.ended;
  assert.equal(code, 1);
  assert.match(lastWords, /TrainingError|needs an encoder/);
  assert.deepEqual(messages.map(({ kind }) => kind).slice(-1), ['failed']);
  trainer.send({ kind: 'finish' }); // Into a closed channel: nothing happens.

  const second = launchLocalTrainer({ ...config, runId: await rows.createRun(SPEC), spec: SPEC });
  const followed = followGranted(second);
  const block = assert.rejects(
    followed.block(NOW),
    /the trainer ended \(SIGKILL\): it was killed, which a system does when memory runs out\. Close other programs/,
  );
  await followed[Symbol.asyncDispose]();
  await block;
  await assert.rejects(followed.block(NOW), /SIGKILL/, 'also when it is asked after its end');
});

test('settings of any size reach the trainer, which names the one that it does not know', async (t) => {
  const folder = temporaryFolder((clean) => t.after(clean));
  await recordToyEpisodes(folder, { demonstrations: 1, corrected: 0, seed: 1 });
  await using rows = openRunRows(folder);
  const spec = { ...SPEC, settings: { unknownSetting: 'x'.repeat(300_000) } };
  const config = { projectFolder: folder, threads: 1, pace: 'granted', encoderManifestPath: undefined } as const;
  const trainer = launchLocalTrainer({ ...config, runId: await rows.createRun(spec), spec });
  await assert.rejects(followGranted(trainer).block(NOW), /unknownSetting/);
  assert.equal((await trainer.ended).code, 1);
});
