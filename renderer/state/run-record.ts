/**
 * The record of a run's policies on the robot, from the list of episodes: rounds of ten, the ten episodes before them,
 * and a verdict. A difference of 30 points counts as better or worse; the engine reverts a candidate at the same fall.
 * Pure.
 */
import { type EpisodeSummary, parsePolicyName } from '../../main/api/index.ts';

const ROUND_EPISODES = 10;
/** Smallest number of episodes that allows a verdict. */
export const JUDGED_EPISODES = 5;
const CLEAR_DIFFERENCE = 0.3;

export interface Round {
  readonly firstEpisodeId: number;
  readonly lastEpisodeId: number;
  readonly episodes: number;
  /** Number of episodes solved without a human step. */
  readonly unaided: number;
  /** Human-driven steps divided by all steps. */
  readonly interventionRate: number;
}

export type RunRecord = ReturnType<typeof recordOf>;

const counts = (episode: EpisodeSummary) =>
  episode.mode === 'run' &&
  !episode.discarded &&
  episode.outcome !== undefined &&
  episode.outcome !== 'aborted' &&
  episode.steps > 0;

export function roundOf(episodes: readonly EpisodeSummary[]): Round | undefined {
  const [first, last] = [episodes[0], episodes.at(-1)];
  if (!first || !last) return undefined;
  const sum = (number: (episode: EpisodeSummary) => number) =>
    episodes.reduce((total, episode) => total + number(episode), 0);
  return {
    firstEpisodeId: first.id,
    lastEpisodeId: last.id,
    episodes: episodes.length,
    unaided: sum((episode) => (episode.outcome === 'success' && episode.humanSteps === 0 ? 1 : 0)),
    interventionRate: sum((episode) => episode.humanSteps) / sum((episode) => episode.steps),
  };
}

/** `alone`: there are no earlier episodes to compare with. */
type Verdict = 'better' | 'worse' | 'same' | 'unjudged' | 'alone';

function verdictOf(before: Round | undefined, newest: Round | undefined): Verdict {
  if (!newest || newest.episodes < JUDGED_EPISODES) return 'unjudged';
  if (!before || before.episodes < JUDGED_EPISODES) return 'alone';
  const gain = newest.unaided / newest.episodes - before.unaided / before.episodes;
  if (Math.abs(gain) < CLEAR_DIFFERENCE - 1e-9) return 'same';
  return gain > 0 ? 'better' : 'worse';
}

/** `episodes` and the rounds are in order, oldest first. `newest`: the newest ten episodes of the run's policies. */
export function recordOf(runId: number, episodes: readonly EpisodeSummary[]) {
  const counted = episodes.filter(counts);
  const own = (episode: EpisodeSummary) => parsePolicyName(episode.policy ?? '')?.runId === runId;
  const first = counted.findIndex(own);
  const driven = counted.filter(own);
  const earlier = first < 0 ? counted : counted.slice(0, first);
  const rounds: Round[] = [];
  for (let at = 0; at < driven.length; at += ROUND_EPISODES) {
    const round = roundOf(driven.slice(at, at + ROUND_EPISODES));
    if (round) rounds.push(round);
  }
  // The last round before the run's first policy drove; `undefined` when there was none.
  const before = roundOf(earlier.slice(-ROUND_EPISODES));
  const newest = roundOf(driven.slice(-ROUND_EPISODES));
  return { before, rounds, newest, verdict: verdictOf(before, newest) };
}
