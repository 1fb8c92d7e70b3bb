/** The page of the main job: per task a table over the rounds, one column a seed and one for all of them. */
import { z } from 'zod';
import { type TaskId, taskIdSchema } from '../../main/api/task.ts';
import { learningSec, robotTimeSchema, successesPer10Min } from '../../main/study/robot-time.ts';
import { mean, wilson95 } from '../../main/study/statistics.ts';

const ci95 = z.tuple([z.number(), z.number()]);

const roundSchema = z.object({
  name: z.string(),
  successRate: z.number(),
  ci95,
  meanSteps: z.number(),
  interventionRate: z.number(),
  policy: z.string(),
  /** Sessions from before robot time was recorded lack it. */
  robotTime: robotTimeSchema.optional(),
  evaluation: z.object({ episodes: z.number(), robotSec: z.number().optional() }),
});
type Round = z.infer<typeof roundSchema>;

/** A line of `hil-results.jsonl`. */
export const sessionSchema = z.object({
  task: taskIdSchema.default('insert'),
  seed: z.number(),
  rounds: z.array(roundSchema),
  wallSec: z.number(),
});

/** The reported policy under other conditions, as `takeover evaluate` measures it. */
export const measuredSchema = z.object({
  conditions: z.enum(['light', 'colour', 'camera']),
  policy: z.string(),
  episodes: z.number(),
  successRate: z.number(),
  ci95,
  meanSteps: z.number(),
});
type Measured = z.infer<typeof measuredSchema>;

export type KeptSession = z.infer<typeof sessionSchema> & { readonly conditions: readonly Measured[] };

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
const minutes = (sec: number): string => (sec / 60).toFixed(1);

const alone = (successRate: number, [low, high]: readonly [number, number]) =>
  `${percent(successRate)} (${(100 * low).toFixed(0)}–${(100 * high).toFixed(0)})`;

/** Returns the mean success of the seeds with the interval of all their episodes; nothing unless every seed has it. */
function pooled(values: readonly ({ readonly successRate: number; readonly episodes: number } | undefined)[]): string {
  const all = values.filter((value) => value !== undefined);
  if (all.length < values.length || all.length === 0) return '–';
  const episodes = all.reduce((sum, value) => sum + value.episodes, 0);
  const successes = all.reduce((sum, value) => sum + Math.round(value.successRate * value.episodes), 0);
  return alone(mean(all.map(({ successRate }) => successRate)), wilson95(successes, episodes));
}

function roundCell({ name, successRate, ci95: interval, meanSteps, interventionRate, robotTime }: Round): string {
  const byHand = name.startsWith('online') ? [`${percent(interventionRate)} by hand`] : [];
  const robot = robotTime ? [`${minutes(learningSec(robotTime))} robot min`] : [];
  return [alone(successRate, interval), `${meanSteps.toFixed(1)} steps`, ...byHand, ...robot].join(', ');
}

