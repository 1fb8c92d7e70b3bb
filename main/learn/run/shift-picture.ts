/** One picture shifted as `nets/random-shift.ts` does it in a graph: for pictures that go to a frozen encoder as they are stored. */
import type { CameraFrame } from '../../api/observation.ts';

/** Offsets 0 … 2·padding, `padding` meaning "stay": pixel (row, column) comes from (row + down − padding, column + right − padding), kept inside. */
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
