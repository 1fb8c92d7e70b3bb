/** The newest episodes, and what a person says of them afterwards: a verdict, discard, undo. */
import type { StoreReader, StoreWriter } from '../../../data/records.ts';
import type { EpisodeSummary } from '../../api/episode.ts';
import { messageOf, remedyOf } from '../../api/error-words.ts';
import type { ControlLoop } from '../loop/loop-types.ts';
import { type Answer, done, refused } from '../services.ts';
import type { EpisodeRecorder } from './episode-recorder.ts';
import { STATISTICS_EPISODES } from './statistics.ts';

/** Some of the newest may not count for the statistics. */
const KEPT = 4 * STATISTICS_EPISODES;

export interface EpisodeReview {
  /** Newest first. */
  recent(): readonly EpisodeSummary[];
  ended(episode: EpisodeSummary): void;
  /** Reads them anew. */
  refresh(): Promise<void>;
  /** Of this episode, or of the newest: while it is recorded the loop ends it so. */
  verdict(verdict: 'success' | 'failure', episodeId: number | undefined): Answer<undefined>;
  discard(episodeId: number | undefined): Answer<undefined>;
  undo(): Promise<Answer<{ readonly undone?: string | undefined }>>;
}

export function createEpisodeReview(options: {
  readonly recorder: EpisodeRecorder;
  readonly writer: StoreWriter | undefined;
  readonly reader: StoreReader | undefined;
  readonly loop: () => Pick<ControlLoop, 'episodeOpen' | 'request'>;
  /** An episode is not what it was. */
  readonly tell: (episode: EpisodeSummary) => void;
  readonly changed: () => void;
  readonly notice: (level: 'warning', text: string, remedy: string) => void;
}): EpisodeReview {
  const { recorder, writer, reader, loop, tell, changed, notice } = options;
  let recent: readonly EpisodeSummary[] = [];

  const refresh = async () => {
    if (!reader) return;
    try {
      await writer?.drained();
      const stored = await reader.listEpisodes({ limit: KEPT });
      // One that has ended while the list was read is newer than it.
      const newest = recent.filter((episode) => episode.id > (stored[0]?.id ?? 0));
      recent = [...newest, ...stored].slice(0, KEPT);
      changed();
    } catch (error) {
      unreadable(error);
    }
  };

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

  /** However old the episode is: a window may show it. */
  const reread = async (id: number) => {
    try {
      await writer?.drained();
      const stored = await reader?.episode(id);
      if (stored) put(stored);
    } catch (error) {
      unreadable(error);
    }
  };

  const annotate = (id: number, change: Partial<EpisodeSummary>) => {
    const known = recent.find((episode) => episode.id === id);
    if (known) put({ ...known, ...change });
    else reread(id).catch(unreadable);
  };

  const isBeingRecorded = (episodeId: number | undefined) =>
    loop().episodeOpen() && (episodeId === undefined || episodeId === recorder.summary()?.id);

  const withStored = (episodeId: number | undefined, change: (id: number) => void): Answer<undefined> => {
    const id = episodeId ?? recorder.summary()?.id;
    if (id === undefined) return refused('There is no episode yet.', 'Record one first.');
    change(id);
    return done(undefined);
  };

  return {
    recent: () => recent,
    ended: (episode) => {
      recent = [episode, ...recent.filter((other) => other.id !== episode.id)].slice(0, KEPT);
    },
    refresh,
    verdict: (verdict, episodeId) => {
      if (isBeingRecorded(episodeId)) {
        loop().request({ verdict });
        return done(undefined);
      }
      return withStored(episodeId, (id) => {
        recorder.relabel(id, verdict);
        annotate(id, { outcome: verdict, judge: 'human' });
      });
    },
    discard: (episodeId) => {
      if (isBeingRecorded(episodeId)) {
        loop().request({ discard: true });
        return done(undefined);
      }
      return withStored(episodeId, (id) => {
        recorder.discard(id);
        annotate(id, { discarded: true });
      });
    },
    undo: async () => {
      const undone = await recorder.undo();
      if (!undone) return done({});
      await reread(undone.episodeId);
      return done({ undone: undone.words });
    },
  };
}
