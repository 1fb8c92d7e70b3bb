/** Files that are either whole or absent: written under a temporary name, flushed, then renamed. */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Replaces `path` by the given bytes, one part after the other. */
export function writeFileAtomically(path: string, parts: readonly Uint8Array[]): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.part`;
  const file = openSync(temporary, 'w');
  try {
    for (const part of parts) for (let done = 0; done < part.length; ) done += writeSync(file, part, done);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}

/** Replaces a whole folder: `write` fills a temporary one beside it, whose name begins with a dot. */
export function writeFolderAtomically(folder: string, write: (temporary: string) => void): void {
  const temporary = join(dirname(folder), `.${basename(folder)}.part`);
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true });
  write(temporary);
  rmSync(folder, { recursive: true, force: true });
  renameSync(temporary, folder);
}

/** The bytes of a typed array, not copied. */
export function bytesOf(array: Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Little-endian float32 values, copied so that they are aligned. */
export function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(new Uint8Array(bytes).buffer); // a Buffer's own slice() does not copy
}