function pooledRound(rounds: readonly (Round | undefined)[]): string {
  const values = rounds.map(
    (round) => round && { successRate: round.successRate, episodes: round.evaluation.episodes },
  );
  const present = rounds.filter((round) => round !== undefined);
  const online = present.length === rounds.length && present.every(({ name }) => name.startsWith('online'));
  const byHand = online ? `, ${percent(mean(present.map(({ interventionRate }) => interventionRate)))} by hand` : '';
  return `${pooled(values)}${byHand}`;
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const CONDITION_WORDS = {
  light: 'under other light',
  colour: 'under other colours',
  camera: 'with knocked cameras',
} as const satisfies Record<Measured['conditions'], string>;

function taskTable(sessions: readonly KeptSession[]): string {
  const names = new Set(sessions.flatMap(({ rounds }) => rounds.map(({ name }) => name)));
  // A session that ran out of time has a round of its own name before its report.
  const ordered = [...[...names].filter((name) => name !== 'report'), 'report'];
  const roundRows = ordered.map((name) => {
    const rounds = sessions.map((session) => session.rounds.find((round) => round.name === name));
    return row([name, ...rounds.map((round) => (round ? roundCell(round) : '–')), pooledRound(rounds)]);
  });
  const conditionRows = measuredSchema.shape.conditions.options.flatMap((which) => {
    const measured = sessions.map(({ conditions }) => conditions.findLast(({ conditions: own }) => own === which));
    if (measured.every((one) => one === undefined)) return [];
    const cell = (one: Measured) => `${alone(one.successRate, one.ci95)}, ${one.meanSteps.toFixed(1)} steps`;
    return [
      row([`report ${CONDITION_WORDS[which]}`, ...measured.map((one) => (one ? cell(one) : '–')), pooled(measured)]),
    ];
  });
  return [
    row(['round', ...sessions.map(({ seed }) => `seed ${seed}`), 'all seeds']),
    row(['---', ...sessions.map(() => '---'), '---']),
    ...roundRows,
    ...conditionRows,
    row(['wall minutes', ...eachAndMean(sessions.map(({ wallSec }) => wallSec / 60))]),
    row([
      'robot minutes: demonstrations',
      ...eachAndMean(sessions.map((one) => robotMinutes(one, 'demonstrationSec'))),
    ]),
    row([
      'robot minutes: corrected episodes',
      ...eachAndMean(sessions.map((one) => robotMinutes(one, 'correctedSec'))),
    ]),
    row(['successes per 10 robot minutes in the report', ...eachAndMean(sessions.map(throughput))]),
  ].join('\n');
}

const reportOf = ({ rounds }: KeptSession) => rounds.find(({ name }) => name === 'report');

function robotMinutes(session: KeptSession, part: 'demonstrationSec' | 'correctedSec'): number | undefined {
  const time = reportOf(session)?.robotTime;
  return time && time[part] / 60;
}

function throughput(session: KeptSession): number | undefined {
  const report = reportOf(session);
  if (report?.evaluation.robotSec === undefined) return undefined;
  const { episodes, robotSec } = report.evaluation;
  return successesPer10Min(Math.round(report.successRate * episodes), robotSec);
}

/** Returns each value and their mean; dashes for what was not recorded. */
function eachAndMean(values: readonly (number | undefined)[]): string[] {
  const recorded = values.filter((value) => value !== undefined);
  const ofAll = recorded.length === values.length ? mean(recorded).toFixed(1) : '–';
  return [...values.map((value) => value?.toFixed(1) ?? '–'), ofAll];
}

function commandOf(task: TaskId, sessions: readonly KeptSession[]): string {
  const seeds = sessions.map(({ seed }) => seed).join(',');
  const conditions = sessions.some((session) => session.conditions.length > 0) ? ' --conditions' : '';
  return `npm run bench -- main-job --task ${task} --seeds ${seeds}${conditions} --keep`;
}

/** Returns a section per task that has finished sessions, each with the command that makes it. */
export function mainJobPage(sessions: readonly KeptSession[], settings: readonly string[]) {
  const sections = taskIdSchema.options.flatMap((task) => {
    const own = sessions.filter((session) => session.task === task);
    return own.length === 0 ? [] : [[`## ${task}`, '', `\`${commandOf(task, own)}\``, '', taskTable(own)].join('\n')];
  });
  const note =
    'Each section names its own. Success alone, without help and without acting noise, with its 95 % interval; the last column ' +
    'is the mean over the seeds with the interval of all their episodes. Steps of successful episodes. The report uses seeds that ' +
    'nothing was trained or chosen on. Robot minutes: simulated time so far in which the arm was in use while learning, ' +
    'demonstrations and corrected episodes; evaluations do not count, and resets are not simulated. Successes per 10 robot minutes: ' +
    'of the reported policy, with the time of all report episodes, failures and time-outs included. Other light, other colours and knocked ' +
    'cameras: the reported policy on the same seeds. Reward and the end of an episode come from the simulator.';
  const command = 'npm run bench -- main-job --keep';
  return { command, settings: settings.join(' '), note, table: sections.join('\n\n') };
}
