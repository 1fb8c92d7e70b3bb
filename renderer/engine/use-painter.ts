/** Runs a painter on every requested frame for as long as the component lives; the newest closure is the one that runs. */
import { useEffect, useRef } from 'react';
import { addPainter } from './draw-loop.ts';

export function usePainter(paint: (nowMs: number) => void): void {
  const newest = useRef(paint);
  newest.current = paint;
  useEffect(() => addPainter((nowMs) => newest.current(nowMs)), []);
}
