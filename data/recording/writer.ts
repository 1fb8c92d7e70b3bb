/**
 * The engine's side of the writer thread. A record is copied and its copy moved to the thread, so the caller keeps its
 * buffers. The queue is bounded in steps. Steps that do not fit, or come after the end, are refused and reported.
 */
import type { CameraFrame, TactileFrame } from '../../main/api/observation.ts';
import { NO_LABELS } from '../learning/reward-labels.ts';
import type { ObservationRecord, StepRecord, StoreWriter } from '../records.ts';
import { NO_COUNTS } from './tallies.ts';
import { createWriterLink, startWriterThread } from './writer-link.ts';

export interface WriterOptions {
  readonly folder: string;
  /** Largest number of steps that may wait for the disk. */
  readonly capacitySteps?: number;
  /** Recording stops when less than this is free on the disk. */
  readonly reserveBytes?: number;
  readonly maxFileBytes?: number;
}

export interface QueuedStoreWriter extends StoreWriter {
  /** Resolves when the queue is at most half full. A program that writes without a control loop waits for it. */
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

/** Copies actions too: they are small, but may be views on a large buffer, and a message would carry all of it. */
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
  const { folder, reserveBytes = DEFAULT_RESERVE_BYTES, capacitySteps = DEFAULT_CAPACITY_STEPS } = options;
  const { worker, ready } = await startWriterThread({ folder, reserveBytes, maxFileBytes: options.maxFileBytes });
  const link = createWriterLink(worker, ready, capacitySteps);
  let nextEpisodeId = ready.nextEpisodeId;
  /** Number of steps of each episode that were refused on this side. */
  const refused = new Map<number, number>();

  /** Returns why a step cannot be queued, with a remedy. */
  const obstacle = (): readonly [why: string, remedy: string] | undefined => {
    const queuedSteps = link.queuedSteps();
    if (link.ended()) return ["the store's writer has stopped", 'Restart the engine.'];
    if (queuedSteps < capacitySteps) return undefined;
    const why = `the disk does not keep up (${queuedSteps} steps wait, ${capacitySteps} may)`;
    return [why, 'Hold until the queue is shorter, or use a faster disk.'];
  };

  return {
    sessionId: ready.sessionId,
    beginEpisode(start) {
      const episodeId = nextEpisodeId++;
      const moved: ArrayBuffer[] = [];
      link.send({ kind: 'begin', episodeId, start: { ...start, first: copyObservation(start.first, moved) } }, moved);
      return episodeId;
    },
    appendStep(episodeId, step) {
      // After one refused step all further ones are refused, so that no observation is paired with one after a gap.
      const refusedBefore = refused.get(episodeId) ?? 0;
      const why = obstacle();
      if (refusedBefore === 0 && !why) {
        const moved: ArrayBuffer[] = [];
        link.send({ kind: 'step', episodeId, step: copyStep(step, moved) }, moved);
        return;
      }
      refused.set(episodeId, refusedBefore + 1);
      if (refusedBefore > 0 || !why) return;
      const message = `Step ${step.index} of episode ${episodeId} and those after it are not stored: ${why[0]}.`;
      link.tell({ message, remedy: why[1], fatal: true });
    },
    endEpisode(episodeId, end) {
      const lostSteps = refused.get(episodeId) ?? 0;
      refused.delete(episodeId);
      link.send({ kind: 'end', episodeId, end, lostSteps });
      if (lostSteps === 0) return;
      const message = `Episode ${episodeId} ended with its last ${lostSteps} steps lost; it is kept up to there, as aborted.`;
      link.tell({ message, remedy: 'Discard the episode if the rest is of no use.', fatal: true });
    },
    relabelEpisode: (episodeId, verdict) => link.send({ kind: 'relabel', episodeId, verdict }),
    discardEpisode: (episodeId) => link.send({ kind: 'discard', episodeId }),
    labelObservation: (episodeId, index, label, source) =>
      link.send({ kind: 'label', episodeId, index, label, source }),
    undo: () => link.ask('undo'),
    setEmbedding: (episodeId, index, embedding) =>
      link.send({ kind: 'embedding', episodeId, index, embedding: new Float32Array(embedding) }),
    counts: (task) => (task === undefined ? link.state().counts : (link.state().countsByTask[task] ?? NO_COUNTS)),
    labelCounts: (task) => link.state().labelsByTask[task] ?? NO_LABELS,
    newestSequence: () => link.state().newestSequence,
    pressure: () => {
      const { bytesWritten, stepsWritten, diskFreeBytes, full, unreachable } = link.state();
      const queue = { queuedSteps: link.queuedSteps(), capacitySteps, stopped: link.ended() };
      return { ...queue, bytesWritten, stepsWritten, diskFreeBytes, full, unreachable };
    },
    room: link.room,
    async drained() {
      await link.ask('drain');
    },
    onProblem: link.onProblem,
    close: link.close,
  };
}
