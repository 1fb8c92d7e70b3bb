/** A temporary copy of a project's file, for projects in folders that may only be read. */
import { constants, copyFileSync, existsSync, mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { errorText, StoreError } from './store-error.ts';

/** Free space that the copy must leave on the disk. */
const RESERVE_BYTES = 64 * 1024 ** 2;
const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;

export interface ReadOnlyCopy {
  readonly file: string;
  remove(): void;
}

/** Copies the file and its write-ahead log. Throws a `read-only` error that says why when there is no room for them. */
export function copyForReading(file: string): ReadOnlyCopy {
  const parts = ['', '-wal'].filter((suffix) => existsSync(`${file}${suffix}`));
  const neededBytes = parts.reduce((sum, suffix) => sum + statSync(`${file}${suffix}`).size, RESERVE_BYTES);
  const { bavail, bsize } = statfsSync(tmpdir());
  const refuse = (why: string, cause?: unknown) =>
    new StoreError(
      'read-only',
      `${dirname(file)} may only be read, and its file could not be copied to ${tmpdir()}: ${why}.`,
      'Copy the project into a folder that you may write to, or set TMPDIR to a folder with more room.',
      cause,
    );
  if (bavail * bsize < neededBytes)
    throw refuse(`${megabytes(neededBytes)} are needed, ${megabytes(bavail * bsize)} are free`);
  const folder = mkdtempSync(join(tmpdir(), 'takeover-read-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    for (const suffix of parts)
      copyFileSync(`${file}${suffix}`, join(folder, `${basename(file)}${suffix}`), constants.COPYFILE_FICLONE);
    return { file: join(folder, basename(file)), remove };
  } catch (error) {
    remove();
    throw refuse(errorText(error), error);
  }
}
