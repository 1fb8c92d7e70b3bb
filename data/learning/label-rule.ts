/**
 * The rule that derives labels of observations from an episode's verdicts, for the reward classifier. A person's label
 * overrides them. They are not stored, so they change with the verdict. An episode of T steps has T+1 observations.
 *
 * The rule proposes no negative from the observation before the first positive on. One tick before a success looks like
 * a success, and the observations after it may still show one.
 */
import type { FrameLabel, SuccessBy } from '../../main/api/classifier.ts';
import type { Verdict } from '../rules.ts';

/** Largest delay of a person's key press, in observations: up to 1 s at 10 Hz. */
const DECIDING = 7;
const SEEN_BY_PERSON = 3;

export interface JudgedEpisode {
  /** T+1 */
  readonly observations: number;
  readonly successBy: SuccessBy;
  /** The verdict recorded at the episode's end. */
  readonly recorded: Verdict;
  /** The verdict that stands now. */
  readonly standing: Verdict;
}

export function proposedLabels(episode: JudgedEpisode): readonly FrameLabel[] {
  const { recorded, standing } = episode;
  switch (standing.outcome) {
    case 'failure':
      return labelled(episode, 0, 0);
    case 'truncated':
      // A time-out shows no failure when only a classifier was looking for success.
      return standing.judge === 'time-limit' && episode.successBy !== 'classifier' ? labelled(episode, 0, 0) : [];
    case 'aborted':
      return [];
    case 'success':
      // A verdict given only afterwards does not tell when the success was reached.
      if (recorded.outcome !== 'success') return labelled(episode, 1, episode.observations);
      // The simulator judges every tick, and a person needs a moment to decide.
      if (recorded.judge === 'simulator') return labelled(episode, 1, 0);
      if (recorded.judge === 'human') return labelled(episode, SEEN_BY_PERSON, DECIDING);
      // A classifier must not teach itself, so a person has to confirm its success.
      return standing.judge === 'human' ? labelled(episode, 1, DECIDING) : [];
    default:
      return standing.outcome satisfies never;
  }
}

/** Returns labels given by hand, and the rule's proposals for the other observations, in order. */
export function withProposals(given: readonly FrameLabel[], proposed: readonly FrameLabel[]): readonly FrameLabel[] {
  const taken = new Set(given.map(({ index }) => index));
  const all = [...given, ...proposed.filter(({ index }) => !taken.has(index))].sort((a, b) => a.index - b.index);
  const firstPositive = all.find(({ label }) => label === 'positive')?.index ?? Number.POSITIVE_INFINITY;
  return all.filter(
    ({ index, label, source }) => source !== 'rule' || label === 'positive' || index < firstPositive - 1,
  );
}

/** Labels the last `positives` observations as positive, none of the `leftOut` before, the rest as negative. */
function labelled({ observations }: JudgedEpisode, positives: number, leftOut: number): FrameLabel[] {
  return Array.from({ length: observations }, (_, index) => index).flatMap((index): FrameLabel[] => {
    const fromEnd = observations - 1 - index;
    // The first observation is never positive, because nothing was done before it.
    if (fromEnd < positives && index > 0) return [{ index, label: 'positive', source: 'rule' }];
    return fromEnd < positives + leftOut ? [] : [{ index, label: 'negative', source: 'rule' }];
  });
}
