/**
 * From what a person asked for to a run: fills in what was left open, and says beforehand what the run would use and how fast the
 * last one of its kind was. Nothing is started here.
 */
import type { BufferCounts } from '../api/episode.ts';
import { parsePolicyName } from '../api/policy.ts';
import { FRESH_WEIGHTS, type RunPlan, type RunSpec, type Stage } from '../api/run.ts';
import type { TaskId } from '../api/task.ts';
import type { RunRequest } from '../engine/services.ts';
import { policyOrigin } from '../learn/run/run-folder.ts';
import { readinessFor } from './readiness.ts';
import type { RunRows } from './run-rows.ts';

export interface PlannerOptions {
  readonly projectFolder: string;
  readonly rows: Pick<RunRows, 'run' | 'runs' | 'pace' | 'misfit'>;
  readonly task: TaskId;
  readonly counts: () => BufferCounts | Promise<BufferCounts>;
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
  /** The policy that a request means, before it is known whether it fits. */
  const policyOf = (request: RunRequest | undefined): string | undefined =>
    request?.startFrom === FRESH_WEIGHTS ? undefined : (request?.startFrom ?? policyInUse());

  /** What made a policy: the spec of its run; the starter and imported policies have none. */
  const makerOf = async (policy: string | undefined): Promise<RunSpec | undefined> => {
    const made = policy === undefined ? undefined : parsePolicyName(policy);
    return made && (await rows.run(made.runId))?.spec;
  };

  /**
   * Online where a run has all that it needs to go on with: a policy that a run made, and that run's critics unless the algorithm
   * has none. An imitated policy has to meet critics offline first.
   */
  const stageFrom = async (spec: RunSpec, maker: RunSpec | undefined): Promise<Stage> => {
    if (maker === undefined) return 'offline';
    const [own, made] = await Promise.all([rows.pace(spec), rows.pace(maker)]);
    return !own.hasCritics || made.hasCritics ? 'online' : 'offline';
  };

  /** A run goes on with the algorithm that made its policy, where none is asked for; a policy in use that does not fit is left out. */
  const resolve = async (request: RunRequest | undefined): Promise<Resolved> => {
    const policy = policyOf(request);
    const maker = await makerOf(policy);
    const algorithm = request?.algorithm ?? maker?.algorithm ?? 'conrft';
    const kin = maker?.algorithm === algorithm ? maker : undefined;
    const recipe = request?.recipe ?? (request?.preset === undefined ? kin?.recipe : undefined);
    const settings = request?.settings ?? (request?.preset === undefined ? kin?.settings : undefined);
    const base: RunSpec = {
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
    if (policy === undefined) return { spec: base };
    const misfit = await rows.misfit(base, policyOrigin(projectFolder, policy).manifestPath);
    if (misfit !== undefined && request?.startFrom === undefined)
      return { spec: base, freshBecause: `${policy} does not fit: ${misfit}.` };
    const spec = { ...base, stage: request?.stage ?? (await stageFrom(base, maker)), startFrom: policy };
    if (misfit === undefined) return { spec };
    return {
      spec,
      problem: {
        message: `${policy} does not fit: ${misfit}.`,
        remedy: 'Choose another policy to start from, or fresh weights.',
      },
    };
  };

  /** The newest run that did the same work here and was measured. */
  const speedOf = async (spec: RunSpec): Promise<RunPlan['speed']> => {
    const same = (await rows.runs()).find(
      ({ spec: other, metrics }) =>
        (metrics['updatesPerSec'] ?? 0) > 0 &&
        (['algorithm', 'preset', 'recipe', 'stage', 'observation', 'backend'] as const).every(
          (name) => other[name] === spec[name],
        ),
    );
    return same && { runId: same.id, updatesPerSec: same.metrics['updatesPerSec'] ?? 0 };
  };

  const plan = async (request: RunRequest | undefined): Promise<RunPlan> => {
    const { spec, ...why } = await resolve(request);
    const [pace, speed] = await Promise.all([rows.pace(spec), speedOf(spec)]);
    const stored = await counts();
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

  /** The stage that Fine-tune begins with; answered without the learning library before the first run, as when a window opens. */
  const nextStage = async (): Promise<Stage> =>
    (await makerOf(policyInUse())) === undefined ? 'offline' : (await resolve(undefined)).spec.stage;

  return { resolve, plan, nextStage };
}
