/** Paints a canvas of the timeline on every requested frame, in design pixels that scale with the window. */
import { type RefObject, useRef } from 'react';
import { usePainter } from '../../engine/use-painter.ts';
import { useWindow } from '../../state/window-store.ts';
import { fitCanvas } from '../../ui/canvas-size.ts';
import { FONT } from './draw-episode.ts';

/**
 * Canvas pixels are `ratio` per design pixel. `changed`: the canvas is empty, or its labels need the typeface that
 * came.
 */
export function useTimelinePainter(
  canvas: RefObject<HTMLCanvasElement | null>,
  paint: (canvas: HTMLCanvasElement, ratio: number, changed: boolean) => void,
): void {
  const hadFont = useRef(false);
  usePainter(() => {
    if (!canvas.current) return;
    const hasFont = document.fonts.check(FONT);
    const fontCame = hasFont && !hadFont.current;
    hadFont.current = hasFont;
    const ratio = Math.min(3, window.devicePixelRatio || 1) * useWindow.getState().scale;
    paint(canvas.current, ratio, fitCanvas(canvas.current) || fontCame);
  });
}
