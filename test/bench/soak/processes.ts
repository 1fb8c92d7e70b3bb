/** The engine's processes as Linux shows them in /proc: its descendants, their roles, and what each uses. */
import { readdirSync, readFileSync } from 'node:fs';

export const CHILD_ROLES = ['policy', 'trainer', 'export', 'classifier'] as const;
export type ChildRole = (typeof CHILD_ROLES)[number];
export type Role = ChildRole | 'engine' | 'other';

export interface ProcessSeen {
  readonly pid: number;
  /** Start time in clock ticks: tells a process from a later one with the same id. */
  readonly startTicks: number;
  readonly role: Role;
}

export interface Usage {
  readonly residentMb: number;
  readonly threads: number;
  readonly descriptors: number;
}

interface Stat {
  readonly pid: number;
  readonly state: string;
  readonly parent: number;
  readonly startTicks: number;
}

/** Returns `undefined` when the process is gone. */
function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces: fields are counted from its end.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { pid, state: fields[0] ?? '', parent: Number(fields[1]), startTicks: Number(fields[19]) };
  } catch {
    return undefined;
  }
}

function roleOf(pid: number): Role {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const entry = words.find((word) => word.endsWith('-process.ts')) ?? '';
    return CHILD_ROLES.find((role) => entry.endsWith(`/${role}-process.ts`)) ?? 'other';
  } catch {
    return 'other';
  }
}

/** Returns the children, their children, and so on. */
export function descendantsOf(ancestor: number): readonly ProcessSeen[] {
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(Number(name)) ?? []);
  const found: ProcessSeen[] = [];
  const walk = (parent: number) => {
    for (const { pid, startTicks, parent: of } of stats)
      if (of === parent) {
        found.push({ pid, startTicks, role: roleOf(pid) });
        walk(pid);
      }
  };
  walk(ancestor);
  return found;
}

export function processSeen(pid: number, role: Role): ProcessSeen | undefined {
  const stat = statOf(pid);
  return stat && { pid, startTicks: stat.startTicks, role };
}

/** False for a zombie: it has ended, and only its parent has not collected it yet. */
export function isAlive({ pid, startTicks }: ProcessSeen): boolean {
  const stat = statOf(pid);
  return stat !== undefined && stat.startTicks === startTicks && stat.state !== 'Z' && stat.state !== 'X';
}

/** Sends the signal to that very process; false when it is gone. */
export function signal(target: ProcessSeen, name: NodeJS.Signals): boolean {
  if (!isAlive(target)) return false;
  try {
    process.kill(target.pid, name);
    return true;
  } catch {
    return false;
  }
}

export function usageOf({ pid }: ProcessSeen): Usage | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN);
    return {
      residentMb: field('VmRSS') / 1024,
      threads: field('Threads'),
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
    };
  } catch {
    return undefined;
  }
}
