/**
 * A learner's whole state in one file, written atomically: a JSON header (names, counters, the state of the random stream, the
 * position in the data), then the arrays. The header's SHA-256 covers both; in version 1 it covers the arrays only.
 * Layout: 'TKCK' · uint32 version · uint32 header length · header · arrays (float32, little-endian, in the header's order).
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { RemediedError } from '../../api/error-words.ts';
import { bytesOf, floatsOf, writeFileAtomically } from '../../models/atomic-files.ts';

const MAGIC = 'TKCK';
const VERSION = 2;
const READABLE = [1, 2];
const PREFIX_BYTES = 12;

/** Metrics summed over the unfinished block, and over the unfinished point of the curves. */
const sumsSchema = z
  .object({ count: z.int(), totals: z.record(z.string(), z.number()) })
  .default({ count: 0, totals: {} });

const headerSchema = z
  .object({
    algorithm: z.string(),
    preset: z.string(),
    stage: z.string(),
    runId: z.int(),
    counters: z.record(z.string(), z.number()),
    rng: z.object({
      words: z.tuple([z.number(), z.number(), z.number(), z.number()]).readonly(),
      spareNormal: z.number().optional(),
    }),
    /** Finished blocks, and updates made in the unfinished one. */
    blocks: z.int(),
    blockUpdates: z.int(),
    blockSums: sumsSchema,
    pointSums: sumsSchema,
    /** Environment steps that updates have been made for. */
    stepsServed: z.number(),
    arrays: z.array(z.object({ name: z.string(), length: z.int() })),
    sha256: z.string(),
  })
  .readonly();

export type CheckpointHeader = z.infer<typeof headerSchema>;

export interface Checkpoint {
  readonly header: Omit<CheckpointHeader, 'arrays' | 'sha256'>;
  readonly arrays: Readonly<Record<string, Float32Array>>;
}

/** Thrown when a checkpoint cannot be used. */
export class CheckpointError extends RemediedError {}

export function writeCheckpoint(path: string, { header, arrays }: Checkpoint): void {
  const entries = Object.entries(arrays);
  const bodies = entries.map(([, values]) => bytesOf(values));
  const unsigned: CheckpointHeader = {
    ...header,
    arrays: entries.map(([name, values]) => ({ name, length: values.length })),
    sha256: '',
  };
  const full = { ...unsigned, sha256: digest([Buffer.from(JSON.stringify(unsigned)), ...bodies]) };
  const text = Buffer.from(JSON.stringify(full));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.write(MAGIC, 0, 'latin1');
  prefix.writeUInt32LE(VERSION, 4);
  prefix.writeUInt32LE(text.length, 8);
  writeFileAtomically(path, [prefix, text, ...bodies]);
}

/** Returns `undefined` when there is no file. Throws a `CheckpointError` when the file is damaged. */
export function readCheckpoint(path: string): Checkpoint | undefined {
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  const damaged = (what: string) =>
    new CheckpointError(
      `${path} is not a usable checkpoint: ${what}`,
      'Delete it to start this run from its beginning, or put back a copy.',
    );
  if (bytes.length < PREFIX_BYTES || bytes.toString('latin1', 0, 4) !== MAGIC)
    throw damaged('it is no checkpoint file');
  const version = bytes.readUInt32LE(4);
  if (!READABLE.includes(version))
    throw damaged(`it is of version ${version}, this program reads versions ${READABLE.join(' and ')}`);
  const end = PREFIX_BYTES + bytes.readUInt32LE(8);
  const header = headerSchema.safeParse(parseJson(bytes.subarray(PREFIX_BYTES, end)));
  if (!header.success) throw damaged('its header cannot be read');
  const arrays: Record<string, Float32Array> = {};
  let offset = end;
  for (const { name, length } of header.data.arrays) {
    const next = offset + 4 * length;
    if (next > bytes.length) throw damaged(`it ends after ${bytes.length} bytes, ${name} needs ${next}`);
    arrays[name] = floatsOf(bytes.subarray(offset, next));
    offset = next;
  }
  if (offset !== bytes.length) throw damaged(`${bytes.length - offset} bytes follow the last array`);
  const { sha256 } = header.data;
  const unsigned = bytes.toString('utf8', PREFIX_BYTES, end).replace(`"sha256":"${sha256}"`, '"sha256":""');
  const proven = version === 1 ? [bytes.subarray(end)] : [Buffer.from(unsigned), bytes.subarray(end)];
  if (digest(proven) !== sha256) throw damaged('its contents do not match their SHA-256');
  const { arrays: _arrays, sha256: _sha256, ...rest } = header.data;
  return { header: rest, arrays };
}

function digest(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}
