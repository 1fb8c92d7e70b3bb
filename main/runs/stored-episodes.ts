/** Reads the episodes of a project. */
import { openStoreReader } from '../../data/reading/reader.ts';
import type { EpisodeSummary } from '../api/episode.ts';

const PAGE = 500;

/** Returns all episodes, or those newer than `afterId`, newest first. */
export async function storedEpisodes(projectFolder: string, afterId = 0): Promise<EpisodeSummary[]> {
  const reader = await openStoreReader(projectFolder);
  try {
    const found: EpisodeSummary[] = [];
    for (;;) {
      const page = await reader.listEpisodes({ limit: PAGE, beforeId: found.at(-1)?.id });
      const newer = page.filter(({ id }) => id > afterId);
      found.push(...newer);
      if (newer.length < PAGE) return found;
    }
  } finally {
    await reader.close();
  }
}
