/** Embeds stored pictures that have no embedding of this encoder yet: recorded late, in time of need, or with another one. */
import type { LearningSource } from '../../data/learning.ts';
import type { TransitionPool } from '../../data/transition-pool.ts';
import { type EncoderRuntime, loadEncoder } from '../policy/encoder-runtime.ts';

/** Pictures between two looks at the messages. */
const TURN = 32;

export function createEmbedder(source: LearningSource, pool: TransitionPool, manifestPath: string | undefined) {
  let encoder: EncoderRuntime | undefined;
  /** Observations without pictures: nothing can be done about them. */
  const hopeless = new Set<number>();
  return {
    embedMissing: async (): Promise<void> => {
      if (manifestPath === undefined) return;
      let done = 0;
      for (const { row, episodeId, index } of source.missingEmbeddings()) {
        if (hopeless.has(row)) continue;
        const frames = source.readFrames(episodeId, index);
        if (frames.length === 0) {
          hopeless.add(row);
          continue;
        }
        encoder ??= await loadEncoder(manifestPath);
        pool.setEmbedding(row, await encoder.embed(frames));
        if (++done % TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve));
      }
    },
    dispose: async (): Promise<void> => encoder?.dispose(),
  };
}
