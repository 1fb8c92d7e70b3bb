/** Rates of unaided success and intervention over the last episodes. Discarded episodes do not count. */
import type { EpisodeSummary } from '../../../main/api/index.ts';

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
  return counted.map((episode, index) => {
    const recent = counted.slice(Math.max(0, index + 1 - window), index + 1);
    const steps = recent.reduce((sum, one) => sum + one.steps, 0);
    const human = recent.reduce((sum, one) => sum + one.humanSteps, 0);
    const unaided = recent.filter((one) => one.outcome === 'success' && one.humanSteps === 0).length;
    return {
      episodeId: episode.id,
      unaidedSuccess: unaided / recent.length,
      intervention: steps > 0 ? human / steps : 0,
    };
  });
}
