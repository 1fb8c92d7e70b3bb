/**
 * What an episode's verdicts say about its observations, for the reward classifier: proposals, which a person's label overrides.
 * A rule and no rows: when a verdict changes, so do they. An episode of T steps has T+1 observations; the last shows how it ended.
 *
 * success, recorded by the simulator   the last is positive, the others negative: it judges every tick
 * success, recorded by a person        the last 3 are positive, 7 before them left out (she was deciding), the others negative
 * success, by the classifier           nothing, until a person confirms it: a classifier must not teach itself
 *   … confirmed by a person            the last is positive, 7 before it left out, the others negative
 * success, given only afterwards       the last is positive, all others left out: nobody knows when it was reached
 * failure                              all negative
 * time-out                             all negative, unless only a classifier was looking for success
 * anything else                        nothing
 *
 * From the observation before an episode's first positive on, whoever labelled that, the rule vouches for no negative: one tick before a
 * success looks like it, and what comes after it may still be one.
 */
import type { FrameLabel, SuccessBy } from '../../main/api/classifier.ts';
import type { Verdict } from '../rules.ts';

/** How long a person's key press lags behind what she saw, in observations: up to 1 s at 10 Hz. */
const DECIDING = 7;
const SEEN_BY_PERSON = 3;

export interface JudgedEpisode {
  /** T+1 */
  readonly observations: number;
  readonly successBy: SuccessBy;
  /** As it was recorded at the episode's end. */
  readonly recorded: Verdict;
  /** The one that stands now. */
  readonly standing: Verdict;
}

export function proposedLabels(episode: JudgedEpisode): readonly FrameLabel[] {
  const { recorded, standing } = episode;
  switch (standing.outcome) {
    case 'failure':
      return labelled(episode, 0, 0);
    case 'truncated':
      return standing.judge === 'time-limit' && episode.successBy !== 'classifier' ? labelled(episode, 0, 0) : [];
    case 'aborted':
      return [];
    case 'success':
      if (recorded.outcome !== 'success') return labelled(episode, 1, episode.observations);
      if (recorded.judge === 'simulator') return labelled(episode, 1, 0);
      if (recorded.judge === 'human') return labelled(episode, SEEN_BY_PERSON, DECIDING);
      return standing.judge === 'human' ? labelled(episode, 1, DECIDING) : [];
    default:
      return standing.outcome satisfies never;
  }
}

/** Labels given by hand, and what the rule proposes for the other observations; in order. */
export function withProposals(given: readonly FrameLabel[], proposed: readonly FrameLabel[]): readonly FrameLabel[] {
  const taken = new Set(given.map(({ index }) => index));
  const all = [...given, ...proposed.filter(({ index }) => !taken.has(index))].sort((a, b) => a.index - b.index);
  const firstPositive = all.find(({ label }) => label === 'positive')?.index ?? Number.POSITIVE_INFINITY;
  return all.filter(
    ({ index, label, source }) => source !== 'rule' || label === 'positive' || index < firstPositive - 1,
  );
}

/** The last `positives` are positive, `leftOut` before them unlabelled, the rest negative. The first is never positive: nothing was done yet. */
function labelled({ observations }: JudgedEpisode, positives: number, leftOut: number): FrameLabel[] {
  return Array.from({ length: observations }, (_, index) => index).flatMap((index): FrameLabel[] => {
    const fromEnd = observations - 1 - index;
    if (fromEnd < positives && index > 0) return [{ index, label: 'positive', source: 'rule' }];
    return fromEnd < positives + leftOut ? [] : [{ index, label: 'negative', source: 'rule' }];
  });
}
