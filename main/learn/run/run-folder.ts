/**
 * The files of a run, in `runs/<id>/` of the project folder: `config.json` (the settings it really uses),
 * `checkpoint.bin`, `blocks.jsonl` (what each block of updates could see), `policy-<step>/` (a published policy) and
 * `run.json` (which run it is). `run.json` is needed because an id is given again when an older database is put back.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { parsePolicyName, policyNameOf } from '../../api/policy.ts';
import { STARTERS } from '../../models/assets.ts';
import { writeFileAtomically } from '../../models/atomic-files.ts';

export interface RunFolder {
  readonly folder: string;
  readonly config: string;
  readonly checkpoint: string;
  readonly blocks: string;
  policy(step: number): string;
  policyName(step: number): string;
}

export function runFolder(projectFolder: string, runId: number): RunFolder {
  const folder = join(projectFolder, 'runs', String(runId));
  mkdirSync(folder, { recursive: true });
  return {
    folder,
    config: join(folder, 'config.json'),
    checkpoint: join(folder, 'checkpoint.bin'),
    blocks: join(folder, 'blocks.jsonl'),
    policy: (step) => join(folder, `policy-${step}`),
    policyName: (step) => policyNameOf(runId, step),
  };
}

/** A run as its row describes it. The creation time tells it from another run with the same id. */
interface RunIdentity {
  readonly id: number;
  readonly startedAtMs: number;
}

const IDENTITY = 'run.json';
/** File systems stamp files by a coarse clock, which may lag the process's clock by some milliseconds. */
const COARSE_MS = 20;
const identitySchema = z.object({ id: z.int(), startedAtMs: z.number() });

/**
 * Claims `runs/<id>/` for this run before anything in it is read. A folder that another run left under the same id is
 * put aside; the text that reports this is returned. A folder of an older version has no `run.json`. It belongs to
 * another run when everything in it is older than this run.
 */
export function claimRunFolder(projectFolder: string, run: RunIdentity): string | undefined {
  const folder = join(projectFolder, 'runs', String(run.id));
  const path = join(folder, IDENTITY);
  const entries = existsSync(folder) ? readdirSync(folder) : [];
  const isOwn = existsSync(path)
    ? isSame(path, run)
    : entries.length === 0 ||
      entries.some((entry) => statSync(join(folder, entry)).mtimeMs >= run.startedAtMs - COARSE_MS);
  const aside = isOwn ? undefined : putAside(folder);
  if (!isOwn || !existsSync(path)) writeFileAtomically(path, [Buffer.from(`${JSON.stringify(run)}\n`)]);
  return aside === undefined
    ? undefined
    : `runs/${run.id} held the files of another run with this id; they are kept in ${aside}, and this run begins afresh.`;
}

/** True unless `run.json` in `runs/<id>/` names another run. */
export function belongsTo(projectFolder: string, run: RunIdentity): boolean {
  const path = join(projectFolder, 'runs', String(run.id), IDENTITY);
  return !existsSync(path) || isSame(path, run);
}

function isSame(path: string, run: RunIdentity): boolean {
  try {
    const found = identitySchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    return found.id === run.id && found.startedAtMs === run.startedAtMs;
  } catch {
    return false; // An unreadable file does not show that the folder belongs to this run.
  }
}

function putAside(folder: string): string {
  for (let number = 1; ; number++) {
    const aside = `${folder}-other-${number}`;
    if (existsSync(aside)) continue;
    renameSync(folder, aside);
    return aside;
  }
}

interface PolicyOrigin {
  readonly manifestPath: string;
  /** Checkpoint of the run that made the policy; it holds the rest of the learner's state. */
  readonly checkpoint: string | undefined;
}

/** Finds a policy by the name of a starter, by its run's name for it (`run-<id>/<step>`), or by the path of its manifest. */
export function policyOrigin(projectFolder: string, name: string): PolicyOrigin {
  const published = parsePolicyName(name);
  if (published) {
    const folder = join(projectFolder, 'runs', String(published.runId));
    return {
      manifestPath: join(folder, `policy-${published.step}`, 'manifest.json'),
      checkpoint: join(folder, 'checkpoint.bin'),
    };
  }
  return { manifestPath: STARTERS.get(name) ?? name, checkpoint: undefined };
}

const blockSchema = z
  .object({
    index: z.int(),
    /** The grant that it answers; absent in a run that paces itself. */
    throughEpisodeId: z.int().optional(),
    requested: z.int().optional(),
    /** The newest event of the store that it may read. */
    newestSequence: z.int(),
    /** Transitions in the buffers when it began. */
    rlTransitions: z.int(),
    demoTransitions: z.int(),
    /** Environment steps that updates had been made for, including those before training could start. */
    stepsServed: z.number().optional(),
    /** Actor updates. */
    updates: z.int(),
  })
  .readonly();
/** Record of a block, written before its first update. A resumed run repeats recorded blocks before it begins a new one. */
export type BlockRecord = z.infer<typeof blockSchema>;

/** Reads the recorded blocks without a last line that a crash has cut short. */
export function readBlocks(path: string): BlockRecord[] {
  return wholeLines(path).map((line) => blockSchema.parse(JSON.parse(line)));
}

/** Removes a last line that a crash has cut short, and reads the recorded blocks. */
export function repairBlocks(path: string): BlockRecord[] {
  const bytes = wholeLines(path).reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  if (existsSync(path)) truncateSync(path, bytes);
  return readBlocks(path);
}

const wholeLines = (path: string): string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];

export function appendBlock(path: string, block: BlockRecord): void {
  appendFileSync(path, `${JSON.stringify(block)}\n`);
}
