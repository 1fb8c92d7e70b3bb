/**
 * Calculates the window's scale: one factor for every length except hairlines, from the window's size and the person's
 * zoom. Pure. Layout numbers elsewhere are design pixels: screen pixels divided by this factor.
 */

/** Size of the window that the design is drawn for, where the factor is 1. */
const DESIGN = { widthPx: 1440, heightPx: 900 } as const;
/** Smallest window, in design pixels, in which every part fits. */
const SMALLEST = { widthPx: 1024, heightPx: 700 } as const;
/** Less than 1, so that a larger window shows both larger text and more content. */
const GROWTH = 0.75;
/** Factors are multiples of this, so that text of 13 design pixels changes by quarters of a pixel. */
const GRAIN = 1 / 52;
/** Design width below which the bar and the panels are laid out more tightly. */
const NARROW_PX = 1280;

export const ZOOM = { low: 0.7, high: 2, step: 0.1 } as const;

export interface WindowSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

const least = (size: WindowSize, unit: WindowSize) =>
  Math.max(1, Math.min(size.widthPx / unit.widthPx, size.heightPx / unit.heightPx));
const grownWith = (size: WindowSize) => least(size, DESIGN) ** GROWTH;

export function scaleFor(size: WindowSize, zoom: number): number {
  const wished = grownWith(size) * zoom;
  return Math.floor(Math.min(wished, least(size, SMALLEST)) / GRAIN + 1e-6) * GRAIN;
}

/** Returns the zoom, limited to what this window has room for. */
export function zoomInForce(size: WindowSize, zoom: number): number {
  return Math.min(zoom, least(size, SMALLEST) / grownWith(size));
}

/** Returns the next zoom step up or down from the one in force; `undefined` when there is none. */
export function nextZoom(size: WindowSize, zoom: number, direction: 1 | -1): number | undefined {
  const inForce = zoomInForce(size, zoom) / ZOOM.step;
  const steps = direction > 0 ? Math.floor(inForce + 1 + 1e-6) : Math.ceil(inForce - 1 - 1e-6);
  const next = Math.round(steps) * ZOOM.step;
  const clipped = Math.round(Math.min(ZOOM.high, Math.max(ZOOM.low, next)) * 100) / 100;
  return scaleFor(size, clipped) === scaleFor(size, zoom) ? undefined : clipped;
}

/** Reads a stored zoom. Returns 1 for anything unreadable or out of range. */
export function zoomFrom(text: string | null): number {
  const value = Number(text ?? Number.NaN);
  return value >= ZOOM.low && value <= ZOOM.high ? value : 1;
}

export function isNarrow(size: WindowSize, scale: number): boolean {
  return size.widthPx / scale < NARROW_PX;
}
