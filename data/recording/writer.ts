/**
 * The engine's side of the writer thread. A record is copied and its copy moved to the thread, so the caller keeps its
 * buffers. The queue is bounded in steps; what does not fit, or comes after recording has stopped, is refused and reported.
 */
import { Worker } from 'node:worker_threads';
import type { CameraFrame, TactileFrame } from '../../main/api/observation.ts';
import type { ObservationRecord, StepRecord, StoreWriter, Undone } from '../records.ts';
import { StoreError } from '../store-error.ts';
import { threadUrl } from '../threads.ts';
import type { Command, Problem, Report, WriterState } from './commands.ts';
import type { WriterThreadSettings } from './writer-thread.ts';

export interface WriterOptions {
  readonly folder: string;
  /** Steps that may wait for the disk. */
  readonly capacitySteps?: number;
  /** Recording stops when less than this is free on the disk. */
  readonly reserveBytes?: number;
  readonly maxFileBytes?: number;
}

export interface QueuedStoreWriter extends StoreWriter {
  /** Resolves when the queue is at most half full: whoever writes without a control loop waits for it. */
  room(): Promise<void>;
  /** Sequence number of the newest event known to be committed. After `drained`, it covers every call before it. */
  newestSequence(): number;
}

const DEFAULT_CAPACITY_STEPS = 600;
const DEFAULT_RESERVE_BYTES = 1024 ** 3;

function copyObservation(record: ObservationRecord, moved: ArrayBuffer[]): ObservationRecord {
  const floats = (values: Float32Array) => {
    const copy = new Float32Array(values);
    moved.push(copy.buffer);
    return copy;
  };
  const frames = record.frames.map((frame): CameraFrame => {
    const rgb = new Uint8Array(frame.rgb);
    moved.push(rgb.buffer);
    return { camera: frame.camera, widthPx: frame.widthPx, heightPx: frame.heightPx, rgb };
  });
  const tactile = record.tactile.map((pad): TactileFrame => ({ ...pad, forceN: floats(pad.forceN) }));
  return {
    ...record,
    proprioception: floats(record.proprioception),
    embedding: record.embedding && floats(record.embedding),
    frames,
    tactile,
    scenePoses: floats(record.scenePoses),
  };
}

/** Actions are small, but may be views on something large: a message would carry the whole of it. */
function copyStep(step: StepRecord, moved: ArrayBuffer[]): StepRecord {
  return {
    ...step,
    action: new Float32Array(step.action),
    policyAction: step.policyAction && new Float32Array(step.policyAction),
    humanAction: step.humanAction && new Float32Array(step.humanAction),
    next: copyObservation(step.next, moved),
  };
}

