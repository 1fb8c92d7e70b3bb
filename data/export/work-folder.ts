/**
 * The folder that an export works in: created exclusively, under a name that says which target it is for and which process owns it.
 * A left-over folder is removed only when its owner is dead for certain and nothing but an export's own files are in it.
 */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';

const PREFIX = '.takeover-export-';
/** Target, place, process and start of the process, then what makes it unique. */
const NAME = /^\.takeover-export-([0-9a-f]{8})-([0-9a-f]{8})-(\d{1,10})-([0-9a-f]{8})-\w{6}$/;
/** The one entry of a work folder; it is there from the moment on that the export holds its target. */
const DATASET = 'dataset';
/** Where the system does not tell when a process started, the number of the process alone must do. */
const START_UNKNOWN = '00000000';

export interface WorkFolder {
  readonly path: string;
  /** Becomes the dataset, or its entries do. */
  readonly dataset: string;
}

export function createWorkFolder(parent: string, target: string): WorkFolder {
  const owner = [placeHash(), process.pid, processStart(process.pid) ?? START_UNKNOWN].join('-');
  const path = mkdtempSync(join(parent, `${PREFIX}${targetHash(target)}-${owner}-`));
  return { path, dataset: join(path, DATASET) };
}

export const isWorkFolderName = (name: string): boolean => NAME.test(name);

/** Another living export works for `target` in `parent`, and holds the target or began at the same moment and comes first. */
export function isTaken(parent: string, target: string, own: WorkFolder): boolean {
  const prefix = `${PREFIX}${targetHash(target)}-`;
  const ownName = basename(own.path);
  return readdirSync(parent).some((name) => {
    if (!name.startsWith(prefix) || !NAME.test(name) || name === ownName || ownerIsDead(name)) return false;
    return existsSync(join(parent, name, DATASET)) || name < ownName;
  });
}

/** Removes the work folders in `parent` whose owners are dead. A folder that cannot be removed stays, and harms nothing. */
export function removeDeadWorkFolders(parent: string): void {
  for (const name of namesIn(parent)) {
    if (!NAME.test(name) || !ownerIsDead(name)) continue;
    const path = join(parent, name);
    try {
      const ours = lstatSync(path).isDirectory() && readdirSync(path).every((entry) => entry === DATASET);
      if (ours) rmSync(path, { recursive: true, force: true });
    } catch {
      // Somebody else's folder, or it has gone meanwhile: an export works without it being removed.
    }
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // There is no such folder, or it may not be read: then nothing in it can be removed.
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
    // EPERM: it lives and belongs to somebody else.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

/**
 * Tells a process from a later one with the same number: the boot and the clock tick at which it started. Returns 'ended' for a
 * process that only waits for its parent to notice, and undefined where the system does not say.
 */
function processStart(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program is in parentheses and may hold spaces; the state and the other fields follow it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startTicks] = [fields[0], fields[19]];
    if (state === 'Z' || state === 'X') return 'ended';
    return startTicks === undefined ? undefined : hash(`${boot} ${startTicks}`);
  } catch {
    return undefined;
  }
}

/** The computer and the container, within which process numbers mean the same. */
function placeHash(): string {
  return hash([hostname(), machineId(), processNamespace()].join(' '));
}

function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim();
  } catch {
    return ''; // not every system has one; the name of the host remains
  }
}

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return ''; // only Linux has them
  }
}

const targetHash = (target: string): string => hash(basename(target));
const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);
