/** Ten episodes recorded by the live engine beside four busy loops, and the same ten headless: how many are the same to the bit. */
import { isDeepStrictEqual } from 'node:util';
import { episodeSeed } from '../../main/api/task.ts';
import { type RecordedEpisode, recordByItself, recordOneByOne } from '../engine/live-episodes.ts';
import { besideBusyLoops } from './busy-loops.ts';

const BUSY_LOOPS = 4;

/** Largest difference between two recorded values, numbers compared one by one; Infinity where they are of different kinds or lengths. */
function largestDifference(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return Math.abs(a - b);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return a === b ? 0 : Number.POSITIVE_INFINITY;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  if (left.length !== right.length) return Number.POSITIVE_INFINITY;
  return left.reduce((most, [key, value], index) => {
    const [otherKey, other] = right[index] ?? [];
    return Math.max(most, key === otherKey ? largestDifference(value, other) : Number.POSITIVE_INFINITY);
  }, 0);
}

export async function run(count = 10) {
  const { episodes, ticks } = await besideBusyLoops(BUSY_LOOPS, () => recordByItself(count));
  const seeds = episodes.map(({ seed }) => seed);
  const headless = await recordOneByOne('headless', seeds, false);
  const helped = seeds.slice(0, Math.min(3, count)).map((_, index) => episodeSeed('training', 100 + index));
  const helpedLive = await besideBusyLoops(BUSY_LOOPS, () => recordOneByOne('live', helped, true));
  const helpedHeadless = await recordOneByOne('headless', helped, true);
  const steps = (of: readonly RecordedEpisode[]) => of.reduce((sum, episode) => sum + episode.steps.length, 0);
  return {
    name: 'live-as-headless',
    episodes: episodes.length,
    transitions: steps(episodes),
    identicalEpisodes: episodes.filter((episode, index) => isDeepStrictEqual(episode, headless[index])).length,
    largestDifference: largestDifference(episodes, headless),
    skippedEdges: ticks.skippedEdges,
    missedDeadlines: ticks.missedDeadlines,
    withTakeovers: {
      episodes: helpedLive.length,
      transitions: steps(helpedLive),
      takeovers: helpedLive.reduce((sum, { steps: of }) => sum + of.filter(({ actor }) => actor === 'mixed').length, 0),
      identicalEpisodes: helpedLive.filter((episode, index) => isDeepStrictEqual(episode, helpedHeadless[index]))
        .length,
      largestDifference: largestDifference(helpedLive, helpedHeadless),
    },
  };
}
