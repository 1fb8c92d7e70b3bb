/** Copies RGB pixels into RGBA memory, whose alpha stays as it is. */
export function copyRgb(rgb: Uint8Array, rgba: { [index: number]: number }, pixels: number): void {
  for (let index = 0; index < pixels; index++) {
    rgba[4 * index] = rgb[3 * index]!;
    rgba[4 * index + 1] = rgb[3 * index + 1]!;
    rgba[4 * index + 2] = rgb[3 * index + 2]!;
  }
}
