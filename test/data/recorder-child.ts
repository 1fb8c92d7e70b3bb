/**
 * A process to be killed. It records without the writer's thread as fast as it can, one commit per step, and prints
 * `episode steps` after each.
 */
import { writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { lockFolder, openForWriting } from '../../data/database.ts';
import type { Command } from '../../data/recording/commands.ts';
import { openCommittedNote } from '../../data/recording/committed-note.ts';
import { createStoreRecorder } from '../../data/recording/store-recorder.ts';
import { createRng } from '../../main/api/rng.ts';
import { start, step } from './fixture.ts';

const [folder = '', seed = '1'] = process.argv.slice(2);
const rng = createRng(Number(seed));
const size = { sizePx: 32, taxels: 8, embeddingSize: 16 };
const steps = Array.from({ length: 12 }, (_, index) => step(rng, index, 'human', size));
const begun = start(rng, 'run', size);
lockFolder(folder, { pid: process.pid, sinceMs: 0 });
const database = openForWriting(folder);
const committed = openCommittedNote(folder);
const recorder = createStoreRecorder(database, { wallTimeMs: () => 0, freeBytes: () => 1, reserveBytes: 0, committed });
for (const { message } of recorder.found) if (/missing/.test(message)) writeSync(1, `false alarm: ${message}\n`);
const apply = (command: Command) => {
  const [problem] = recorder.apply([command]).problems;
  if (problem) throw new Error(problem.message);
};
// The compiled code is flushed early, because a killed process would not. The next one then starts in a third of the time.
flushCompileCache();
writeSync(1, 'open\n');
for (let episodeId = recorder.nextEpisodeId; ; episodeId++) {
  apply({ kind: 'begin', episodeId, start: begun });
  for (const one of steps) {
    apply({ kind: 'step', episodeId, step: one });
    writeSync(1, `${episodeId} ${one.index + 1}\n`);
  }
  apply({ kind: 'end', episodeId, end: { outcome: 'success', judge: 'simulator' }, lostSteps: 0 });
}
