/**
 * Rates that show progress, over the newest episodes that a policy drove: success without help, and share of
 * human-driven steps.
 */
import type { EpisodeSummary } from '../../api/episode.ts';

export const STATISTICS_EPISODES = 20;

/** True for an episode that has ended with any verdict; false for one that was discarded or aborted. */
export function counts(episode: EpisodeSummary): boolean {
  const ended = episode.outcome !== undefined && episode.outcome !== 'aborted';
  return episode.mode === 'run' && ended && !episode.discarded && episode.steps > 0;
}

export function isUnaidedSuccess(episode: EpisodeSummary): boolean {
  return episode.outcome === 'success' && episode.takeovers === 0 && episode.humanSteps === 0;
}

/** Uses the newest episodes by id. `episodes` may come in any order. */
export function statisticsOf(episodes: readonly EpisodeSummary[]) {
  const newest = episodes
    .filter(counts)
    .sort((a, b) => b.id - a.id)
    .slice(0, STATISTICS_EPISODES);
  if (newest.length === 0) return { unaidedSuccessRate: undefined, interventionRate: undefined };
  const steps = newest.reduce((sum, episode) => sum + episode.steps, 0);
  const humanSteps = newest.reduce((sum, episode) => sum + episode.humanSteps, 0);
  return {
    unaidedSuccessRate: newest.filter(isUnaidedSuccess).length / newest.length,
    interventionRate: humanSteps / steps,
  };
}
