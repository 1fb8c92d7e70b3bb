/** Rates of unaided success and intervention over the last episodes. Discarded episodes do not count. */
import type { EpisodeSummary } from '../../../main/api/index.ts';
import { roundOf } from '../../state/run-record.ts';

export interface RatePoint {
  readonly episodeId: number;
  /** Share of policy episodes that ended in success without one human step. */
  readonly unaidedSuccess: number;
  /** Human-driven steps divided by all steps. */
  readonly intervention: number;
}

/** Returns one point per policy episode that has ended, over the `window` episodes up to it. Oldest first. */
export function rollingRates(episodes: readonly EpisodeSummary[], window: number): readonly RatePoint[] {
  const counted = episodes.filter((episode) => episode.mode === 'run' && !episode.discarded && episode.outcome);
  return counted.map(({ id }, index) => {
    const recent = roundOf(counted.slice(Math.max(0, index + 1 - window), index + 1))!;
    // Episodes without a step have no rate.
    return {
      episodeId: id,
      unaidedSuccess: recent.unaided / recent.episodes,
      intervention: recent.interventionRate || 0,
    };
  });
}
