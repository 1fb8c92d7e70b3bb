/**
 * Loads onnxruntime-node with its telemetry switched off. Every process and thread loads it here and nowhere else.
 * The library reads the switch while it is loaded. With telemetry it sends events to its maker. It also writes a device id and a
 * queue of events into the user's cache, and a log into the temporary folder.
 */
import { isMainThread } from 'node:worker_threads';

const SWITCH = 'ORT_DISABLE_TELEMETRY';

// A worker has a copy of `process.env`, and a change there does not reach the library: its process sets the switch before.
if (!isMainThread && process.env[SWITCH] !== '1')
  throw new Error(`${SWITCH} is not 1 in this worker; import onnxruntime.ts on the main thread before starting it.`);
process.env[SWITCH] = '1';

export const ort = await import('onnxruntime-node');
export type * as Ort from 'onnxruntime-node';
