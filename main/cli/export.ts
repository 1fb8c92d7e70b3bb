/** `takeover export`: the recordings as a standard dataset, checked by reading it again. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { systemClock } from '../api/clock.ts';
import { outcomeSchema } from '../api/episode.ts';
import { inWords } from '../api/error-words.ts';
import { observationKindSchema } from '../api/observation.ts';
import {
  type EpisodeChoice,
  episodesText,
  exportBufferSchema,
  leftOutText,
  parseEpisodeRanges,
} from '../api/processes/export.ts';
import { taskIdSchema } from '../api/task.ts';
import { startExport } from '../runs/export-process.ts';
import { parseVerb } from './arguments.ts';
import { createProgress, printJson } from './output.ts';

/** `--episodes 1-5,8` */
const rangesSchema = z.string().transform((text, context) => {
  const parsed = parseEpisodeRanges(text);
  if (parsed.kind === 'ranges') return parsed.ranges;
  context.addIssue({ code: 'custom', message: parsed.message });
  return z.NEVER;
});

export async function run(rest: readonly string[]): Promise<number> {
  const options = parseVerb(
    'export',
    {
      format: { type: 'string', help: 'lerobot-v3 (default)' },
      out: { type: 'string', help: 'folder to write; must not exist yet, or be empty (required)' },
      task: { type: 'string', help: 'only episodes of this task: insert, pick-insert or lift' },
      observation: { type: 'string', help: 'only episodes of this observation: pixels, state or blind' },
      buffer: { type: 'string', help: 'only episodes with a step in this buffer, rl or demo; they are exported whole' },
      outcome: { type: 'string', help: 'only episodes that ended so: success, failure, truncated or aborted' },
      episodes: { type: 'string', help: 'only episodes with these numbers, for example 1-5,8' },
      'with-discarded': { type: 'boolean', help: 'discarded episodes too' },
    },
    {
      format: z.enum(['lerobot-v3']).default('lerobot-v3'),
      out: z.string({ error: 'which folder should the dataset be written to?' }).min(1),
      task: taskIdSchema.optional(),
      observation: observationKindSchema.optional(),
      buffer: exportBufferSchema.optional(),
      outcome: outcomeSchema.optional(),
      episodes: rangesSchema.optional(),
      'with-discarded': z.boolean().default(false),
    },
    rest,
  );
  if (!options) return 0;
  const { task, observation, buffer, outcome, episodes } = options;
  const choice: EpisodeChoice = { task, observation, buffer, outcome, episodes };
  const startMs = systemClock.nowMs();
  const progress = createProgress('export', systemClock, options.json && process.stderr.isTTY !== true);
  const job = startExport({
    projectFolder: options.data,
    format: options.format,
    outFolder: resolve(options.out),
    choice,
    includeDiscarded: options['with-discarded'],
    clock: systemClock,
    onLine: (line) => {
      if (line.kind === 'progress') progress.update(line.doneEpisodes, line.totalEpisodes, `${line.doneFrames} frames`);
      if (line.kind === 'warning') console.error(`warning: ${line.message}`);
    },
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, job.cancel);
  const end = await job.ended;
  progress.end();
  if (end.kind === 'failed') throw new Error(inWords(end));
  if (end.problems.length > 0)
    throw new Error(`the dataset was written, but does not read back as it should: ${end.problems.join('; ')}`);
  const result = {
    format: options.format,
    out: resolve(options.out),
    episodes: end.episodes,
    frames: end.frames,
    leftOut: end.leftOut,
    wallSec: (systemClock.nowMs() - startMs) / 1000,
    bytes: end.bytes,
  };
  if (options.json) printJson(result);
  else {
    const left = leftOutText(end.leftOut);
    const size = `${(result.bytes / 1e6).toFixed(1)} MB in ${result.out} (${result.wallSec.toFixed(1)} s)`;
    console.log(
      `${episodesText(result.episodes)}, ${result.frames} frames, ${size}${left === undefined ? '' : `; ${left}`}`,
    );
  }
  return 0;
}
