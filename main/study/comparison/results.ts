/**
 * Results of a comparison: a file with one line per finished session, and the table of them. The table has the columns
 * of ConRFT's (Chen et al. 2025, table I): success, episode length, minutes, interventions. Minutes are wall time and
 * robot time, see `robot-time.ts`.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { HilResult, HilRound } from '../hil/hil-state.ts';
import { learningSec, successesPer10Min } from '../robot-time.ts';
import { mean, wilson95 } from '../statistics.ts';
import {
  type ComparisonBudget,
  type ComparisonKey,
  comparisonKeySchema,
  differences,
  keyOf,
} from './comparison-key.ts';
import { METHODS, type MethodName, methodNames } from './methods.ts';

const measuredSchema = z.object({
  successRate: z.number(),
  ci95: z.tuple([z.number(), z.number()]).readonly(),
  meanSteps: z.number(),
  /** Simulated time of all episodes of the report. Older sessions lack it. */
  robotSec: z.number().optional(),
});
const resultSchema = comparisonKeySchema.extend({
  seed: z.int(),
  /** The policy of the offline stage, and the chosen one, on the report seeds. */
  offline: measuredSchema.optional(),
  final: measuredSchema.optional(),
  /** Intervention rates of the training episodes, by round. */
  interventionRates: z.array(z.number()),
  /** Success on the selection seeds, by round. */
  curve: z.array(z.object({ episodes: z.int(), successRate: z.number(), meanSteps: z.number() })),
  /** Wall time. */
  minutes: z.number(),
  /** Robot time of demonstrations and corrected episodes. Older sessions lack it. */
  robotMinutes: z.number().optional(),
});
export type MethodResult = z.infer<typeof resultSchema>;

export function resultOfMethod(
  key: ComparisonKey & { readonly seed: number },
  { rounds, wallSec }: HilResult,
): MethodResult {
  const measured = ({ successRate, ci95, meanSteps, evaluation: { robotSec } }: HilRound) => ({
    ...{ successRate, ci95, meanSteps },
    ...(robotSec !== undefined && { robotSec }),
  });
  const robotTime = rounds.at(-1)?.robotTime;
  const report = rounds.find(({ name }) => name === 'report');
  const offlineReport = rounds.find(({ name }) => name.startsWith('report of'));
  const online = rounds.filter(({ name }) => name.startsWith('online'));
  const chosen = rounds.filter(({ name }) => !name.startsWith('report'));
  return {
    ...key,
    ...(offlineReport && { offline: measured(offlineReport) }),
    ...(report && online.length > 0 && { final: measured(report) }),
    interventionRates: online.map(({ interventionRate }) => interventionRate),
    curve: chosen.map(({ episodes, successRate, meanSteps }) => ({ episodes, successRate, meanSteps })),
    minutes: wallSec / 60,
    ...(robotTime && { robotMinutes: learningSec(robotTime) / 60 }),
  };
}

/** Reads a results file, one line per finished session. Throws when a line is not such a result. */
export function readResults(path: string): MethodResult[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line, index) => (line === '' ? [] : [resultOf(line, `${path}, line ${index + 1}`)]));
}

