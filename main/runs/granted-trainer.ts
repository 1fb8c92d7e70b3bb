/**
 * A trainer that works on what it is granted, as promises: one block at a time, an error in the trainer's own words when it dies
 * instead, and no process left behind when whoever uses it fails.
 */
import { openStoreReader } from '../../data/reader.ts';
import { inWords } from '../api/error-words.ts';
import type { FromTrainer, GrantLimit } from '../api/trainer-process.ts';
import type { TrainerHandle } from './launcher.ts';

export type Block = Extract<FromTrainer, { kind: 'block' }>;

export interface GrantedTrainer extends AsyncDisposable {
  /** Grants what the limit lets it read; resolves with the block that was made of it. Only one at a time. */
  block(limit: GrantLimit): Promise<Block>;
  onProgress(listener: (step: number, steps: number) => void): () => void;
  /** Lets it publish and write its checkpoint; throws when it ends otherwise. */
  finish(): Promise<void>;
}

/** A grant of everything that has been given until now; its episode is 0 where none has ended. */
export async function limitNow(projectFolder: string): Promise<GrantLimit> {
  const reader = await openStoreReader(projectFolder);
  try {
    const { newestEpisodeId, sequence } = await reader.mark();
    return { throughEpisodeId: newestEpisodeId, throughSequence: sequence };
  } finally {
    await reader.close();
  }
}

export function followGranted(trainer: TrainerHandle): GrantedTrainer {
  let waiting: { resolve(block: Block): void; reject(error: Error): void } | undefined;
  let failure: string | undefined;
  let death: Error | undefined;
  const progress = new Set<(step: number, steps: number) => void>();
  trainer.onMessage((message) => {
    if (message.kind === 'block') {
      waiting?.resolve(message);
      waiting = undefined;
    } else if (message.kind === 'progress') {
      for (const listener of progress) listener(message.status.step, message.status.steps ?? message.status.step);
    } else if (message.kind === 'failed') failure = inWords(message);
  });
  const ended = trainer.ended.then(({ code, signal, lastWords }) => {
    death = new Error(`the trainer ended (${signal ?? `code ${code ?? 'unknown'}`}): ${failure ?? lastWords.trim()}`);
    waiting?.reject(death);
    waiting = undefined;
    return code === 0 && failure === undefined;
  });
  return {
    block: (limit) =>
      new Promise<Block>((resolve, reject) => {
        if (death) return reject(death);
        waiting = { resolve, reject };
        trainer.send({ kind: 'grant', ...limit, updates: undefined });
      }),
    onProgress: (listener) => {
      progress.add(listener);
      return () => progress.delete(listener);
    },
    finish: async () => {
      trainer.send({ kind: 'finish' });
      const well = await ended;
      if (!well) throw death;
    },
    [Symbol.asyncDispose]: async () => {
      if (!death) trainer.kill();
      await ended;
    },
  };
}
