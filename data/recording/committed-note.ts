/**
 * A small file beside the project's file. After each commit the writer notes there how far the store has come. When the
 * project's log is damaged while no engine runs, SQLite drops everything after the damage without an error. The note
 * then shows how much was there. The writer notes only what is committed, so a killed process can only have noted too
 * little, which raises no alarm.
 */
import { closeSync, constants, copyFileSync, existsSync, openSync, readSync, writeSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { openForReading, projectFile } from '../database.ts';
import { newestSequence } from '../mark.ts';
import type { Problem } from '../records.ts';
import { errorText } from '../store-error.ts';

const FILE_NAME = 'takeover.committed';
/** Size of a note. It is fixed, so that a single write replaces the note before. */
const NOTE_BYTES = 128;

export interface Extent {
  /** Sequence number of the newest event. */
  readonly sequence: number;
  /** Number of transitions of all episodes together. */
  readonly steps: number;
  /** Id of the newest episode, and its number of steps. */
  readonly episodeId: number;
  readonly episodeSteps: number;
  /** Largest numbers ever given to an event and to an episode, lost ones included. They are never given again. */
  readonly givenSequence: number;
  readonly givenEpisodeId: number;
}

export type CommittedNote = ReturnType<typeof openCommittedNote>;

const extentSchema = z.tuple([z.int(), z.int(), z.int(), z.int(), z.int(), z.int()]);

/** Throws the system's error when the file can be neither opened nor created. */
export function openCommittedNote(folder: string) {
  const file = openSync(join(resolve(folder), FILE_NAME), constants.O_RDWR | constants.O_CREAT, 0o644);
  return {
    /** Returns `undefined` when there is no note, or none that can be trusted. */
    read(): Extent | undefined {
      const bytes = Buffer.alloc(NOTE_BYTES);
      readSync(file, bytes, 0, NOTE_BYTES, 0);
      const [numbers = '', sum = ''] = bytes
        .toString('latin1')
        .split('|')
        .map((part) => part.trim());
      if (sum !== checksum(numbers)) return undefined;
      const parsed = extentSchema.safeParse(numbers.split(' ').map(Number));
      if (!parsed.success) return undefined;
      const [sequence, steps, episodeId, episodeSteps, givenSequence, givenEpisodeId] = parsed.data;
      return { sequence, steps, episodeId, episodeSteps, givenSequence, givenEpisodeId };
    },
    write({ sequence, steps, episodeId, episodeSteps, givenSequence, givenEpisodeId }: Extent): void {
      const numbers = [sequence, steps, episodeId, episodeSteps, givenSequence, givenEpisodeId].join(' ');
      const line = `${numbers} | ${checksum(numbers)} |`.padEnd(NOTE_BYTES - 1);
      writeSync(file, `${line}\n`, 0, 'latin1');
    },
    close: (): void => closeSync(file),
  };
}

/**
 * Returns a function that notes an extent, and returns a problem when that begins to fail. Without the note a later loss
 * could not be detected; a failed note loses no data by itself.
 */
export function createNoting(note: Pick<CommittedNote, 'write'> | undefined) {
  let fails = false;
  return (extent: Extent): Problem | undefined => {
    const failedBefore = fails;
    try {
      note?.write(extent);
      fails = false;
      return undefined;
    } catch (error) {
      fails = true;
      if (failedBefore) return undefined;
      return {
        message: `How far the project is stored could not be noted: ${errorText(error)}.`,
        remedy: "Check the project's disk; what is recorded is stored all the same.",
        fatal: false,
      };
    }
  };
}

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, '0');

/**
 * Returns the problem when the store holds less than the note says. `cutShort`: whether the newest stored episode has no
 * end. `keptLog`: name of the copy of the damaged log.
 */
export function lossSince(
  noted: Extent | undefined,
  stored: Extent,
  { cutShort, keptLog }: { readonly cutShort: boolean; readonly keptLog: string | undefined },
): Problem | undefined {
  if (!noted || noted.sequence <= stored.sequence) return undefined;
  const steps = noted.steps - stored.steps;
  const parts: string[] = [];
  if (noted.episodeId === stored.episodeId && steps > 0)
    parts.push(`episode ${stored.episodeId} ends after ${stored.episodeSteps} of ${noted.episodeSteps} steps`);
  else if (cutShort && steps > 0) parts.push(`episode ${stored.episodeId} ends after ${stored.episodeSteps} steps`);
  if (noted.episodeId > stored.episodeId) {
    const first = stored.episodeId + 1;
    const which = first === noted.episodeId ? `episode ${first} is` : `episodes ${first} to ${noted.episodeId} are`;
    parts.push(`${which} gone`);
  }
  const events = noted.sequence - stored.sequence;
  const what =
    steps > 0
      ? `${steps} committed ${steps === 1 ? 'step is' : 'steps are'} missing: ${parts.join(', ')}`
      : `${events} committed ${events === 1 ? 'event is' : 'events are'} missing (ends, verdicts, discards or labels of episodes)`;
  return {
    message: `${what}. The project's file or its log was damaged or replaced since it was last written.${
      keptLog === undefined ? '' : ` The log is kept as ${keptLog}.`
    }`,
    remedy: 'If you have a backup of the project, put it in its place; what is there now is sound and can be used.',
    fatal: true,
  };
}

/**
 * Copies a damaged log, because SQLite overwrites the part after the damage with the next commit. Call it before the
 * project is opened for writing. Returns the copy's name, or `undefined` when nothing is missing or no copy was made.
 */
export function keepDamagedLog(folder: string, noted: Extent | undefined): string | undefined {
  const log = `${projectFile(folder)}-wal`;
  if (!noted || !existsSync(log) || storedSequence(folder) >= noted.sequence) return undefined;
  const copy = `${log}.damaged`;
  try {
    copyFileSync(log, copy);
    return basename(copy);
  } catch {
    // The recorder reports the loss itself. Only the copy is missing, because the disk has no room for it.
    return undefined;
  }
}

/** Returns 0 when the tables themselves were in the log. */
function storedSequence(folder: string): number {
  try {
    const database = openForReading(folder);
    try {
      return newestSequence(database);
    } finally {
      database.close();
    }
  } catch {
    // The writer opens the project next and reports why it cannot be opened.
    return 0;
  }
}
