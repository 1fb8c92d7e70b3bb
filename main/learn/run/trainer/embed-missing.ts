/**
 * Embeds stored pictures that have no embedding of this encoder yet, for example because they were recorded with another one.
 * When the pool holds several views of an observation, the further ones embed its pictures under random shifts (DrQ). That is
 * image augmentation for a frozen trunk: a few shifts made once, where HIL-SERL makes a new one for every draw.
 * All cameras of an observation share a shift. It depends only on run, observation and view, so a resumed run sees the same;
 * an interrupted episode that a session records again counts as another one.
 */
import type { LearningSource } from '../../../../data/learning/learning.ts';
import type { TransitionPool } from '../../../../data/learning/transition-pool.ts';
import type { CameraFrame } from '../../../api/observation.ts';
import { createRng } from '../../../api/rng.ts';
import { type EncoderRuntime, loadEncoder } from '../../../models/encoder-runtime.ts';
import { SHIFT_PADDING_PX } from '../../nets/random-shift.ts';

/** After this many pictures the event loop may deliver messages. */
const PICTURES_PER_TURN = 32;

interface EmbedderOptions {
  readonly manifestPath: string | undefined;
  /** Seed of the shifts. */
  readonly seed: number;
}

export function createEmbedder(source: LearningSource, pool: TransitionPool, { manifestPath, seed }: EmbedderOptions) {
  const shifts = createRng(seed).split('shifted views');
  const views = pool.options.views ?? 1;
  let encoder: EncoderRuntime | undefined;
  /** Observations without pictures, which cannot be embedded. */
  const withoutPictures = new Set<number>();

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
        if (withoutPictures.has(row)) continue;
        const frames = source.readFrames(episodeId, index);
        if (frames.length === 0) {
          if (there > 0) pool.repeatRecordedView(row);
          else withoutPictures.add(row);
          continue;
        }
        encoder ??= await loadEncoder(manifestPath);
        for (let view = there; view < views; view++) {
          const seen = view === 0 ? frames : shifted(frames, `${episodeId} ${index} ${view}`);
          pool.setEmbedding(row, await encoder.embed(seen), view);
          if (++done % PICTURES_PER_TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve));
        }
      }
    },
    dispose: async (): Promise<void> => encoder?.dispose(),
  };
}

/**
 * Shifts a stored picture as `nets/random-shift.ts` does it in a graph. Offsets are 0 … 2·padding, and `padding` means
 * no shift: pixel (row, column) comes from (row + down − padding, column + right − padding), kept inside the picture.
 */
export function shiftPicture(frame: CameraFrame, down: number, right: number, padding: number): CameraFrame {
  const { widthPx, heightPx, rgb } = frame;
  const shifted = new Uint8Array(rgb.length);
  const kept = (value: number, size: number) => Math.max(0, Math.min(size - 1, value));
  let to = 0;
  for (let row = 0; row < heightPx; row++) {
    const line = kept(row + down - padding, heightPx) * widthPx;
    for (let column = 0; column < widthPx; column++) {
      const from = (line + kept(column + right - padding, widthPx)) * 3;
      shifted[to++] = rgb[from]!;
      shifted[to++] = rgb[from + 1]!;
      shifted[to++] = rgb[from + 2]!;
    }
  }
  return { ...frame, rgb: shifted };
}
