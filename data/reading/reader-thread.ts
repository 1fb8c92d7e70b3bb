/** The reader's thread. It answers the window's queries on its own read-only connection, off the control thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Database, openForReading } from '../database.ts';
import { errorText, StoreError } from '../store-error.ts';
import {
  createReaderCalls,
  type ReaderMethod,
  type ReaderQueries,
  type ReaderRequest,
  type ReaderResponse,
} from './reader-calls.ts';

function answer<Method extends ReaderMethod>(
  calls: { readonly [Name in Method]: (query: ReaderQueries[Name]) => unknown },
  { method, query }: ReaderRequest<Method>,
): unknown {
  return calls[method](query);
}

const port = parentPort;
if (port) {
  // The sender is this program's own reader.ts.
  const { folder }: { readonly folder: string } = workerData;
  const failed = (request: number, error: unknown): ReaderResponse => ({
    request,
    error: {
      kind: error instanceof StoreError ? error.kind : 'io',
      message: errorText(error),
      remedy: error instanceof StoreError ? error.remedy : 'Check the disk of the project.',
    },
  });
  let database: Database | undefined;
  try {
    database = openForReading(folder);
    const calls = createReaderCalls(database);
    port.on('message', (question: ReaderRequest | 'close') => {
      if (question === 'close') {
        database?.close();
        port.close();
        return;
      }
      try {
        const response: ReaderResponse = { request: question.request, value: answer(calls, question) };
        port.postMessage(response);
      } catch (error) {
        port.postMessage(failed(question.request, error));
      }
    });
    const ready: ReaderResponse = { request: 0, value: undefined };
    port.postMessage(ready);
  } catch (error) {
    database?.close();
    port.postMessage(failed(0, error));
    port.close();
  }
}
