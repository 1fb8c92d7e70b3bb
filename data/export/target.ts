/**
 * The folder that an export fills. It must be empty or not exist. A new folder is written beside its place and renamed
 * when the dataset is complete. An empty folder (a mounted disk, a link, a folder of another user) stays and is filled
 * from within.
 */
import { lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { errorCode, StoreError } from '../store-error.ts';
import { createWorkFolder, isTaken, isWorkFolderName, removeDeadWorkFolders, type WorkFolder } from './work-folder.ts';
import { writeProblem } from './write-problem.ts';

/** Folder on every newly formatted Linux disk. It does not count as content. */
const NOT_COUNTED = 'lost+found';
/** Readers treat a folder as a dataset when this entry exists, so it is moved last. */
const LAST_ENTRY = 'meta';

export interface ExportTarget {
  readonly folder: string;
  /** Folder that the dataset is written to. */
  readonly dataset: string;
  /** Moves the complete dataset into place. Throws when another program has put something there meanwhile. */
  finish(): void;
  /** Removes only what this export has made. */
  abandon(): void;
}

/** Claims the folder. Throws a `StoreError` and leaves nothing behind when it is in use or cannot be written to. */
export function claimTarget(outFolder: string): ExportTarget {
  const folder = resolve(outFolder);
  try {
    return isFolder(folder) ? fillFromWithin(folder) : writeBeside(folder);
  } catch (error) {
    throw writeProblem(folder, error);
  }
}

/** Removes the work folders of dead exports to `outFolder`, in it and beside it. Never throws. */
export function removeLeftovers(outFolder: string): void {
  const folder = resolve(outFolder);
  removeDeadWorkFolders(dirname(folder));
  removeDeadWorkFolders(folder);
}

function isFolder(folder: string): boolean {
  if (!lstatSync(folder, { throwIfNoEntry: false })) return false;
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw occupied(`${folder} is a file or a broken link, not a folder`);
  return true;
}

function occupied(what: string): StoreError {
  return new StoreError('export', `${what}.`, 'Choose another folder, or move away what is there.');
}

function taken(folder: string): StoreError {
  return new StoreError(
    'export',
    `${folder} is taken: another export is writing to it.`,
    'Choose another folder, or wait until that export has ended.',
  );
}

/** Lists the entries that are not work folders of exports. */
function strangers(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => name !== NOT_COUNTED && !isWorkFolderName(name));
}

function refuseOccupied(folder: string): void {
  const [first] = strangers(folder);
  if (first !== undefined) throw occupied(`${folder} is not an empty folder (${first} is in it)`);
}

/** Creates a work folder in `parent` and holds `folder` with it. */
function hold(parent: string, folder: string): WorkFolder {
  removeDeadWorkFolders(parent);
  const work = createWorkFolder(parent, folder);
  try {
    if (isTaken(parent, folder, work)) throw taken(folder);
    mkdirSync(work.dataset);
    return work;
  } catch (error) {
    rmSync(work.path, { recursive: true, force: true });
    throw error;
  }
}

function fillFromWithin(folder: string): ExportTarget {
  refuseOccupied(folder);
  const work = hold(folder, folder);
  const finish = () => {
    refuseOccupied(folder);
    const entries = readdirSync(work.dataset).sort((a, b) => Number(a === LAST_ENTRY) - Number(b === LAST_ENTRY));
    const moved: string[] = [];
    try {
      for (const name of entries) {
        renameSync(join(work.dataset, name), join(folder, name));
        moved.push(name);
      }
    } catch (error) {
      for (const name of moved) renameSync(join(folder, name), join(work.dataset, name));
      throw wasFilled(error) ? taken(folder) : error;
    }
    rmSync(work.path, { recursive: true, force: true });
  };
  return target(folder, work, finish, () => {});
}

function writeBeside(folder: string): ExportTarget {
  const parent = dirname(folder);
  const firstMade = mkdirSync(parent, { recursive: true });
  const removeParents = () => removeMade(parent, firstMade);
  let work: WorkFolder;
  try {
    work = hold(parent, folder);
  } catch (error) {
    removeParents();
    throw error;
  }
  const finish = () => {
    // A rename onto an empty folder would replace it; a rename onto a link would use the wrong path.
    if (lstatSync(folder, { throwIfNoEntry: false })) throw taken(folder);
    try {
      renameSync(work.dataset, folder);
    } catch (error) {
      throw wasFilled(error) ? taken(folder) : error;
    }
    rmdirSync(work.path);
  };
  return target(folder, work, finish, removeParents);
}

function target(folder: string, work: WorkFolder, finish: () => void, removeParents: () => void): ExportTarget {
  return {
    folder,
    dataset: work.dataset,
    finish: () => {
      try {
        finish();
      } catch (error) {
        throw writeProblem(folder, error);
      }
    },
    abandon: () => {
      try {
        rmSync(work.path, { recursive: true, force: true });
      } catch {
        // The caller reports the error that ended the export. The next export to this folder removes the rest.
      }
      removeParents();
    },
  };
}

const wasFilled = (error: unknown): boolean =>
  ['EEXIST', 'ENOTEMPTY', 'ENOTDIR', 'EISDIR'].includes(errorCode(error) ?? '');

/** Removes the folders that this export has made, from `folder` up to `firstMade`, as long as they are empty. */
function removeMade(folder: string, firstMade: string | undefined): void {
  if (firstMade === undefined) return;
  for (let at = folder; ; at = dirname(at)) {
    try {
      rmdirSync(at);
    } catch {
      return; // Another program uses the folder by now.
    }
    if (at === firstMade || basename(at) === '') return;
  }
}
