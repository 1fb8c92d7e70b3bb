/** Measuring a policy honestly: without help, on seeds that nothing was trained or chosen on, with the interval. */
import type { EpisodeSummary } from '../api/episode.ts';
import { interventionRate } from '../api/episode.ts';
import { episodeSeed, type SeedRange } from '../api/task.ts';
import { wilson95 } from './statistics.ts';

export interface Evaluation {
  readonly episodes: number;
  readonly successes: number;
  readonly successRate: number;
  readonly ci95: readonly [number, number];
  /** Of the successful episodes; 0 when there were none. */
  readonly meanSteps: number;
  readonly interventionRate: number;
}

export function evaluationOf(episodes: readonly EpisodeSummary[]): Evaluation {
  const won = episodes.filter((episode) => episode.outcome === 'success');
  const mean = (values: readonly number[]) =>
    values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : 0;
  return {
    episodes: episodes.length,
    successes: won.length,
    successRate: episodes.length > 0 ? won.length / episodes.length : 0,
    ci95: wilson95(won.length, episodes.length),
    meanSteps: mean(won.map((episode) => episode.steps)),
    interventionRate: mean(episodes.map(interventionRate)),
  };
}

/** Runs `count` episodes of a range with `run`, reporting after each. */
export async function evaluate(
  run: (seed: number) => Promise<EpisodeSummary>,
  range: Extract<SeedRange, 'selection' | 'report'>,
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
