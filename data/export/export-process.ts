/**
 * An export as a process of its own: `export-process.ts PROJECT FORMAT OUT [EPISODE,EPISODE…]`. Prints JSON lines: progress,
 * warnings, and one last line with the result or the error. SIGTERM or SIGINT cancels and leaves nothing behind.
 */
import { openForReading } from '../database.ts';
import { createQueries } from '../queries.ts';
import { errorText, StoreError } from '../store-error.ts';
import type { DatasetFormat, ExportResult, Progress } from './format.ts';
import { lerobotV3 } from './lerobot-v3.ts';

export type ExportLine =
  | ({ readonly kind: 'progress' } & Progress)
  | { readonly kind: 'warning'; readonly message: string }
  | ({ readonly kind: 'done'; readonly problems: readonly string[] } & ExportResult)
  | { readonly kind: 'error'; readonly message: string; readonly remedy: string; readonly cancelled: boolean };

export const FORMATS: Readonly<Record<string, DatasetFormat>> = { [lerobotV3.name]: lerobotV3 };

async function run(args: readonly string[], print: (line: ExportLine) => void): Promise<number> {
  const [folder = '', formatName = '', outFolder = '', episodes] = args;
  const cancel = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => cancel.abort());
  try {
    const format = FORMATS[formatName];
    if (!format)
      throw new StoreError(
        'export',
        `There is no format '${formatName}'.`,
        `Choose one of: ${Object.keys(FORMATS).join(', ')}.`,
      );
    const database = openForReading(folder);
    const result = await format.write(createQueries(database), {
      outFolder,
      ...(episodes ? { episodeIds: episodes.split(',').map(Number) } : {}),
      reporter: { warn: (message) => print({ kind: 'warning', message }) },
      signal: cancel.signal,
      onProgress: (progress) => print({ kind: 'progress', ...progress }),
    });
    database.close();
    const problems = await format.validate(result.out);
    print({ kind: 'done', ...result, problems });
    return problems.length === 0 ? 0 : 1;
  } catch (error) {
    const known = error instanceof StoreError;
    print({
      kind: 'error',
      message: errorText(error),
      remedy: known ? error.remedy : 'Report this as a bug.',
      cancelled: known && error.kind === 'cancelled',
    });
    return 1;
  }
}

if (import.meta.main)
  process.exitCode = await run(process.argv.slice(2), (line) => process.stdout.write(`${JSON.stringify(line)}\n`));
