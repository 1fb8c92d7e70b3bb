/** The newest episodes, and a person's review of them: a verdict, discard, undo. */
import type { StoreReader, StoreWriter } from '../../../data/records.ts';
import type { EpisodeSummary } from '../../api/episode.ts';
import { messageOf, remedyOf } from '../../api/error-words.ts';
import type { ControlLoop } from '../loop/control-loop.ts';

import { type Answer, done, refused } from '../services.ts';
import type { EpisodeRecorder } from './episode-recorder.ts';
import { STATISTICS_EPISODES } from './statistics.ts';

/** More than the statistics need, because some of the newest episodes may not count for them. */
const KEPT = 4 * STATISTICS_EPISODES;

interface EpisodeList {
  /** Newest first. */
  recent(): readonly EpisodeSummary[];
  /** Adds an episode that has just ended. */
  ended(episode: EpisodeSummary): void;
  /** Reads the list from the store again. */
  refresh(): Promise<void>;
}

export interface EpisodeReview extends EpisodeList {
  /**
   * Gives a verdict to this episode, or to the newest one without an id. An episode that is being recorded ends with
   * it at the next edge.
   */
  verdict(verdict: 'success' | 'failure', episodeId: number | undefined): Answer<undefined>;
  discard(episodeId: number | undefined): Answer<undefined>;
  undo(): Promise<Answer<{ readonly undone?: string | undefined }>>;
}

interface ReviewOptions {
  readonly recorder: EpisodeRecorder;
  readonly writer: StoreWriter | undefined;
  readonly reader: StoreReader | undefined;
  readonly loop: () => Pick<ControlLoop, 'episodeOpen' | 'request'>;
  /** Called with an episode that was changed. */
  readonly tell: (episode: EpisodeSummary) => void;
  readonly changed: () => void;
  readonly notice: (level: 'warning', text: string, remedy: string) => void;
}

export function createEpisodeReview(options: ReviewOptions): EpisodeReview {
  const { recorder, loop } = options;
  const { annotate, reread, ...list } = createEpisodeList(options);

  /** Asks the loop to end the episode when it is still being recorded, and changes the stored one otherwise. */
  const review = (
    episodeId: number | undefined,
    request: Parameters<ControlLoop['request']>[0],
    change: (id: number) => void,
  ): Answer<undefined> => {
    const newestId = recorder.summary()?.id;
    if (loop().episodeOpen() && (episodeId === undefined || episodeId === newestId)) {
      loop().request(request);
      return done(undefined);
    }
    const id = episodeId ?? newestId;
    if (id === undefined) return refused('There is no episode yet.', 'Record one first.');
    change(id);
    return done(undefined);
  };

  return {
    ...list,
    verdict: (verdict, episodeId) =>
      review(episodeId, { verdict }, (id) => {
        recorder.relabel(id, verdict);
        annotate(id, { outcome: verdict, judge: 'human' });
      }),
    discard: (episodeId) =>
      review(episodeId, { discard: true }, (id) => {
        recorder.discard(id);
        annotate(id, { discarded: true });
      }),
    undo: async () => {
      const undone = await recorder.undo();
      if (!undone) return done({});
      await reread(undone.episodeId);
      return done({ undone: undone.words });
    },
  };
}

/** Keeps the newest episodes in memory, as the store has them. */
function createEpisodeList({ writer, reader, tell, changed, notice }: ReviewOptions) {
  let recent: readonly EpisodeSummary[] = [];

  const unreadable = (error: unknown) =>
    notice(
      'warning',
      `The episode list could not be read: ${messageOf(error)}`,
      remedyOf(error) ?? 'Restart the engine if it stays so.',
    );

  const put = (episode: EpisodeSummary) => {
    recent = recent.map((other) => (other.id === episode.id ? episode : other));
    tell(episode);
    changed();
  };

  /** Reads any episode, because a window may show an old one. */
  const reread = async (id: number) => {
    try {
      await writer?.drained();
      const stored = await reader?.episode(id);
      if (stored) put(stored);
    } catch (error) {
      unreadable(error);
    }
  };

  return {
    recent: () => recent,
    ended: (episode: EpisodeSummary) => {
      recent = [episode, ...recent.filter((other) => other.id !== episode.id)].slice(0, KEPT);
    },
    refresh: async () => {
      if (!reader) return;
      try {
        await writer?.drained();
        const stored = await reader.listEpisodes({ limit: KEPT });
        // An episode that ended while the list was read is newer than the list.
        const newest = recent.filter((episode) => episode.id > (stored[0]?.id ?? 0));
        recent = [...newest, ...stored].slice(0, KEPT);
        changed();
      } catch (error) {
        unreadable(error);
      }
    },
    reread,
    annotate: (id: number, change: Partial<EpisodeSummary>) => {
      const known = recent.find((episode) => episode.id === id);
      if (known) put({ ...known, ...change });
      else reread(id).catch(unreadable);
    },
  };
}
