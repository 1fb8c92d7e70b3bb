/** Runs the sessions of a comparison that are not measured yet, one after the other or in processes of their own. */
import { join } from 'node:path';
import type { TaskId } from '../../api/task.ts';
import type { HilListeners } from '../hil/hil-session.ts';
import type { ComparisonBudget } from './comparison-key.ts';
import { measure } from './comparison-session.ts';
import type { MethodName } from './methods.ts';
import { type MethodSession, runParallel } from './parallel-sessions.ts';
import { appendResult, isDone, readResults } from './results.ts';

export interface ComparisonRequest {
  readonly projectFolder: string;
  /** File of finished sessions. */
  readonly resultsPath: string;
  readonly methods: readonly MethodName[];
  readonly seeds: readonly number[];
  readonly budget: ComparisonBudget;
}

/** Returns the folder of a session. Those of `insert` have no folder of the task around them, as older ones. */
export const sessionFolder = (projectFolder: string, task: TaskId, { method, seed }: MethodSession): string =>
  join(projectFolder, ...(task === 'insert' ? [] : [task]), `${method}-${seed}`);

/** The sessions that the results file does not hold with this budget and today's settings. */
export function openSessions({ resultsPath, methods, seeds, budget }: ComparisonRequest): MethodSession[] {
  const results = readResults(resultsPath);
  return seeds
    .flatMap((seed) => methods.map((method) => ({ method, seed })))
    .filter(({ method, seed }) => !isDone(results, method, seed, budget));
}

/** Runs one session after the other in this process. */
export async function runInTurn(
  request: ComparisonRequest,
  listenersFor: (session: MethodSession) => HilListeners & { readonly onEnd: () => void },
): Promise<void> {
  const { projectFolder, resultsPath, budget } = request;
  for (const session of openSessions(request)) {
    const { method, seed } = session;
    const listeners = listenersFor(session);
    const result = await measure(sessionFolder(projectFolder, budget.task, session), method, seed, budget, listeners);
    listeners.onEnd();
    appendResult(resultsPath, result);
  }
}

/**
 * Runs `jobs` sessions at once. `entry`: path of the program's command line. Resolves with the sessions that failed.
 */
export function runSideBySide(
  request: ComparisonRequest,
  entry: string,
  jobs: number,
  onDone: (session: MethodSession, left: number) => void,
) {
  const { projectFolder, resultsPath, budget } = request;
  const args = {
    task: budget.task,
    demos: budget.demos,
    episodes: budget.episodes,
    round: budget.episodesPerRound,
    'selection-episodes': budget.selectionEpisodes,
    'report-episodes': budget.reportEpisodes,
    noise: budget.evaluationNoiseStd,
    data: projectFolder,
    results: resultsPath,
  };
  return runParallel({
    entry,
    sessions: openSessions(request),
    jobs,
    args: Object.entries(args).flatMap(([name, value]) => [`--${name}`, String(value)]),
    onDone,
  });
}
