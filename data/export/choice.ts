/** Chooses the episodes of an export and counts the ones that it leaves out, each with its reason. */
import { type EpisodeChoice, type EpisodeRange, type LeftOut, leftOutText } from '../../main/api/processes/export.ts';
import type { CatalogueEntry } from '../reading/catalogue.ts';
import { StoreError } from '../store-error.ts';

export interface ChosenEpisodes {
  /** The chosen episodes, oldest first; at least one. */
  readonly chosen: readonly CatalogueEntry[];
  readonly leftOut: LeftOut;
}

export function chooseEpisodes(
  episodes: readonly CatalogueEntry[],
  choice: EpisodeChoice,
  includeDiscarded: boolean,
): ChosenEpisodes {
  refuseMissing(episodes, choice.episodes ?? []);
  const chosen: CatalogueEntry[] = [];
  const leftOut = { notChosen: 0, notEnded: 0, discarded: 0, withoutSteps: 0 };
  const named = numberTest(choice.episodes);
  for (const episode of episodes) {
    if (!named(episode.id) || !meets(episode, choice)) leftOut.notChosen++;
    else if (!episode.ended) leftOut.notEnded++;
    else if (episode.discarded && !includeDiscarded) leftOut.discarded++;
    else if (episode.steps === 0) leftOut.withoutSteps++;
    else chosen.push(episode);
  }
  if (chosen.length > 0) return { chosen, leftOut };
  if (leftOut.notChosen === 0)
    throw new StoreError(
      'export',
      `There is no finished episode to export${because(leftOut)}.`,
      'Record one, or take back the discarding of one.',
    );
  throw new StoreError(
    'export',
    `No episode is left to export${because(leftOut)}.`,
    'Choose others in the Data tab, or with --task, --observation, --buffer, --outcome and --episodes.',
  );
}

function because(leftOut: LeftOut): string {
  const text = leftOutText(leftOut);
  return text === undefined ? '' : ` (${text})`;
}

function meets(episode: CatalogueEntry, { task, observation, buffer, outcome }: EpisodeChoice): boolean {
  if (task !== undefined && episode.task !== task) return false;
  if (observation !== undefined && episode.observation !== observation) return false;
  if (outcome !== undefined && episode.outcome !== outcome) return false;
  if (buffer === undefined) return true;
  return buffer === 'rl' ? episode.inRlBuffer : episode.inDemoBuffer;
}

/** Merges the ranges, so that many episodes are tested against many ranges by bisection. */
function numberTest(ranges: readonly EpisodeRange[] | undefined): (id: number) => boolean {
  if (ranges === undefined) return () => true;
  const merged: [number, number][] = [];
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const newest = merged.at(-1);
    if (newest && first <= newest[1] + 1) newest[1] = Math.max(newest[1], last);
    else merged.push([first, last]);
  }
  const ends = merged.map(([, last]) => last);
  return (id) => (merged[lowerBound(ends, id)]?.[0] ?? Number.POSITIVE_INFINITY) <= id;
}

/** Returns the index of the first of the ascending `values` that is at least `limit`. */
function lowerBound(values: readonly number[], limit: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Refuses a single number that names no episode, because it is probably a typing error. A range may have gaps but must
 * not be empty.
 */
function refuseMissing(episodes: readonly CatalogueEntry[], ranges: readonly EpisodeRange[]): void {
  const ids = episodes.map(({ id }) => id);
  for (const [first, last] of ranges) {
    if ((ids[lowerBound(ids, first)] ?? Number.POSITIVE_INFINITY) <= last) continue;
    const what = first === last ? `There is no episode ${first}` : `There is no episode from ${first} to ${last}`;
    const known = ids.length > 0 ? `its episodes are ${ids[0]} to ${ids.at(-1)}` : 'it has no episode yet';
    throw new StoreError('export', `${what} in this project; ${known}.`, 'Name episodes of this project.');
  }
}
