/**
 * The main job headless, several seeds a task: demonstrations, ConRFT's offline stage, rounds of corrected episodes,
 * report. With `--conditions` the reported policy is also measured under other light, colours and camera poses.
 * Everything is kept in `.takeover/main-job/` and continued there. The page shows all that is kept, so that seeds and
 * tasks can be added by later calls.
 */
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type TaskId, taskIdSchema } from '../../main/api/task.ts';
import { type KeptSession, mainJobPage, measuredSchema, sessionSchema } from './main-job-page.ts';
import { takeover } from './takeover-command.ts';

const SETTINGS = ['--demos', '20', '--episodes', '80', '--noise', '0', '--max-minutes', '240'];
/** Exit status after SIGTERM, as shells report it: 128 + 15. */
const TERMINATED = 143;
const CONDITION_EPISODES = 100;
const CONDITIONS = ['light', 'colour', 'camera'] as const;
/** Just enough to see that it works. */
const QUICK = [
  ...['--demos', '1', '--episodes', '1', '--round', '1', '--selection-episodes', '1', '--report-episodes', '1'],
  ...['--noise', '0', '--settings', '{"offlineSteps": 2, "batchSize": 16}'],
];

export interface MainJobRequest {
  readonly tasks: readonly TaskId[];
  readonly seeds: readonly number[];
  /** Sessions side by side, one thread each when there are more than one. */
  readonly jobs: number;
  readonly conditions: boolean;
}

interface MainJobSetup {
  /** Folder of the kept sessions. */
  readonly folder: string;
  readonly settings: readonly string[];
  readonly conditionEpisodes: number;
  readonly run: typeof takeover;
}

export async function run(quick: boolean, request: MainJobRequest) {
  const folder = join(import.meta.dirname, '../../.takeover', quick ? 'main-job-quick' : 'main-job');
  const settings = quick ? QUICK : SETTINGS;
  const setup = { folder, settings, conditionEpisodes: quick ? 1 : CONDITION_EPISODES, run: takeover };
  // Without a listener, SIGTERM would end this process without its `exit` event, and the sessions would go on.
  const terminate = () => process.exit(TERMINATED);
  process.once('SIGTERM', terminate);
  await runMainJob(quick ? { ...request, seeds: request.seeds.slice(0, 1) } : request, setup);
  process.off('SIGTERM', terminate);
  return { name: 'main-job', ...mainJobPage(keptSessions(folder), settings) };
}

/**
 * Runs the sessions that are not kept yet, and the conditions that are not measured yet. One that fails stops no other.
 * Throws when some have failed.
 */
export async function runMainJob({ tasks, seeds, jobs, conditions }: MainJobRequest, setup: MainJobSetup) {
  const queue = tasks.flatMap((task) => seeds.map((seed) => ({ task, seed })));
  const failed: string[] = [];
  const runOne = async (task: TaskId, seed: number) => {
    const data = sessionFolder(setup.folder, task, seed);
    const threads = jobs > 1 ? ['--threads', '1'] : [];
    const own = ['--task', task, '--seed', String(seed), '--data', data];
    await setup.run('hil', ...setup.settings, ...threads, ...own);
    if (conditions) await measureConditions(data, task, setup);
  };
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { task, seed } = next;
      await runOne(task, seed).catch((error: unknown) => failed.push(`${task}, seed ${seed}: ${String(error)}`));
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  if (failed.length > 0)
    throw new Error(`These sessions did not finish; the same command continues them.\n${failed.join('\n')}`);
}

/** Those of `insert` have no folder of the task around them. */
const sessionFolder = (folder: string, task: TaskId, seed: number): string =>
  join(folder, ...(task === 'insert' ? [] : [task]), `seed-${seed}`);

const KEPT = 'hil-results.jsonl';
const MEASURED = 'conditions.jsonl';

async function measureConditions(data: string, task: TaskId, { run, conditionEpisodes }: MainJobSetup): Promise<void> {
  const policy = keptSession(data)?.rounds.at(-1)?.policy;
  if (policy === undefined) throw new Error(`${join(data, KEPT)} names no policy that was reported.`);
  for (const conditions of CONDITIONS) {
    const done = linesOf(join(data, MEASURED)).map((line) => measuredSchema.parse(line));
    if (done.some((one) => one.conditions === conditions && one.policy === policy)) continue;
    const how = ['--range', 'report', '--noise', '0', '--episodes', String(conditionEpisodes)];
    const judged = await run(
      'evaluate',
      ...['--policy', policy, '--task', task, '--conditions', conditions, ...how, '--data', data],
    );
    const measured = measuredSchema.parse({ conditions, ...z.object({ policy: z.string() }).loose().parse(judged) });
    appendFileSync(join(data, MEASURED), `${JSON.stringify(measured)}\n`);
  }
}

function linesOf(path: string): unknown[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line): unknown => JSON.parse(line));
}

/** Returns `undefined` when the folder holds no finished session. */
function keptSession(data: string): KeptSession | undefined {
  const line = linesOf(join(data, KEPT)).at(-1);
  if (line === undefined) return undefined;
  const session = sessionSchema.parse(line);
  const reported = session.rounds.at(-1)?.policy;
  const measured = linesOf(join(data, MEASURED)).map((one) => measuredSchema.parse(one));
  return { ...session, conditions: measured.filter(({ policy }) => policy === reported) };
}

/** Returns the finished sessions of all tasks, by task and seed. */
export function keptSessions(folder: string): KeptSession[] {
  return taskIdSchema.options.flatMap((task) => {
    const around = join(sessionFolder(folder, task, 0), '..');
    const names = existsSync(around) ? readdirSync(around).filter((name) => /^seed-\d+$/.test(name)) : [];
    return names.flatMap((name) => keptSession(join(around, name)) ?? []).sort((one, other) => one.seed - other.seed);
  });
}
