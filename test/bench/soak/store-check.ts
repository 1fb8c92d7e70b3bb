/**
 * Compares what the windows received with what the store holds, read by the project's own reader. Every reported step
 * must be stored with the same action. The counters of the status must equal a recount.
 */

import { type Database, openForReading } from '../../../data/database.ts';
import { loadLabelCounts } from '../../../data/learning/reward-labels.ts';
import { createQueries } from '../../../data/reading/queries.ts';
import { loadCounts } from '../../../data/recording/tallies.ts';
import type { Clock } from '../../../main/api/clock.ts';
import type { BufferCounts } from '../../../main/api/episode.ts';
import type { ServerMessage } from '../../../main/api/window/messages.ts';
import type { Seat } from './seat.ts';

/** Time that a busy writer may be behind. */
const DRAINED_WITHIN_MS = 15_000;
const LOOK_AGAIN_MS = 250;
/** Number of steps in flight that a killed engine may lose. */
const LOST_PER_KILL = 1;

interface HeardStep {
  readonly episodeId: number;
  readonly index: number;
  readonly action: readonly number[];
}

export interface StoreReport {
  readonly stepsHeard: number;
  readonly stepsFound: number;
  /** Heard, and not in the store: those in flight at a kill, and those beyond. */
  readonly lostInFlight: number;
  readonly lost: number;
  readonly lostWhere: readonly string[];
  /** Number of steps stored with another action than reported. */
  readonly different: number;
  readonly countersCompared: number;
  readonly countersUnequal: number;
  readonly unequalWhere: readonly string[];
  readonly integrity: string;
  readonly transitionsStored: number;
}

export interface StoreCheck {
  onMessage(message: ServerMessage): void;
  /** Called after the engine has ended. Every reported step must be stored, except what a kill may lose. */
  afterEnd(how: 'killed' | 'ended'): void;
  /**
   * Call it while the arm is held and nothing is recorded. Waits until every reported step is stored, then compares the
   * counters.
   */
  quiet(seat: Seat): Promise<void>;
  /** Runs SQLite's own check of the whole file, at the end. */
  checkFile(): void;
  report(): StoreReport;
}

export function createStoreCheck(clock: Clock, folder: string): StoreCheck {
  const heard = new Map<string, HeardStep>();
  const lostWhere: string[] = [];
  const unequalWhere: string[] = [];
  const counts = { stepsHeard: 0, stepsFound: 0, lostInFlight: 0, lost: 0, different: 0 };
  let compared = 0;
  let integrity = 'not checked';
  let transitionsStored = 0;

  const settleStored = (database: Database) => {
    const { found, different } = dropStored(database, heard);
    counts.stepsFound += found;
    counts.different += different;
  };

  const reading = <Value>(read: (database: Database) => Value) => readingFrom(folder, read);

  const giveUpMissing = (allowed: number, when: string) => {
    const missing = [...heard.values()];
    heard.clear();
    const inFlight = Math.min(allowed, missing.length);
    counts.lostInFlight += inFlight;
    counts.lost += missing.length - inFlight;
    if (missing.length > inFlight)
      lostWhere.push(
        `${when}: ${missing.map(({ episodeId, index }) => `${episodeId}/${index}`).join(' ')}`.slice(0, 200),
      );
  };

  return {
    onMessage: (message) => {
      if (message.kind !== 'step') return;
      const { episodeId, step } = message;
      const key = `${episodeId}/${step.index}`;
      if (!heard.has(key)) counts.stepsHeard++;
      heard.set(key, { episodeId, index: step.index, action: step.action });
    },
    afterEnd: (how) => {
      if (heard.size > 0) reading(settleStored);
      giveUpMissing(how === 'killed' ? LOST_PER_KILL : 0, how);
    },
    quiet: async (seat) => {
      const untilMs = clock.nowMs() + DRAINED_WITHIN_MS;
      let told = '';
      let stored = '';
      for (;;) {
        const status = seat.status();
        if (!status) return; // The engine went away: its end is checked instead.
        reading((database) => {
          settleStored(database);
          told = JSON.stringify([pick(status.buffers), status.labels]);
          stored = recount(database);
        });
        if ((told === stored && heard.size === 0) || clock.nowMs() > untilMs) break;
        await clock.sleepUntilMs(clock.nowMs() + LOOK_AGAIN_MS);
      }
      if (!seat.window()) return;
      compared++;
      if (told !== stored) unequalWhere.push(`status ${told}, store ${stored}`);
      giveUpMissing(0, 'at a quiet moment');
    },
    checkFile: () => {
      reading((database) => {
        integrity = String(database.pragma('integrity_check', { simple: true }));
        transitionsStored = Number(database.prepare('SELECT count(*) FROM "transition"').pluck().get());
      });
    },
    report: () => ({
      ...counts,
      lostWhere,
      countersCompared: compared,
      countersUnequal: unequalWhere.length,
      unequalWhere: unequalWhere.slice(0, 5),
      integrity,
      transitionsStored,
    }),
  };
}

/** Copies the fields in one fixed order, so that texts can be compared. */
function pick({
  rlTransitions,
  demoTransitions,
  demonstrations,
  interventionSteps,
  episodes,
}: BufferCounts): BufferCounts {
  return { rlTransitions, demoTransitions, demonstrations, interventionSteps, episodes };
}

function readingFrom<Value>(folder: string, read: (database: Database) => Value): Value {
  const database = openForReading(folder);
  try {
    return read(database);
  } finally {
    database.close();
  }
}

function recount(database: Database): string {
  return JSON.stringify([pick(loadCounts(database)), loadLabelCounts(database)]);
}

/** Drops the stored steps from `heard`. Returns how many there were, and how many had another action. */
function dropStored(database: Database, heard: Map<string, HeardStep>) {
  const queries = createQueries(database);
  let found = 0;
  let different = 0;
  for (const [episodeId, entries] of Map.groupBy(heard.entries(), ([, step]) => step.episodeId)) {
    const stored = new Map(queries.recordedTransitions(episodeId).map((step) => [step.index, step]));
    for (const [key, { index, action }] of entries) {
      const step = stored.get(index);
      if (!step) continue;
      heard.delete(key);
      found++;
      if (!action.every((value, axis) => value === step.action[axis])) different++;
    }
  }
  return { found, different };
}
