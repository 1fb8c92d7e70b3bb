/** `takeover export`: writes the recordings as a standard dataset and checks it by reading it again. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { systemClock } from '../api/clock.ts';
import { outcomeSchema } from '../api/episode.ts';
import { inWords } from '../api/error-words.ts';
import { observationKindSchema } from '../api/observation.ts';
import { episodesText, exportBufferSchema, leftOutText, parseEpisodeRanges } from '../api/processes/export.ts';
import { taskIdSchema } from '../api/task.ts';
import { startExport } from '../runs/jobs/export-process.ts';
import { flag, option, parseVerb } from './options/parse-verb.ts';
import { printJson, progressBar } from './output.ts';

/** Numbers and ranges of episodes, such as `1-5,8`. */
const episodeRanges = z.string().transform((text, context) => {
  const parsed = parseEpisodeRanges(text);
  if (parsed.kind === 'ranges') return parsed.ranges;
  context.addIssue({ code: 'custom', message: parsed.message });
  return z.NEVER;
});

const OPTIONS = {
  format: option('lerobot-v3 (default)', z.enum(['lerobot-v3']).default('lerobot-v3')),
  out: option(
    'folder to write; must not exist yet, or be empty (required)',
    z.string({ error: 'which folder should the dataset be written to?' }).min(1),
  ),
  task: option('only episodes of this task: insert, pick-insert or lift', taskIdSchema.optional()),
  observation: option('only episodes of this observation: pixels, state or blind', observationKindSchema.optional()),
  buffer: option(
    'only episodes with a step in this buffer, rl or demo; they are exported whole',
    exportBufferSchema.optional(),
  ),
  outcome: option('only episodes that ended so: success, failure, truncated or aborted', outcomeSchema.optional()),
  episodes: option('only episodes with these numbers, for example 1-5,8', episodeRanges.optional()),
  'with-discarded': flag('discarded episodes too'),
};

export async function run(rest: readonly string[]): Promise<number> {
  const options = parseVerb('export', OPTIONS, rest);
  if (!options) return 0;
  const { format, task, observation, buffer, outcome, episodes } = options;
  const out = resolve(options.out);
  const startMs = systemClock.nowMs();
  const progress = progressBar('export', options.json);
  const choice = { task, observation, buffer, outcome, episodes };
  const request = { projectFolder: options.data, format, outFolder: out, choice };
  const job = startExport({ ...request, includeDiscarded: options['with-discarded'] }, systemClock, (line) => {
    if (line.kind === 'progress') progress.update(line.doneEpisodes, line.totalEpisodes, `${line.doneFrames} frames`);
    if (line.kind === 'warning') console.error(`warning: ${line.message}`);
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, job.cancel);
  const end = await job.ended;
  progress.end();
  if (end.kind === 'failed') throw new Error(inWords(end));
  if (end.problems.length > 0)
    throw new Error(`the dataset was written, but does not read back as it should: ${end.problems.join('; ')}`);
  const { frames, leftOut, bytes } = end;
  const wallSec = (systemClock.nowMs() - startMs) / 1000;
  if (options.json) printJson({ format, out, episodes: end.episodes, frames, leftOut, wallSec, bytes });
  else {
    const left = leftOutText(leftOut);
    const size = `${(bytes / 1e6).toFixed(1)} MB in ${out} (${wallSec.toFixed(1)} s)`;
    console.log(`${episodesText(end.episodes)}, ${frames} frames, ${size}${left === undefined ? '' : `; ${left}`}`);
  }
  return 0;
}
