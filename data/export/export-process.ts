/**
 * Runs an export in a process of its own: `export-process.ts < JOB`. The job is one JSON object on standard input.
 * Prints JSON lines: the choice, progress, warnings, and one last line with the result or the error. SIGTERM or SIGINT
 * cancels the export and leaves nothing behind.
 */
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { type ExportLine, episodeChoiceSchema } from '../../main/api/processes/export.ts';
import { openForReading } from '../database.ts';
import { createQueries } from '../reading/queries.ts';
import { errorCode, errorText, StoreError } from '../store-error.ts';
import type { DatasetFormat } from './format.ts';
import { lerobotV3 } from './lerobot-v3.ts';

export const exportJobSchema = z.object({
  projectFolder: z.string().min(1),
  format: z.string(),
  outFolder: z.string().min(1),
  choice: episodeChoiceSchema.default({}),
  includeDiscarded: z.boolean().default(false),
});
/** A job has no upper size, and the arguments of a process do. It is therefore sent through a pipe. */
export type ExportJobMessage = z.input<typeof exportJobSchema>;

export const FORMATS: Readonly<Record<string, DatasetFormat>> = { [lerobotV3.name]: lerobotV3 };

async function run(jobText: string, print: (line: ExportLine) => void, signal: AbortSignal): Promise<number> {
  try {
    const job = exportJobSchema.parse(JSON.parse(jobText));
    const format = FORMATS[job.format];
    if (!format)
      throw new StoreError(
        'export',
        `There is no format '${job.format}'.`,
        `Choose one of: ${Object.keys(FORMATS).join(', ')}.`,
      );
    const database = openForReading(job.projectFolder);
    const result = await format.write(createQueries(database), {
      outFolder: job.outFolder,
      choice: job.choice,
      includeDiscarded: job.includeDiscarded,
      signal,
      reporter: { warn: (message) => print({ kind: 'warning', message }) },
      onChosen: (chosen) => print({ kind: 'chosen', ...chosen }),
      onProgress: (progress) => print({ kind: 'progress', ...progress }),
    });
    database.close();
    const problems = await format.validate(result.out);
    print({ kind: 'done', ...result, problems });
    return problems.length === 0 ? 0 : 1;
  } catch (error) {
    print({ kind: 'error', ...wordsOf(error), cancelled: error instanceof StoreError && error.kind === 'cancelled' });
    return 1;
  }
}

function wordsOf(error: unknown): { readonly message: string; readonly remedy: string } {
  const message = errorText(error);
  // Some messages repeat their remedy. It is removed from the message, so that it is printed once.
  if (error instanceof StoreError) return { message: message.replace(error.remedy, '').trim(), remedy: error.remedy };
  if (errorCode(error)?.startsWith('SQLITE_'))
    return {
      message: `The project cannot be read: ${message}.`,
      remedy: 'Check the disk of the project, or put a backup copy in its place.',
    };
  return { message, remedy: 'Report this as a bug.' };
}

if (import.meta.main) {
  const cancel = new AbortController();
  // Signals are handled from the start, because reading and loading take a while.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => cancel.abort());
  // The pipe breaks when the process that asked for the export has ended.
  process.stdout.on('error', () => cancel.abort());
  process.exitCode = await run(
    await text(process.stdin),
    (line) => process.stdout.write(`${JSON.stringify(line)}\n`),
    cancel.signal,
  );
}
