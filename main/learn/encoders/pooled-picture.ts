/**
 * Pictures as the frozen encoders take them: pooled by means over squares, the same in training and in the model, and
 * normalised one by one. Each colour channel of a picture gets mean 0 and spread 1 over its pixels, which removes most of what
 * exposure, lamp and a sensor's gains do to it.
 */
import type { Node } from '../../tensor/ir.ts';
import { input, mean, normalize, reshape, transpose } from '../../tensor/tensor.ts';

/** A camera whose pictures are pooled first. */
export interface PooledCamera {
  readonly camera: string;
  /** Pictures are square. */
  readonly sizePx: number;
  /** Side of the square of pixels that is averaged to one. */
  readonly poolPx: number;
}

/** Added to a channel's variance, in levels², so that the noise of an empty picture stays small. */
const VARIANCE_FLOOR = 25;

export function pooledSize({ sizePx, poolPx }: PooledCamera): number {
  return 3 * (sizePx / poolPx) ** 2;
}

/** The pooled input of a camera, [1, S, S, 3] in levels 0 … 255. */
export function pooledInGraph({ camera, sizePx, poolPx }: PooledCamera): Node {
  const cells = sizePx / poolPx;
  const picture = input(camera, [1, sizePx, sizePx, 3]);
  return mean(reshape(picture, [1, cells, poolPx, cells, poolPx, 3]), [2, 4]);
}

/** The pooled input of a camera for a training step, [B, S, S, 3] in levels. */
export function pooledBatch({ camera, sizePx, poolPx }: PooledCamera, batch: number): Node {
  return input(camera, [batch, sizePx / poolPx, sizePx / poolPx, 3]);
}

/** Pooled pictures [B, S, S, 3] in levels → [B, 3, S, S], normalised. */
export function normalisedPicture(levels: Node): Node {
  const [batch, size] = [levels.shape[0]!, levels.shape[1]!];
  const channels = reshape(transpose(levels, [0, 3, 1, 2]), [batch, 3, size * size]);
  return reshape(normalize(channels, VARIANCE_FLOOR), [batch, 3, size, size]);
}

/** Writes the rounded means of pool² pixels, interleaved like the picture, to the P values of `into` that begin at `at`. */
export function poolPicture(rgb: Uint8Array, { sizePx, poolPx }: PooledCamera, into: Uint8Array, at: number): void {
  const cells = sizePx / poolPx;
  const sums = new Uint16Array(cells * cells * 3);
  for (let row = 0, from = 0; row < sizePx; row++) {
    const line = Math.floor(row / poolPx) * cells * 3;
    for (let column = 0; column < sizePx; column++, from += 3) {
      const to = line + Math.floor(column / poolPx) * 3;
      sums[to]! += rgb[from]!;
      sums[to + 1]! += rgb[from + 1]!;
      sums[to + 2]! += rgb[from + 2]!;
    }
  }
  const scale = 1 / poolPx ** 2;
  sums.forEach((sum, index) => {
    into[at + index] = Math.round(sum * scale);
  });
}
