/** The result of a soak: one object of numbers, and the checks that failed. */
import { percentile } from '../../../main/engine/loop/tick-stats.ts';
import { leftOverFolders } from './left-over-folders.ts';
import { withoutNumbers } from './tally.ts';
import type { World } from './world.ts';

const WORDS_SHOWN = 12;

export interface SoakResult extends Readonly<Record<string, unknown>> {
  readonly name: 'soak';
  /** The failed checks, each with its value; empty = the soak was passed. */
  readonly broken: readonly string[];
}

export function reportOf(
  world: World,
  about: { readonly seed: number; readonly minutes: number; readonly seconds: number },
): SoakResult {
  const { tally, site } = world;
  const holds = world.holds.report();
  const store = world.store.report();
  const unwatched = world.unwatched.report();
  const faults = world.faults.report();
  const folders = leftOverFolders(world.root);
  const calls = [...tally.calls.values()];
  const sum = (kind: 'answer' | 'refusal' | 'closed' | 'unanswered') =>
    calls.reduce((total, count) => total + count[kind], 0);
  const probes = tally.probesMs.toSorted((a, b) => a - b);
  const musts: Readonly<Record<string, number>> = {
    unaskedExits: tally.exits.length,
    failedStarts: tally.failedStarts.length,
    stepsLost: store.lost,
    stepsDifferent: store.different,
    countersUnequal: store.countersUnequal,
    integrityFailures: store.integrity === 'ok' ? 0 : 1,
    stopsNotHeld: holds.notHeld,
    stopsUndone: holds.undone.length,
    movedWhileHeld: holds.moved.length,
    drivenUnwatched: unwatched.drivenOn,
    falseFaults: faults.falseFaults,
    repeatedNotices: faults.repeated,
    unansweredCalls: sum('unanswered'),
    strangersAdmitted: tally.strangers.admitted,
    strangersLeftWaiting: tally.strangers.silent,
    windowsRefused: tally.windowsRefused.length,
    misfitMessages: tally.misfits.length,
    terminationsLate: tally.terminations.late,
    terminationsFailed: tally.terminations.failed,
    leftOverProcesses: site.leftOver.filter(({ after }) => after === 'SIGTERM').length,
    leftOverFolders: folders.length,
    exportsWithoutEnd: tally.exports.withoutEnd,
    exportsWrong: tally.exports.wrong.length,
    takenFoldersChanged: tally.exports.takenChanged,
    failuresOfTheSoakItself: tally.own.length,
  };
  return {
    name: 'soak',
    ...about,
    broken: Object.entries(musts)
      .filter(([, value]) => value !== 0)
      .map(([must, value]) => `${must} ${value}, must be 0`),
    musts,
    engine: { starts: site.generation(), exits: tally.exits, failedStarts: tally.failedStarts },
    injected: { ...Object.fromEntries(tally.faults), absentChildren: tally.absentChildren, ...tally.terminations },
    store,
    stop: holds,
    unwatched,
    faults,
    calls: { answered: sum('answer'), refused: sum('refusal'), closed: sum('closed'), unanswered: sum('unanswered') },
    callsByName: Object.fromEntries(
      [...tally.calls].map(([name, { answer, refusal }]) => [name, `${answer} answered, ${refusal} refused`]),
    ),
    refusals: mostOften(tally.refusals),
    answerMs: { p50: percentile(probes, 0.5), p99: percentile(probes, 0.99), max: probes.at(-1) ?? 0 },
    fuzz: { messages: tally.fuzzed, ...tally.strangers, misfits: tally.misfits.slice(0, 5) },
    exports: tally.exports,
    memory: world.memory.report(),
    leftOver: { processes: site.leftOver, folders: folders.slice(0, WORDS_SHOWN) },
    windowsRefused: [...new Set(tally.windowsRefused)].slice(0, WORDS_SHOWN),
    soakItself: tally.own.slice(0, WORDS_SHOWN),
  };
}

function mostOften(counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...counts].toSorted(([, a], [, b]) => b - a).slice(0, 2 * WORDS_SHOWN));
}

/** Returns one line about the progress. */
export function progressLine(world: World, elapsedSec: number, lengthSec: number): string {
  const { tally, site } = world;
  const store = world.store.report();
  const holds = world.holds.report();
  const faults = world.faults.report();
  const status = world.driver.status();
  const numbers = [
    `${Math.round(elapsedSec)} of ${Math.round(lengthSec)} s`,
    `engine ${site.generation()} ${status?.phase ?? 'without a window'}`,
    `${store.stepsHeard} steps, ${store.lost} lost`,
    `counters ${store.countersCompared} compared, ${store.countersUnequal} unequal`,
    `${holds.stops} stops, ${holds.undone.length} undone`,
    `${faults.faults} faults, ${faults.falseFaults} false`,
    `${[...tally.faults.values()].reduce((sum, count) => sum + count, 0)} injected`,
    `${tally.fuzzed} fuzzed`,
    `${tally.exits.length} exits unasked`,
  ];
  const newest = tally.exits.at(-1);
  const words = newest ? ` (${withoutNumbers(newest.lastWords).slice(0, 120)})` : '';
  return `soak: ${numbers.join('; ')}${words}`;
}
