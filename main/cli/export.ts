/** `takeover export`: the recordings as a standard dataset, checked by reading it again. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { systemClock } from '../api/clock.ts';
import { inWords } from '../api/error-words.ts';
import { startExport } from '../runs/export-process.ts';
import { parseVerb } from './arguments.ts';
import { createProgress, printJson } from './output.ts';

export async function run(rest: readonly string[]): Promise<number> {
  const options = parseVerb(
    'export',
    {
      format: { type: 'string', help: 'lerobot-v3 (default)' },
      out: { type: 'string', help: 'folder to write; must not exist yet, or be empty (required)' },
    },
    {
      format: z.enum(['lerobot-v3']).default('lerobot-v3'),
      out: z.string({ error: 'which folder should the dataset be written to?' }).min(1),
    },
    rest,
  );
  if (!options) return 0;
  const startMs = systemClock.nowMs();
  const progress = createProgress('export', systemClock, options.json && process.stderr.isTTY !== true);
  const job = startExport({
    projectFolder: options.data,
    format: options.format,
    outFolder: resolve(options.out),
    onLine: (line) => {
      if (line.kind === 'progress') progress.update(line.doneEpisodes, line.totalEpisodes, `${line.doneFrames} frames`);
      if (line.kind === 'warning') console.error(`warning: ${line.message}`);
    },
  });
  process.once('SIGINT', () => job.cancel());
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
    wallSec: (systemClock.nowMs() - startMs) / 1000,
    bytes: end.bytes,
  };
  if (options.json) printJson(result);
  else
    console.log(
      `${result.episodes} episodes, ${result.frames} frames, ${(result.bytes / 1e6).toFixed(1)} MB in ${result.out} (${result.wallSec.toFixed(1)} s)`,
    );
  return 0;
}
