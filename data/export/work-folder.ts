/**
 * The folder that an export works in. It is created exclusively; its name holds the target and the owner process. A
 * left-over folder is removed only when its owner is certainly dead and it holds only an export's own files. Lock
 * libraries judge an owner by a file's age instead, which would remove the folder of an export that the system suspended.
 */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';

const PREFIX = '.takeover-export-';
/** Hash of the target, hash of the host, process number, hash of the process's start, and a random suffix. */
const NAME = /^\.takeover-export-([0-9a-f]{8})-([0-9a-f]{8})-(\d{1,10})-([0-9a-f]{8})-\w{6}$/;
/** The only entry of a work folder. It exists as soon as the export holds its target. */
const DATASET = 'dataset';
/** Used when the system does not tell when a process started. The process number alone then identifies the owner. */
const START_UNKNOWN = '00000000';

export interface WorkFolder {
  readonly path: string;
  /** Folder that becomes the dataset, or whose entries are moved there. */
  readonly dataset: string;
}

export function createWorkFolder(parent: string, target: string): WorkFolder {
  const owner = [placeHash(), process.pid, processStart(process.pid) ?? START_UNKNOWN].join('-');
  const path = mkdtempSync(join(parent, `${PREFIX}${targetHash(target)}-${owner}-`));
  return { path, dataset: join(path, DATASET) };
}

export const isWorkFolderName = (name: string): boolean => NAME.test(name);

/**
 * True when another living export to `target` in `parent` goes first: it holds the target, or began at the same moment
 * and sorts first.
 */
export function isTaken(parent: string, target: string, own: WorkFolder): boolean {
  const prefix = `${PREFIX}${targetHash(target)}-`;
  const ownName = basename(own.path);
  return readdirSync(parent).some((name) => {
    if (!name.startsWith(prefix) || !NAME.test(name) || name === ownName || ownerIsDead(name)) return false;
    return existsSync(join(parent, name, DATASET)) || name < ownName;
  });
}

/**
 * Removes the work folders in `parent` whose owners are dead. A folder that cannot be removed stays and does no harm.
 */
export function removeDeadWorkFolders(parent: string): void {
  for (const name of namesIn(parent)) {
    if (!NAME.test(name) || !ownerIsDead(name)) continue;
    const path = join(parent, name);
    try {
      const ours = lstatSync(path).isDirectory() && readdirSync(path).every((entry) => entry === DATASET);
      if (ours) rmSync(path, { recursive: true, force: true });
    } catch {
      // The folder belongs to another user or has gone. The export works without removing it.
    }
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // The folder does not exist or cannot be read, so nothing in it can be removed.
    return [];
  }
}

function ownerIsDead(name: string): boolean {
  const [, , place, pidText, start] = NAME.exec(name) ?? [];
  // Processes of another computer or container cannot be seen from here.
  if (place !== placeHash()) return false;
  const pid = Number(pidText);
  if (!exists(pid)) return true;
  const actual = processStart(pid);
  return actual === 'ended' || (actual !== undefined && start !== START_UNKNOWN && actual !== start);
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process lives and belongs to another user.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

/**
 * Identifies a process by its boot and start tick, so that a later process with the same number differs. Returns
 * 'ended' for a process that has ended and that its parent has not collected yet. Returns `undefined` when the system
 * does not tell.
 */
function processStart(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program is in parentheses and may hold spaces; the state and the other fields follow it.
    const { 0: state, 19: startTicks } = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return 'ended';
    return startTicks === undefined ? undefined : hash(`${boot} ${startTicks}`);
  } catch {
    return undefined;
  }
}

/** Hash of the computer and the container. Process numbers can be compared only within one. */
function placeHash(): string {
  const machine = textIfThere(() => readFileSync('/etc/machine-id', 'utf8').trim());
  return hash([hostname(), machine, textIfThere(() => readlinkSync('/proc/self/ns/pid'))].join(' '));
}

/** Returns an empty text when the system has no such file. The host name still counts. */
function textIfThere(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

const targetHash = (target: string): string => hash(basename(target));
const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);
