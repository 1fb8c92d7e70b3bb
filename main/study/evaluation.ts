/**
 * Measures a policy honestly: without help, on seeds that nothing was trained or chosen on, with the interval. Records
 * nothing.
 */
import { type EpisodeSummary, interventionRate } from '../api/episode.ts';
import { episodeSeed, type SeedRange, type TaskId } from '../api/task.ts';
import type { Conditions } from '../engine/headless-rig.ts';
import { recipeOf } from '../learn/recipes/recipe-registry.ts';
import { findPolicy } from '../runs/policies/policy-registry.ts';
import { recipeMeasures } from './recipe-measures.ts';
import { openSession } from './session.ts';
import { mean, wilson95 } from './statistics.ts';

export type EvaluationRange = Extract<SeedRange, 'selection' | 'report'>;

export interface Evaluation {
  readonly episodes: number;
  readonly successes: number;
  readonly successRate: number;
  readonly ci95: readonly [number, number];
  /** Mean number of steps of the successful episodes; 0 when there were none. */
  readonly meanSteps: number;
  /** Steps of all episodes, failures and time-outs included. */
  readonly totalSteps: number;
  readonly interventionRate: number;
}

export function evaluationOf(episodes: readonly EpisodeSummary[]): Evaluation {
  const won = episodes.filter((episode) => episode.outcome === 'success');
  return {
    episodes: episodes.length,
    successes: won.length,
    successRate: episodes.length > 0 ? won.length / episodes.length : 0,
    ci95: wilson95(won.length, episodes.length),
    meanSteps: mean(won.map((episode) => episode.steps)),
    totalSteps: episodes.reduce((sum, { steps }) => sum + steps, 0),
    interventionRate: mean(episodes.map(interventionRate)),
  };
}

/** Runs `count` episodes of a range with `run`, and reports after each. */
export async function evaluate(
  run: (seed: number) => Promise<EpisodeSummary>,
  range: EvaluationRange,
  count: number,
  report: (done: number, evaluation: Evaluation) => void,
): Promise<Evaluation> {
  const episodes: EpisodeSummary[] = [];
  for (let index = 0; index < count; index++) {
    episodes.push(await run(episodeSeed(range, index)));
    report(episodes.length, evaluationOf(episodes));
  }
  return evaluationOf(episodes);
}

export interface PolicyEvaluationRequest {
  readonly projectFolder: string;
  readonly policy: string;
  readonly episodes: number;
  readonly range: EvaluationRange;
  /** Standard deviation of the acting noise. Default: what the policy asks for. */
  readonly noise?: number | undefined;
  readonly conditions: Conditions;
  readonly encoder?: string | undefined;
  /** `starter` is this task's starter, and a policy of another task is refused. Default: what the policy is for. */
  readonly task?: TaskId | undefined;
}

/** `recipe` of the result is absent when no recipe made the policy. */
export async function evaluatePolicy(
  request: PolicyEvaluationRequest,
  onEpisode: (done: number, evaluation: Evaluation) => void,
) {
  const { projectFolder, conditions, encoder } = request;
  const policy = findPolicy(projectFolder, request.policy, request.task);
  const { manifest } = policy;
  const noise = request.noise ?? manifest.actingNoiseStd;
  await using session = await openSession({
    projectFolder,
    task: manifest.task,
    observation: manifest.observation,
    record: false,
    policy,
    actingNoiseStd: noise,
    conditions,
    encoder,
  });
  const recipe = manifest.recipe && recipeOf(manifest.recipe);
  const actions: (readonly number[])[][] = [];
  if (recipe?.metric.measures.includes('jerk'))
    session.rig.engine.onMessage((message) => {
      if (message.kind === 'step') actions.at(-1)?.push(message.step.action);
    });
  const attempt = (seed: number) => {
    actions.push([]);
    return session.episode(seed, 'alone');
  };
  const evaluation = await evaluate(attempt, request.range, request.episodes, onEpisode);
  const measured = recipe && { recipe, measures: await recipeMeasures(recipe, actions, policy) };
  return { policy: policy.name, noise, evaluation, recipe: measured, madeFrom: manifest.madeFrom };
}