/** Opens the project folder, making it when it is missing. Rejects with a `StoreError` when it cannot be recorded into. */
export async function openStoreWriter(options: WriterOptions): Promise<QueuedStoreWriter> {
  const capacitySteps = options.capacitySteps ?? DEFAULT_CAPACITY_STEPS;
  const settings: WriterThreadSettings = {
    folder: options.folder,
    reserveBytes: options.reserveBytes ?? DEFAULT_RESERVE_BYTES,
    maxFileBytes: options.maxFileBytes,
  };
  const worker = new Worker(threadUrl(import.meta.url, 'writer-thread'), { workerData: settings });
  const ready = await new Promise<Extract<Report, { kind: 'ready' }>>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (report: Report) => {
      worker.off('error', reject);
      if (report.kind === 'ready') resolve(report);
      else if (report.kind === 'refused') reject(refusal(report));
      else reject(new StoreError('io', `The writer thread began with '${report.kind}'.`, 'Report this as a bug.'));
    });
  });

  let nextEpisodeId = ready.nextEpisodeId;
  let state: WriterState = ready.state;
  let queuedSteps = 0;
  let nextRequest = 1;
  let ended = false;
  const requests = new Map<number, (undone: Undone | undefined) => void>();
  const waitingForRoom: (() => void)[] = [];
  const listeners = new Set<(problem: Problem) => void>();
  /**
   * Problems reported while there is no listener. They go to the first listener. Problems found at opening go to every
   * listener.
   */
  const unheard: Problem[] = [];
  /** Steps refused on this side, by episode. */
  const refused = new Map<number, number>();

  const tell = (problem: Problem) => {
    if (listeners.size === 0) unheard.push(problem);
    for (const listener of listeners) listener(problem);
  };
  const makeRoom = () => {
    if (queuedSteps <= capacitySteps / 2) for (const resolve of waitingForRoom.splice(0)) resolve();
  };
  const closed = Promise.withResolvers<void>();

  const stop = (why: string) => {
    if (ended) return;
    ended = true;
    const lost = queuedSteps > 0 ? `; ${queuedSteps} queued steps were not confirmed` : '';
    tell({
      message: `The store's writer stopped: ${why}${lost}.`,
      remedy: 'Restart the engine; everything confirmed is kept.',
      fatal: true,
    });
    queuedSteps = 0;
    for (const resolve of requests.values()) resolve(undefined);
    requests.clear();
    makeRoom();
    closed.resolve();
  };
  worker.on('error', (error) => stop(error.message));
  worker.on('exit', (code) => stop(`its thread ended with code ${code}`));
  worker.on('message', (report: Report) => {
    if (report.kind === 'done') {
      queuedSteps -= report.steps;
      state = report.state;
      for (const problem of report.problems) tell(problem);
      for (const { request, undone } of report.answers) {
        requests.get(request)?.(undone);
        requests.delete(request);
      }
      makeRoom();
    } else if (report.kind === 'closed') {
      for (const problem of report.problems) tell(problem);
      ended = true;
      closed.resolve();
    }
  });

  const send = (command: Command, moved: readonly ArrayBuffer[] = []) => {
    if (!ended) worker.postMessage(command, moved);
    else if (command.kind !== 'drain' && command.kind !== 'undo')
      tell({
        message: `Not stored: ${command.kind}: the store is closed.`,
        remedy: 'Restart the engine.',
        fatal: true,
      });
  };
  const ask = (kind: 'drain' | 'undo') =>
    new Promise<Undone | undefined>((resolve) => {
      if (ended) return resolve(undefined);
      const request = nextRequest++;
      requests.set(request, resolve);
      send({ kind, request });
    });

  /** Once one step of an episode is refused, those after it are: a gap would pair observations that do not belong together. */
  const refuse = (episodeId: number, index: number, why: string, remedy: string) => {
    const before = refused.get(episodeId) ?? 0;
    refused.set(episodeId, before + 1);
    if (before === 0)
      tell({
        message: `Step ${index} of episode ${episodeId} and those after it are not stored: ${why}.`,
        remedy,
        fatal: true,
      });
  };

  return {
    sessionId: ready.sessionId,
    beginEpisode(start) {
      const episodeId = nextEpisodeId++;
      const moved: ArrayBuffer[] = [];
      send({ kind: 'begin', episodeId, start: { ...start, first: copyObservation(start.first, moved) } }, moved);
      return episodeId;
    },
    appendStep(episodeId, step) {
      if (refused.has(episodeId)) refuse(episodeId, step.index, '', '');
      else if (ended) refuse(episodeId, step.index, "the store's writer has stopped", 'Restart the engine.');
      else if (queuedSteps >= capacitySteps)
        refuse(
          episodeId,
          step.index,
          `the disk does not keep up (${queuedSteps} steps wait, ${capacitySteps} may)`,
          'Hold until the queue is shorter, or use a faster disk.',
        );
      else {
        const moved: ArrayBuffer[] = [];
        queuedSteps++;
        send({ kind: 'step', episodeId, step: copyStep(step, moved) }, moved);
      }
    },
    endEpisode(episodeId, end) {
      const lostSteps = refused.get(episodeId) ?? 0;
      refused.delete(episodeId);
      send({ kind: 'end', episodeId, end, lostSteps });
      if (lostSteps > 0)
        tell({
          message: `Episode ${episodeId} ended with its last ${lostSteps} steps lost; it is kept up to there, as aborted.`,
          remedy: 'Discard the episode if the rest is of no use.',
          fatal: true,
        });
    },
    relabelEpisode: (episodeId, verdict) => send({ kind: 'relabel', episodeId, verdict }),
    discardEpisode: (episodeId) => send({ kind: 'discard', episodeId }),
    labelObservation: (episodeId, index, label, source) => send({ kind: 'label', episodeId, index, label, source }),
    undo: () => ask('undo'),
    setEmbedding: (episodeId, index, embedding) =>
      send({ kind: 'embedding', episodeId, index, embedding: new Float32Array(embedding) }),
    counts: () => state.counts,
    labelCounts: () => state.labels,
    newestSequence: () => state.newestSequence,
    pressure: () => ({
      queuedSteps,
      capacitySteps,
      bytesWritten: state.bytesWritten,
      stepsWritten: state.stepsWritten,
      diskFreeBytes: state.diskFreeBytes,
      full: state.full,
      unreachable: state.unreachable,
      stopped: ended,
    }),
    room: () =>
      new Promise((resolve) => {
        waitingForRoom.push(resolve);
        makeRoom();
      }),
    async drained() {
      await ask('drain');
    },
    onProblem(listener) {
      listeners.add(listener);
      for (const problem of [...ready.problems, ...unheard.splice(0)]) listener(problem);
      return () => listeners.delete(listener);
    },
    async close() {
      if (!ended) send({ kind: 'close' });
      await closed.promise;
      await worker.terminate();
    },
  };
}

function refusal({ errorKind, message, remedy }: Extract<Report, { kind: 'refused' }>): StoreError {
  return new StoreError(errorKind, message, remedy);
}
