/** The queries that the reader's thread answers, one for each method of `StoreReader`. */
import type { Database } from '../database.ts';
import { createLabelQueries } from '../learning/reward-labels.ts';
import { takeMark } from '../mark.ts';
import { loadCounts } from '../recording/tallies.ts';
import type { StoreErrorKind } from '../store-error.ts';
import { createQueries } from './queries.ts';

export function createReaderCalls(database: Database) {
  const queries = createQueries(database);
  const labels = createLabelQueries(database);
  return {
    listEpisodes: (query: { readonly limit: number; readonly beforeId?: number | undefined }) =>
      queries.listEpisodes(query.limit, query.beforeId),
    episode: (query: { readonly episodeId: number }) => queries.episode(query.episodeId),
    replay: (query: { readonly episodeId: number }) => queries.replay(query.episodeId),
    frames: (query: { readonly episodeId: number; readonly index: number }) =>
      queries.pictures(query.episodeId, query.index),
    counts: (_query: undefined) => loadCounts(database),
    mark: (_query: undefined) => takeMark(database),
    frameLabels: (query: { readonly episodeId: number }) => labels.frameLabels(query.episodeId),
  };
}

export type ReaderCalls = ReturnType<typeof createReaderCalls>;
export type ReaderMethod = keyof ReaderCalls;
export type ReaderQueries = { readonly [Method in ReaderMethod]: Parameters<ReaderCalls[Method]>[0] };
export type ReaderRequest<Method extends ReaderMethod = ReaderMethod> = {
  readonly [Name in Method]: { readonly request: number; readonly method: Name; readonly query: ReaderQueries[Name] };
}[Method];
export type ReaderResponse =
  | { readonly request: number; readonly value: unknown }
  | {
      readonly request: number;
      readonly error: { readonly kind: StoreErrorKind; readonly message: string; readonly remedy: string };
    };
