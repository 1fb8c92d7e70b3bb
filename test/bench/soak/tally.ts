/** The counters of a soak: plain numbers, and the first words of each error. */
import type { CallName } from '../../../main/api/window/messages.ts';
import type { UnaskedExit } from './engine-site.ts';
import type { CHILD_ROLES } from './processes.ts';

export interface CallCount {
  answer: number;
  refusal: number;
  closed: number;
  unanswered: number;
}

export type FaultKind = 'kill' | 'stop';
export type FaultRole = (typeof CHILD_ROLES)[number] | 'engine';

export interface Tally {
  readonly exits: UnaskedExit[];
  /** Starts after which no window could enter. */
  readonly failedStarts: string[];
  readonly calls: Map<CallName, CallCount>;
  callCount(name: CallName): CallCount;
  /** Refusals by call, numbers left out, with how often each came. */
  readonly refusals: Map<string, number>;
  refusal(name: CallName, words: string): void;
  /** Messages that do not fit the contract. */
  readonly misfits: string[];
  windowsOpened: number;
  /** Reasons why a living engine refused a window. */
  readonly windowsRefused: string[];
  readonly faults: Map<`${FaultKind} ${FaultRole}`, number>;
  fault(kind: FaultKind, role: FaultRole): void;
  /** Number of times that the child to be killed or stopped did not appear. */
  absentChildren: number;
  terminations: { asked: number; late: number; failed: number; longestMs: number; readonly lateWhere: string[] };
  fuzzed: number;
  /** `silent`: neither welcomed nor closed. */
  strangers: { refused: number; admitted: number; silent: number };
  readonly probesMs: number[];
  exports: {
    started: number;
    finished: number;
    failed: number;
    withoutEnd: number;
    takenChanged: number;
    wrong: string[];
  };
  /** Failures of the soak itself; must stay empty. */
  readonly own: string[];
}

export function createTally(): Tally {
  const calls = new Map<CallName, CallCount>();
  const refusals = new Map<string, number>();
  const faults: Tally['faults'] = new Map();
  return {
    exits: [],
    failedStarts: [],
    calls,
    callCount: (name) => {
      const count = calls.get(name) ?? { answer: 0, refusal: 0, closed: 0, unanswered: 0 };
      calls.set(name, count);
      return count;
    },
    refusals,
    refusal: (name, words) => {
      const key = `${name}: ${withoutNumbers(words)}`.slice(0, 240);
      refusals.set(key, (refusals.get(key) ?? 0) + 1);
    },
    misfits: [],
    windowsOpened: 0,
    windowsRefused: [],
    faults,
    fault: (kind, role) => {
      faults.set(`${kind} ${role}`, (faults.get(`${kind} ${role}`) ?? 0) + 1);
    },
    absentChildren: 0,
    terminations: { asked: 0, late: 0, failed: 0, longestMs: 0, lateWhere: [] },
    fuzzed: 0,
    strangers: { refused: 0, admitted: 0, silent: 0 },
    probesMs: [],
    exports: { started: 0, finished: 0, failed: 0, withoutEnd: 0, takenChanged: 0, wrong: [] },
    own: [],
  };
}

export function withoutNumbers(words: string): string {
  return words.replace(/\/tmp\/[^\s'"]+/g, '<folder>').replace(/\d+(\.\d+)?/g, '#');
}
