/**
 * Records the faults and error notices of the program. A fault is false when no action of the soak explains it. A
 * notice is repeated when the same text comes again within a few seconds.
 */
import type { Clock } from '../../../main/api/clock.ts';
import type { ServerMessage } from '../../../main/api/window/messages.ts';
import type { Fault } from '../../../main/api/window/status.ts';
import type { Cause, Disturbances } from './disturbances.ts';
import { withoutNumbers } from './tally.ts';

/** A policy process that was stopped must first answer, and one that was killed be loaded again. */
const GRACE_MS = 30_000;
/** Shorter than the time between two faults of the schedule: two kills are two events. */
const REPEATED_WITHIN_MS = 3000;
/** A simulated cell faults when a process made no progress for five seconds; on a busy machine a stop of nearly that is enough. */
const POLICY: readonly Cause[] = ['kill policy', 'stop policy', 'stop engine'];

/** The first pattern that fits says what may explain the fault; `always` = real by itself, as when a random push meets the table. */
const EXPLANATIONS: readonly { readonly words: RegExp; readonly causes: readonly Cause[] | 'always' }[] = [
  { words: /The tool pushes with/, causes: 'always' },
  {
    words: /policy process|policy did not answer|policy has not answered|No policy is loaded|missed its deadline/,
    causes: POLICY,
  },
  { words: /window that held the controls|[Nn]obody watches|[Nn]o window/, causes: ['window closed', 'stop engine'] },
];

export interface FaultReport {
  readonly faults: number;
  readonly explained: number;
  readonly falseFaults: number;
  readonly falseWords: Readonly<Record<string, number>>;
  readonly byWords: Readonly<Record<string, number>>;
  readonly errorNotices: number;
  readonly repeated: number;
  readonly repeatedWords: Readonly<Record<string, number>>;
}

export interface FaultLog {
  /** Takes the messages of one window that is open all the time; a second one would repeat every message. */
  onMessage(message: ServerMessage): void;
  /** Takes a fault from a status; the same one may come many times. */
  onFault(fault: Fault): void;
  report(): FaultReport;
}

export function createFaultLog(clock: Clock, disturbances: Disturbances): FaultLog {
  let seen: string | undefined;
  let told: { readonly text: string; readonly atMs: number }[] = [];
  const counts = { faults: 0, explained: 0, errorNotices: 0, repeated: 0 };
  const byWords = new Map<string, number>();
  const falseWords = new Map<string, number>();
  const repeatedWords = new Map<string, number>();
  const add = (map: Map<string, number>, words: string) => {
    const key = withoutNumbers(words);
    map.set(key, (map.get(key) ?? 0) + 1);
  };
  const isExplained = (what: string) => {
    const causes = EXPLANATIONS.find(({ words }) => words.test(what))?.causes ?? [];
    const nowMs = clock.nowMs();
    return causes === 'always' || causes.some((cause) => disturbances.within(cause, nowMs, GRACE_MS));
  };
  const onFault = (fault: Fault) => {
    const key = `${fault.atMs} ${fault.what}`;
    if (key === seen) return;
    seen = key;
    counts.faults++;
    add(byWords, fault.what);
    if (isExplained(fault.what)) counts.explained++;
    else add(falseWords, fault.what);
  };
  const onError = (text: string) => {
    counts.errorNotices++;
    const nowMs = clock.nowMs();
    told = told.filter(({ atMs }) => nowMs - atMs < REPEATED_WITHIN_MS);
    if (told.some((one) => one.text === text)) {
      counts.repeated++;
      add(repeatedWords, text);
    }
    told.push({ text, atMs: nowMs });
  };
  return {
    onMessage: (message) => {
      if (message.kind === 'notice' && message.level === 'error') onError(message.text);
      if (message.kind !== 'status') return;
      if (message.status.fault) onFault(message.status.fault);
    },
    onFault,
    report: () => ({
      ...counts,
      falseFaults: counts.faults - counts.explained,
      falseWords: Object.fromEntries(falseWords),
      byWords: Object.fromEntries(byWords),
      repeatedWords: Object.fromEntries(repeatedWords),
    }),
  };
}
