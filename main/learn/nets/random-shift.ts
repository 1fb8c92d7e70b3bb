/**
 * Random shifts (DrQ, Kostrikov et al. 2021; "random crop" in HIL-SERL): a picture is padded by repeating its edge, and
 * cut to its old size at a random position. One gather does it: pixel (row, column) comes from (row + down − padding,
 * column + right − padding), kept inside the picture. Offsets are inputs, one pair per picture; `padding` means no
 * shift. In a transition all cameras of an observation share their offsets, and the next observation has others.
 */
import type { Rng } from '../../api/rng.ts';
import type { Node } from '../../tensor/ir.ts';
import { add, constant, gather, maximum, minimum, mul, reshape, slice } from '../../tensor/tensor.ts';

export const SHIFT_PADDING_PX = 4; // DrQ, HIL-SERL

/** [count, 2] offsets (down, right), whole numbers 0 … 2·padding. */
export function drawShifts(rng: Rng, count: number, padding = SHIFT_PADDING_PX): BigInt64Array {
  return BigInt64Array.from({ length: 2 * count }, () => BigInt(rng.integer(2 * padding + 1)));
}

/** Pictures [B, H, W, C] as cameras give them, offsets int64 [B, 2] (down, right) → shifted pictures. */
export function randomShift(pictures: Node, offsets: Node, padding = SHIFT_PADDING_PX): Node {
  const [batch, height, width, colours] = pictures.shape as [number, number, number, number];
  if (pictures.shape.length !== 4 || offsets.dtype !== 'int64' || offsets.shape.join() !== `${batch},2`)
    throw new TypeError(
      `random shift: pictures [${pictures.shape.join(',')}] and offsets ${offsets.dtype}[${offsets.shape.join(',')}]; ` +
        'expected [B,H,W,C] and int64[B,2]',
    );
  const count = (size: number, shape: readonly number[], step = 1) =>
    constant(
      Array.from({ length: size }, (_, index) => index * step),
      shape,
      'int64',
    );
  /** Where along one axis each pixel comes from, [B, size]. */
  const sourceOf = (axis: number, size: number) => {
    const moved = add(count(size, [1, size]), add(slice(offsets, 1, axis, axis + 1), -padding));
    return minimum(maximum(moved, 0), size - 1);
  };
  const rows = reshape(mul(sourceOf(0, height), width), [batch, height, 1]);
  const columns = reshape(sourceOf(1, width), [batch, 1, width]);
  const first = count(batch, [batch, 1, 1], height * width);
  const pixels = reshape(pictures, [batch * height * width, colours]);
  return gather(pixels, add(first, add(rows, columns)), 0);
}
