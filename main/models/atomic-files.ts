/**
 * Files that are either complete or absent. They are written into a work folder beside the target, flushed, then
 * renamed. The work folder is created exclusively, so two processes that write the same file do not disturb each other.
 * The later one replaces the earlier one's file. Libraries for atomic writes replace single files only, but a policy is
 * a folder whose files must change together.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Replaces `path` by the given bytes, one part after the other. */
export function writeFileAtomically(path: string, parts: readonly Uint8Array[]): void {
  inWorkFolder(path, (work) => {
    const temporary = join(work, 'file');
    const file = openSync(temporary, 'wx');
    try {
      for (const part of parts) for (let done = 0; done < part.length; ) done += writeSync(file, part, done);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  });
}

/** Replaces a whole folder: `write` fills a new one, which then takes its place. */
export function writeFolderAtomically(folder: string, write: (temporary: string) => void): void {
  inWorkFolder(folder, (work) => {
    const temporary = join(work, 'folder');
    mkdirSync(temporary);
    write(temporary);
    if (existsSync(folder)) renameSync(folder, join(work, 'replaced'));
    renameSync(temporary, folder);
  });
}

/** Process numbers are valid on one computer only, and several computers may share the disk. */
const HOST = hostname().replaceAll(/[^\w-]/g, '_');

function inWorkFolder(path: string, body: (work: string) => void): void {
  const parent = dirname(path);
  const prefix = `.${basename(path)}.part-${HOST}.`;
  mkdirSync(parent, { recursive: true });
  removeLeftovers(parent, prefix);
  const work = mkdtempSync(join(parent, `${prefix}${process.pid}.`));
  try {
    body(work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Removes work folders of killed processes, which could not remove their own. */
function removeLeftovers(parent: string, prefix: string): void {
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(prefix) ? /^(\d+)\.\w{6}$/.exec(name.slice(prefix.length))?.[1] : undefined;
    if (pid !== undefined && isDead(Number(pid))) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isDead(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}

/** Returns the bytes of a typed array without a copy. */
export function bytesOf(array: Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Returns little-endian float32 values as a copy, because the bytes may not be aligned. */
export function floatsOf(bytes: Uint8Array): Float32Array {
  // The slice() of a Buffer would not copy.
  return new Float32Array(new Uint8Array(bytes).buffer);
}
