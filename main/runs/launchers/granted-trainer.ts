/**
 * A trainer with the pace `granted`, as promises: one block at a time, and an error in the trainer's own words when it
 * dies. Disposing leaves no process behind.
 */
import { openStoreReader } from '../../../data/reading/reader.ts';
import { inWords } from '../../api/error-words.ts';
import type { FromTrainer, GrantLimit } from '../../api/processes/trainer-messages.ts';
import { endWords, SMALLER_RUN } from './child-end.ts';
import type { TrainerHandle } from './launcher.ts';

export type Block = Extract<FromTrainer, { kind: 'block' }>;

export interface GrantedTrainer extends AsyncDisposable {
  /** Grants everything up to the limit and resolves with the block made from it. Only one at a time. */
  block(limit: GrantLimit): Promise<Block>;
  onProgress(listener: (step: number, steps: number) => void): () => void;
  /** Lets the trainer publish, write its checkpoint and end. Throws when it ends otherwise. */
  finish(): Promise<void>;
}

/** Returns a grant of everything stored until now. Its episode is 0 when none has ended. */
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
  const ended = trainer.ended.then((end) => {
    const { code } = end;
    const words = endWords('the trainer', failure === undefined ? end : { ...end, lastWords: failure }, SMALLER_RUN);
    death = new Error(failure === undefined ? `${words.message}. ${words.remedy}` : words.message);
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
