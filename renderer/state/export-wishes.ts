/** The fields of the Data tab's export form, and the choice of episodes that they make. */
import { type EpisodeChoice, episodeChoiceSchema, parseEpisodeRanges } from '../../main/api/index.ts';

/** The text of each field. An empty field sets no condition. */
export const NO_EXPORT_WISHES = {
  /** Target folder. When it is empty, the export goes into the project. */
  directory: '',
  includeDiscarded: false,
  task: '',
  observation: '',
  buffer: '',
  outcome: '',
  /** Episode numbers as they are typed, for example "1-5,8". */
  episodes: '',
};
export type ExportWishes = Readonly<typeof NO_EXPORT_WISHES>;

type WishedChoice =
  | { readonly kind: 'everything' }
  | { readonly kind: 'choice'; readonly choice: EpisodeChoice }
  | { readonly kind: 'wrong'; readonly message: string };

export function choiceOf({ task, observation, buffer, outcome, episodes }: ExportWishes): WishedChoice {
  const numbers = episodes.trim() === '' ? undefined : parseEpisodeRanges(episodes);
  if (numbers?.kind === 'wrong') return numbers;
  const fields = { task, observation, buffer, outcome };
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
  if (Object.keys(given).length === 0 && numbers === undefined) return { kind: 'everything' };
  const choice = episodeChoiceSchema.parse({ ...given, ...(numbers ? { episodes: numbers.ranges } : {}) });
  return { kind: 'choice', choice };
}
