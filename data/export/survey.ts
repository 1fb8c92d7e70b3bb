/**
 * Compares all chosen episodes before a dataset is begun, because a dataset has one layout. Refuses episodes that
 * differ in cameras, pads, joints, control rate or kind of observation. The error names their numbers, the difference,
 * and how to choose them apart.
 */
import { episodeRangesText } from '../../main/api/processes/export.ts';
import type { CatalogueEntry, ContentCount, EpisodeContents } from '../reading/catalogue.ts';
import { StoreError } from '../store-error.ts';

/** Maximum number of different layouts that an error describes; further ones are only counted. */
const MAX_DESCRIBED = 4;
/** Maximum number of episode ranges that an error lists for one layout. */
const MAX_RANGES = 12;
/** Tolerance for comparing control rates: 1000 / 30 ms has no exact binary value. */
const RATE_TOLERANCE = 1e-6;

const ASPECTS = ['observation', 'cameras', 'pads', 'joints', 'rate'] as const;
type Way = Readonly<Record<(typeof ASPECTS)[number], string>>;

interface Group {
  readonly way: Way;
  readonly episodes: CatalogueEntry[];
}

/** Returns the frames per second of the dataset; throws a `StoreError` when the episodes do not fit into one. */
export function surveyEpisodes(
  episodes: readonly CatalogueEntry[],
  contentsOf: (episode: CatalogueEntry) => EpisodeContents,
): number {
  const groups = new Map<string, Group>();
  const uneven: { readonly id: number; readonly what: string }[] = [];
  for (const episode of episodes) {
    const contents = contentsOf(episode);
    const gap = unevenness(episode, contents);
    if (gap !== undefined) uneven.push({ id: episode.id, what: gap });
    const way = wayOf(episode, contents);
    const key = ASPECTS.map((aspect) => way[aspect]).join('|');
    const group = groups.get(key);
    if (group) group.episodes.push(episode);
    else groups.set(key, { way, episodes: [episode] });
  }
  if (uneven.length > 0) throw unevenError(episodes, uneven);
  if (groups.size > 1) throw mixedError([...groups.values()]);
  return wholeRate(episodes[0]?.periodMs ?? 0);
}

function wayOf(episode: CatalogueEntry, { cameras, pads, joints }: EpisodeContents): Way {
  const list = (counts: readonly ContentCount[]) => counts.map(({ what }) => what).join(' and ');
  return {
    observation: `observation ${episode.observation}`,
    cameras: cameras.length > 0 ? `cameras ${list(cameras)}` : 'no camera',
    pads: pads.length > 0 ? `pads ${list(pads)}` : 'no pad',
    joints: list(joints),
    rate: `a control period of ${episode.periodMs} ms`,
  };
}

/** Says how the observations of one episode differ from each other; `undefined` when they are alike. */
function unevenness({ steps }: CatalogueEntry, { cameras, pads, joints }: EpisodeContents): string | undefined {
  const odd = [...cameras, ...pads, ...joints].find(({ count }) => count !== steps);
  return odd && `${odd.what} is in ${odd.count} of ${steps} observations`;
}

function unevenError(
  episodes: readonly CatalogueEntry[],
  uneven: readonly { readonly id: number; readonly what: string }[],
): StoreError {
  const bad = new Set(uneven.map(({ id }) => id));
  const good = episodes.filter(({ id }) => !bad.has(id)).map(({ id }) => id);
  const numbers = spoken([...bad]);
  const first = uneven[0];
  return new StoreError(
    'export',
    `Cameras or sensors come and go within ${numbers}${first ? ` (episode ${first.id}: ${first.what})` : ''}.`,
    good.length > 0
      ? `Leave ${bad.size > 1 ? 'them' : 'it'} out: ${choose('episodes', good)}.`
      : 'Choose other episodes in the Data tab, or with --episodes on the command line.',
  );
}

function mixedError(groups: readonly Group[]): StoreError {
  const differing = ASPECTS.filter((aspect) => new Set(groups.map(({ way }) => way[aspect])).size > 1);
  const described = groups
    .slice(0, MAX_DESCRIBED)
    .map(({ way, episodes }) => {
      const ids = episodes.map(({ id }) => id);
      return `${spoken(ids)}: ${differing.map((aspect) => way[aspect]).join(', ')}`;
    })
    .join('; ');
  const more = groups.length > MAX_DESCRIBED ? `; and ${groups.length - MAX_DESCRIBED} more ways` : '';
  const [first] = groups;
  const kinds = new Set(groups.map(({ way }) => way.observation));
  const ids = first?.episodes.map(({ id }) => id) ?? [];
  const observation = first?.episodes[0]?.observation ?? 'pixels';
  const how =
    kinds.size === groups.length
      ? `for example choose observation ${observation} in the Data tab, or --observation ${observation} on the command line`
      : `for example ${choose('episodes', ids)}`;
  return new StoreError(
    'export',
    `These episodes were recorded in ${groups.length} ways, and a dataset has one layout (${described}${more}).`,
    `Export each way apart: ${how}.`,
  );
}

function choose(what: string, ids: readonly number[]): string {
  const { text } = episodeRangesText(ids, MAX_RANGES);
  return `choose ${what} ${text} in the Data tab, or --episodes ${text} on the command line`;
}

function spoken(ids: readonly number[]): string {
  const { text, more } = episodeRangesText(ids, MAX_RANGES);
  return `${ids.length > 1 ? 'episodes' : 'episode'} ${text}${more > 0 ? ` and ${more} more` : ''}`;
}

/** LeRobot wants a whole number of frames per second. */
function wholeRate(periodMs: number): number {
  const rate = 1000 / periodMs;
  const whole = Math.round(rate);
  if (whole >= 1 && Math.abs(rate - whole) <= RATE_TOLERANCE * whole) return whole;
  throw new StoreError(
    'export',
    `The control period of these episodes is ${periodMs} ms, which is ${rate.toFixed(3)} frames per second; LeRobot wants a whole number.`,
    'Choose episodes of another control rate in the Data tab, or with --episodes on the command line.',
  );
}