function resultOf(line: string, where: string): MethodResult {
  const remedy = 'Take that line out and call again: it is told anew from its session’s folder, or measured anew.';
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${where} is cut short, or no JSON (${why}). ${remedy}`);
  }
  const parsed = resultSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`${where} is not a result of a comparison (${issue?.path.join('.')}: ${issue?.message}). ${remedy}`);
}

/** Begins a new line, also after one that a crash has cut short. */
export function appendResult(path: string, result: MethodResult): void {
  const open = existsSync(path) && !/(^|\n)$/.test(readFileSync(path, 'utf8'));
  appendFileSync(path, `${open ? '\n' : ''}${JSON.stringify(result)}\n`);
}

/** True when the session of a method and a seed has been measured with this budget and today's settings. */
export function isDone(results: readonly MethodResult[], name: MethodName, seed: number, budget: ComparisonBudget) {
  const key = keyOf(name, budget);
  return results.some((result) => result.seed === seed && differences(result, key).length === 0);
}

const percent = (share: number) => `${Math.round(100 * share)} %`;

type Measured = z.infer<typeof measuredSchema> & Pick<MethodResult, 'reportEpisodes'>;

/** Returns the success over all seeds, with the interval of the pooled episodes and each seed's rate. */
function success(results: readonly Measured[]): string {
  if (results.length === 0) return '–';
  const rates = results.map(({ successRate }) => successRate);
  const total = results.reduce((sum, { reportEpisodes }) => sum + reportEpisodes, 0);
  const solved = results.reduce((sum, { successRate, reportEpisodes }) => sum + successRate * reportEpisodes, 0);
  const [low, high] = wilson95(Math.round(solved), total);
  const seeds = rates.map((rate) => Math.round(100 * rate)).join(', ');
  return `${percent(mean(rates))} (${Math.round(100 * low)}–${Math.round(100 * high)}; ${seeds})`;
}

function steps(results: readonly Measured[]): string {
  const solved = results.filter(({ successRate }) => successRate > 0);
  return solved.length === 0 ? '–' : mean(solved.map(({ meanSteps }) => meanSteps)).toFixed(1);
}

/**
 * Returns the success on the selection seeds by number of corrected episodes, as the mean over the seeds that got
 * there: `20: 85 %, 40: 97 %`.
 */
function onTheWay(results: readonly MethodResult[]): string {
  const points = results.flatMap(({ curve }) => curve).filter(({ episodes }) => episodes > 0);
  const counts = [...new Set(points.map(({ episodes }) => episodes))].sort((a, b) => a - b);
  const rateAt = (count: number) =>
    mean(points.filter(({ episodes }) => episodes === count).map(({ successRate }) => successRate));
  return counts.length === 0 ? '–' : counts.map((count) => `${count}: ${percent(rateAt(count))}`).join(', ');
}

export const TABLE_HEADER = [
  'method',
  'offline: alone',
  'steps',
  'on the way, by corrected episodes',
  'after the corrected episodes: alone',
  'steps',
  'by hand, first → last round (all)',
  'wall minutes',
  'robot minutes',
  'successes per 10 robot minutes',
] as const;

/**
 * Makes one row per method that was measured with this budget and today's settings, in the order of `METHODS`. Of each
 * seed only the newest session counts. `leftOut`: the number of other sessions of the task, and the values of
 * `ComparisonKey` in which they differ.
 */
export function comparisonTable(results: readonly MethodResult[], budget: ComparisonBudget) {
  const keys = new Map<string, ComparisonKey>(methodNames.map((name) => [name, keyOf(name, budget)]));
  const others: string[] = [];
  const rows = new Map<string, Map<number, MethodResult>>();
  for (const result of results.filter(({ task }) => task === budget.task)) {
    const key = keys.get(result.method);
    const different = key ? differences(result, key) : (['method'] as const);
    if (different.length > 0) others.push(`${result.method}: ${different.join(', ')}`);
    else rows.set(result.method, (rows.get(result.method) ?? new Map()).set(result.seed, result));
  }
  const taken = [...rows.values()].flatMap((ofMethod) => [...ofMethod.values()]);
  return {
    results: taken,
    sessions: taken.length,
    rows: methodNames.flatMap((name) => {
      const own = [...(rows.get(name)?.values() ?? [])].sort((a, b) => a.seed - b.seed);
      return own.length === 0 ? [] : [rowOf(name, own)];
    }),
    leftOut: { sessions: others.length, words: counted(others) },
  };
}

/** Returns `2 × cal-ql: settings; 1 × …`, in the order of the file. */
function counted(reasons: readonly string[]): string {
  return [...new Set(reasons)]
    .map((reason) => `${reasons.filter((other) => other === reason).length} × ${reason}`)
    .join('; ');
}

function rowOf(name: MethodName, own: readonly MethodResult[]): string[] {
  const measured = (which: 'offline' | 'final'): Measured[] =>
    own.flatMap(({ [which]: one, reportEpisodes }) => (one ? [{ ...one, reportEpisodes }] : []));
  const [before, after] = [measured('offline'), measured('final')];
  const online = own.filter(({ interventionRates }) => interventionRates.length > 0);
  const ofAll = mean(online.map(({ interventionRates }) => mean(interventionRates)));
  const rate = (at: number) => percent(mean(online.map(({ interventionRates }) => interventionRates.at(at) ?? 0)));
  return [
    METHODS[name].title,
    success(before),
    steps(before),
    onTheWay(own),
    success(after),
    steps(after),
    online.length === 0 ? '–' : `${rate(0)} → ${rate(-1)} (${percent(ofAll)})`,
    mean(own.map(({ minutes }) => minutes)).toFixed(1),
    meanOfRecorded(own.map(({ robotMinutes }) => robotMinutes)),
    throughput(own),
  ];
}

/** Returns the mean over the seeds that recorded the value, and says when some of them did not. */
function meanOfRecorded(values: readonly (number | undefined)[]): string {
  const recorded = values.filter((value) => value !== undefined);
  return recorded.length === 0 ? '–' : `${mean(recorded).toFixed(1)}${outOf(recorded.length, values.length)}`;
}

const outOf = (recorded: number, all: number) => (recorded === all ? '' : ` (${recorded} of ${all} seeds)`);

/** Returns the throughput of the policy that each session ends with, over all report episodes of all seeds. */
function throughput(own: readonly MethodResult[]): string {
  const reports = own.flatMap(({ final, offline, reportEpisodes }) => {
    const { successRate, robotSec } = final ?? offline ?? {};
    return successRate === undefined || robotSec === undefined
      ? []
      : [{ successes: Math.round(successRate * reportEpisodes), robotSec }];
  });
  if (reports.length === 0) return '–';
  const total = (of: (report: (typeof reports)[number]) => number) =>
    reports.reduce((sum, report) => sum + of(report), 0);
  const rate = successesPer10Min(
    total(({ successes }) => successes),
    total(({ robotSec }) => robotSec),
  );
  return `${rate.toFixed(1)}${outOf(reports.length, own.length)}`;
}
