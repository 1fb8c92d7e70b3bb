/** A thread that makes files of the encoder's cache: it is told an index and answers with the number of frames. */
import { parentPort, workerData } from 'node:worker_threads';
import { createEncoderData } from '../../../native/sim/encoder-data/encoder-data.ts';
import type { PooledCamera } from '../../learn/encoders/pooled-picture.ts';
import { openEncoderCache } from './encoder-cache.ts';

if (!parentPort)
  throw new Error('shard-worker.ts is the entry of a worker thread; open a cache and ask it for a dataset');
const port = parentPort;
// The thread is started by `encoder-cache.ts` alone, with these values.
const { parent, cameras } = workerData as { readonly parent: string; readonly cameras: readonly PooledCamera[] };
const cache = openEncoderCache(parent, await createEncoderData(), cameras);
port.on('message', (index: number) => port.postMessage(cache.make(index)));
