/** Words and a remedy for an error of the file system while an export writes. */
import { errorCode, errorText, StoreError } from '../store-error.ts';

const OTHER_FOLDER = 'Choose a folder that you may write to, on a disk with free space.';

interface Words {
  readonly what: string;
  readonly remedy: string;
}

const NO_PERMISSION: Words = {
  what: 'you have no permission to write there',
  remedy: 'Choose a folder that you may write to, or ask its owner for permission.',
};
const FULL: Words = {
  what: 'the disk, or your share of it, is full',
  remedy: 'Free some space there, or choose a folder on another disk.',
};
const NOT_A_FOLDER: Words = {
  what: 'a part of its path is a file or a broken link, not a folder',
  remedy: 'Correct the path, or choose another folder.',
};
const DISK_FAILS: Words = {
  what: 'the disk does not answer as it should',
  remedy: 'Check the disk and its connection, or choose a folder on another disk.',
};

const BY_CODE: Readonly<Record<string, Words>> = {
  EACCES: NO_PERMISSION,
  EPERM: NO_PERMISSION,
  EROFS: { what: 'its disk may only be read', remedy: 'Choose a folder on another disk.' },
  ENOSPC: FULL,
  EDQUOT: FULL,
  EFBIG: { what: 'its disk allows no file of that size', remedy: 'Choose a folder on another disk.' },
  ENOTDIR: NOT_A_FOLDER,
  EEXIST: NOT_A_FOLDER,
  ELOOP: NOT_A_FOLDER,
  ENAMETOOLONG: { what: 'its path is too long', remedy: 'Choose a folder with a shorter path.' },
  EINVAL: { what: 'its disk does not take such names', remedy: 'Choose a folder on another disk.' },
  ENOENT: { what: 'it has gone, or cannot be created', remedy: OTHER_FOLDER },
  EIO: DISK_FAILS,
  ENXIO: DISK_FAILS,
  ENODEV: DISK_FAILS,
  ESTALE: DISK_FAILS,
  EMFILE: { what: 'too many files are open', remedy: 'Close other programs, then export again.' },
  ENFILE: { what: 'too many files are open', remedy: 'Close other programs, then export again.' },
};

/**
 * Turns an error of the file system in `folder` into an error with a remedy. Returns any other error, a bug included,
 * unchanged.
 */
export function writeProblem(folder: string, error: unknown): unknown {
  if (error instanceof StoreError) return error;
  const code = errorCode(error);
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error;
  const words = BY_CODE[code] ?? { what: errorText(error), remedy: OTHER_FOLDER };
  return new StoreError('export', `${folder} cannot be written to: ${words.what} (${code}).`, words.remedy, error);
}
