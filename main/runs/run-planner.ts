/**
 * Turns a person's request into a run: fills in what was left open, and says beforehand what the run would use and how
 * fast the last one of its kind was. Starts nothing.
 */
import type { BufferCounts } from '../api/episode.ts';
import { parsePolicyName } from '../api/policy.ts';
import { FRESH_WEIGHTS, type RunPlan, type RunSpec, type Stage } from '../api/run.ts';
import type { TaskId } from '../api/task.ts';
import type { RunRequest } from '../engine/services.ts';
import { policyOrigin } from '../learn/run/run-folder.ts';
import { readinessFor } from './readiness.ts';
import type { RunRows } from './run-rows.ts';

type PlannerRows = Pick<RunRows, 'run' | 'runs' | 'pace' | 'misfit'>;

export interface PlannerOptions {
  readonly projectFolder: string;
  readonly rows: PlannerRows;
  /** Returns the task that is chosen. */
  readonly task: () => TaskId;
  /** Counts a task's episodes in the store, with every answered call included. */
  readonly counts: (task: TaskId) => BufferCounts | Promise<BufferCounts>;
  /** Name of the policy that drives now. */
  readonly policyInUse: () => string | undefined;
}

export interface Resolved {
  readonly spec: RunSpec;
  readonly problem?: NonNullable<RunPlan['problem']>;
  readonly freshBecause?: string;
}

const SHIPPED_SEED = 0;

export function createPlanner({ projectFolder, rows, task, counts, policyInUse }: PlannerOptions) {
  /**
   * Resolves a request. Leaves out a policy in use that does not fit; a policy that was asked for and does not fit is a
   * problem.
   */
  const resolve = async (request: RunRequest | undefined): Promise<Resolved> => {
    const policy = request?.startFrom === FRESH_WEIGHTS ? undefined : (request?.startFrom ?? policyInUse());
    const maker = await makerOf(policy, rows);
    const base = specOf(request, maker, task());
    if (policy === undefined) return { spec: base };
    const misfit = await rows.misfit(base, policyOrigin(projectFolder, policy).manifestPath);
    if (misfit !== undefined && request?.startFrom === undefined)
      return { spec: base, freshBecause: `${policy} does not fit: ${misfit}.` };
    const stage = request?.stage ?? (await stageFrom(base, maker, rows));
    const spec = { ...base, stage, startFrom: policy };
    if (misfit === undefined) return { spec };
    const remedy = 'Choose another policy to start from, or fresh weights.';
    return { spec, problem: { message: `${policy} does not fit: ${misfit}.`, remedy } };
  };

  const plan = async (request: RunRequest | undefined): Promise<RunPlan> => {
    const { spec, ...why } = await resolve(request);
    const [pace, speed] = await Promise.all([rows.pace(spec), speedOf(spec, rows)]);
    const stored = await counts(spec.task);
    const { rlTransitions } = stored;
    const online = spec.stage === 'online';
    const steps = spec.steps ?? (online ? undefined : pace.offlineSteps);
    return {
      spec,
      needs: readinessFor(spec.stage, stored).needs,
      ...why,
      ...(steps === undefined ? {} : { steps }),
      owed: online && rlTransitions >= pace.trainingStarts ? Math.floor(rlTransitions * pace.actorUpdatesPerStep) : 0,
      updatesPerStep: pace.actorUpdatesPerStep,
      demoShare: online ? pace.demoShare : 1,
      ...(online && pace.ownEpisodes !== undefined ? { ownEpisodes: pace.ownEpisodes } : {}),
      ...(speed === undefined ? {} : { speed }),
    };
  };

  /**
   * Returns the stage that Fine-tune begins with. Before the first run it does not load the learning library, which
   * would delay a window that opens.
   */
  const nextStage = async (): Promise<Stage> =>
    (await makerOf(policyInUse(), rows)) === undefined ? 'offline' : (await resolve(undefined)).spec.stage;

  return { resolve, plan, nextStage };
}

/** Returns the spec of the run that made a policy. The starter and imported policies have none. */
async function makerOf(policy: string | undefined, rows: PlannerRows): Promise<RunSpec | undefined> {
  const made = policy === undefined ? undefined : parsePolicyName(policy);
  return made && (await rows.run(made.runId))?.spec;
}

/**
 * Fills in a request. Without an algorithm in the request, the one that made the policy goes on; its preset, recipe and
 * settings go on as long as the algorithm is the same.
 */
function specOf(request: RunRequest | undefined, maker: RunSpec | undefined, task: TaskId): RunSpec {
  const algorithm = request?.algorithm ?? maker?.algorithm ?? 'conrft';
  const kin = maker?.algorithm === algorithm ? maker : undefined;
  const recipe = request?.recipe ?? (request?.preset === undefined ? kin?.recipe : undefined);
  const settings = request?.settings ?? (request?.preset === undefined ? kin?.settings : undefined);
  return {
    algorithm,
    preset: request?.preset ?? kin?.preset ?? 'cell',
    ...(recipe === undefined ? {} : { recipe }),
    ...(settings === undefined ? {} : { settings }),
    stage: request?.stage ?? 'offline',
    task: request?.task ?? task,
    observation: request?.observation ?? 'pixels',
    seed: request?.seed ?? SHIPPED_SEED,
    ...(request?.backend === undefined ? {} : { backend: request.backend }),
    ...(request?.steps === undefined ? {} : { steps: request.steps }),
  };
}

/**
 * Returns `online` when a run has all that it needs: a policy that a run made, and that run's critics unless the
 * algorithm has none. A policy from imitation has to be given critics by the offline stage first.
 */
async function stageFrom(spec: RunSpec, maker: RunSpec | undefined, rows: PlannerRows): Promise<Stage> {
  if (maker === undefined) return 'offline';
  const [own, made] = await Promise.all([rows.pace(spec), rows.pace(maker)]);
  return !own.hasCritics || made.hasCritics ? 'online' : 'offline';
}

const SAME_WORK = ['algorithm', 'preset', 'recipe', 'stage', 'observation', 'backend'] as const;

/** Returns the speed of the newest run that did the same work here and was measured. */
async function speedOf(spec: RunSpec, rows: PlannerRows): Promise<RunPlan['speed']> {
  const same = (await rows.runs()).find(
    ({ spec: other, metrics }) =>
      (metrics['updatesPerSec'] ?? 0) > 0 && SAME_WORK.every((name) => other[name] === spec[name]),
  );
  return same && { runId: same.id, updatesPerSec: same.metrics['updatesPerSec'] ?? 0 };
}
