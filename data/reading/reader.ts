/** The window's side of the reader thread. Each query is a message, and each answer a promise. The project must exist. */

import { Worker } from 'node:worker_threads';
import { errorOfThread } from '../../main/api/error-words.ts';
import type { StoreReader } from '../records.ts';
import { StoreError } from '../store-error.ts';
import { threadUrl } from '../threads.ts';
import type { ReaderCalls, ReaderMethod, ReaderResponse } from './reader-calls.ts';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export async function openStoreReader(folder: string): Promise<StoreReader> {
  const worker = new Worker(threadUrl(import.meta.url, 'reader-thread'), { workerData: { folder } });
  const waiting = new Map<number, Waiting>();
  let nextRequest = 1;
  let over: Error | undefined;
  const opened = new Promise<unknown>((resolve, reject) => waiting.set(0, { resolve, reject }));
  const stop = (error: Error) => {
    over ??= error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on('message', (response: ReaderResponse) => {
    const entry = waiting.get(response.request);
    waiting.delete(response.request);
    if ('value' in response) entry?.resolve(response.value);
    else entry?.reject(new StoreError(response.error.kind, response.error.message, response.error.remedy));
  });
  worker.on('error', (error) => stop(errorOfThread(error)));
  worker.on('exit', () => stop(new StoreError('io', "The store's reader has ended.", 'Open the project again.')));
  await opened;

  const ask = <Method extends ReaderMethod>(
    method: Method,
    query: Parameters<ReaderCalls[Method]>[0],
  ): Promise<ReturnType<ReaderCalls[Method]>> =>
    new Promise((resolve, reject) => {
      if (over) return reject(over);
      const request = nextRequest++;
      // The thread answers `method` with that method's value, because both sides use the table in reader-calls.ts.
      waiting.set(request, { resolve: (value) => resolve(value as ReturnType<ReaderCalls[Method]>), reject });
      worker.postMessage({ request, method, query });
    });

  return {
    listEpisodes: (query) => ask('listEpisodes', query),
    episode: (episodeId) => ask('episode', { episodeId }),
    replay: (episodeId) => ask('replay', { episodeId }),
    frames: (episodeId, index) => ask('frames', { episodeId, index }),
    counts: () => ask('counts', undefined),
    mark: () => ask('mark', undefined),
    frameLabels: (episodeId) => ask('frameLabels', { episodeId }),
    async close() {
      if (over) return;
      over = new StoreError('io', 'The reader is closed.', 'Open the project again.');
      const exited = new Promise((resolve) => worker.once('exit', resolve));
      worker.postMessage('close');
      await exited;
    },
  };
}
