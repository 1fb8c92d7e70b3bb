/** Runs the newest closure on every requested frame, as long as the component is mounted. */
import { useEffect, useRef } from 'react';
import { addPainter } from './draw-loop.ts';

export function usePainter(paint: (nowMs: number) => void): void {
  const newest = useRef(paint);
  newest.current = paint;
  useEffect(() => addPainter((nowMs) => newest.current(nowMs)), []);
}
