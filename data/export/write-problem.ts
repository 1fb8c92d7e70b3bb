/** Explains an error of the file system while an export writes, and gives its remedy. */
import { errorCode, errorText, StoreError } from '../store-error.ts';

const OTHER_FOLDER = 'Choose a folder that you may write to, on a disk with free space.';

const OTHER_DISK = 'Choose a folder on another disk.';

/** Error codes of the system, what they mean for the folder, and what to do. */
const CAUSES: readonly (readonly [codes: readonly string[], what: string, remedy: string])[] = [
  [
    ['EACCES', 'EPERM'],
    'you have no permission to write there',
    'Choose a folder that you may write to, or ask its owner for permission.',
  ],
  [['EROFS'], 'its disk may only be read', OTHER_DISK],
  [
    ['ENOSPC', 'EDQUOT'],
    'the disk, or your share of it, is full',
    'Free some space there, or choose a folder on another disk.',
  ],
  [['EFBIG'], 'its disk allows no file of that size', OTHER_DISK],
  [
    ['ENOTDIR', 'EEXIST', 'ELOOP'],
    'a part of its path is a file or a broken link, not a folder',
    'Correct the path, or choose another folder.',
  ],
  [['ENAMETOOLONG'], 'its path is too long', 'Choose a folder with a shorter path.'],
  [['EINVAL'], 'its disk does not take such names', OTHER_DISK],
  [['ENOENT'], 'it has gone, or cannot be created', OTHER_FOLDER],
  [
    ['EIO', 'ENXIO', 'ENODEV', 'ESTALE'],
    'the disk does not answer as it should',
    'Check the disk and its connection, or choose a folder on another disk.',
  ],
  [['EMFILE', 'ENFILE'], 'too many files are open', 'Close other programs, then export again.'],
];

/**
 * Turns an error of the file system in `folder` into an error with a remedy. Returns any other error, a bug included,
 * unchanged.
 */
export function writeProblem(folder: string, error: unknown): unknown {
  if (error instanceof StoreError) return error;
  const code = errorCode(error);
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error;
  const cause = CAUSES.find(([codes]) => codes.includes(code));
  const [, what, remedy] = cause ?? [[], errorText(error), OTHER_FOLDER];
  return new StoreError('export', `${folder} cannot be written to: ${what} (${code}).`, remedy, error);
}
