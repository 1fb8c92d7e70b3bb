/**
 * A reader that sees every write made before its question. The writer commits on its own thread, a moment after a call.
 * Without this, a question right after a discard could return the discarded episode.
 */
import type { StoreReader, StoreWriter } from '../records.ts';

export function readingAfter(writer: Pick<StoreWriter, 'drained'>, reader: StoreReader): StoreReader {
  const after = async <Answer>(read: () => Promise<Answer>): Promise<Answer> => {
    await writer.drained();
    return read();
  };
  return {
    listEpisodes: (query) => after(() => reader.listEpisodes(query)),
    episode: (episodeId) => after(() => reader.episode(episodeId)),
    replay: (episodeId) => after(() => reader.replay(episodeId)),
    frames: (episodeId, index) => after(() => reader.frames(episodeId, index)),
    counts: () => after(() => reader.counts()),
    mark: () => after(() => reader.mark()),
    frameLabels: (episodeId) => after(() => reader.frameLabels(episodeId)),
    close: () => reader.close(),
  };
}
