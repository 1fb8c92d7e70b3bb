/**
 * Embeds stored pictures that have no embedding of this encoder yet: recorded late, in time of need, or with another one. Where
 * the pool holds several views of an observation, the others are embeddings of its pictures under random shifts (DrQ): image
 * augmentation for a frozen trunk, as a few shifts made once, where HIL-SERL makes a new one for every draw. A shift is the same
 * for all cameras of an observation, and depends on nothing but run, observation and view, so a resumed run sees the same. An episode
 * that a session records again, because an interruption had cut it off, is another one here: it has other shifts.
 */
import type { LearningSource } from '../../../../data/learning/learning.ts';
import type { TransitionPool } from '../../../../data/learning/transition-pool.ts';
import type { CameraFrame } from '../../../api/observation.ts';
import { createRng } from '../../../api/rng.ts';
import { type EncoderRuntime, loadEncoder } from '../../../models/encoder-runtime.ts';
import { SHIFT_PADDING_PX } from '../../nets/random-shift.ts';
import { shiftPicture } from '../shift-picture.ts';

/** Pictures between two looks at the messages. */
const TURN = 32;

export interface EmbedderOptions {
  readonly manifestPath: string | undefined;
  /** Of the shifts. */
  readonly seed: number;
}

export function createEmbedder(source: LearningSource, pool: TransitionPool, { manifestPath, seed }: EmbedderOptions) {
  const shifts = createRng(seed).split('shifted views');
  const views = pool.options.views ?? 1;
  let encoder: EncoderRuntime | undefined;
  /** Observations without pictures: nothing can be done about them. */
  const hopeless = new Set<number>();

  const shifted = (frames: readonly CameraFrame[], label: string): readonly CameraFrame[] => {
    const rng = shifts.split(label);
    const [down, right] = [rng.integer(2 * SHIFT_PADDING_PX + 1), rng.integer(2 * SHIFT_PADDING_PX + 1)];
    return frames.map((frame) => shiftPicture(frame, down, right, SHIFT_PADDING_PX));
  };

  return {
    embedMissing: async (): Promise<void> => {
      if (manifestPath === undefined) return;
      let done = 0;
      for (const { row, episodeId, index, views: there } of source.missingEmbeddings()) {
        if (hopeless.has(row)) continue;
        const frames = source.readFrames(episodeId, index);
        if (frames.length === 0) {
          if (there > 0) pool.repeatRecordedView(row);
          else hopeless.add(row);
          continue;
        }
        encoder ??= await loadEncoder(manifestPath);
        for (let view = there; view < views; view++) {
          const seen = view === 0 ? frames : shifted(frames, `${episodeId} ${index} ${view}`);
          pool.setEmbedding(row, await encoder.embed(seen), view);
          if (++done % TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve));
        }
      }
    },
    dispose: async (): Promise<void> => encoder?.dispose(),
  };
}
