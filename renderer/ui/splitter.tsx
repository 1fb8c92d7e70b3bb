/**
 * The movable edge of a panel: drag it, or focus it and use the arrow keys. A double click restores the default layout.
 */
import { useRef } from 'react';
import { primaryIsDown } from './primary-button.ts';

export interface SplitterProps {
  readonly label: string;
  readonly axis: 'x' | 'y';
  /** Screen pixels per design pixel. */
  readonly scale: number;
  readonly valuePx: number;
  readonly lowPx: number;
  readonly highPx: number;
  /** The edge of the panel that the splitter stands on: dragging it outwards makes the panel larger. */
  readonly edge: 'start' | 'end';
  readonly onChange: (valuePx: number) => void;
  readonly onReset: () => void;
}

export function Splitter({ label, axis, scale, valuePx, lowPx, highPx, edge, onChange, onReset }: SplitterProps) {
  const start = useRef<{ at: number; value: number } | undefined>(undefined);
  const sign = edge === 'end' ? 1 : -1;
  const clip = (value: number) => Math.round(Math.min(highPx, Math.max(lowPx, value)));
  const at = (event: { clientX: number; clientY: number }) => (axis === 'x' ? event.clientX : event.clientY) / scale;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator that moves is a widget, which hr is not
    <div
      role="separator"
      tabIndex={0}
      className={`splitter ${axis} ${edge}`}
      aria-label={label}
      aria-orientation={axis === 'x' ? 'vertical' : 'horizontal'}
      aria-valuenow={valuePx}
      aria-valuemin={lowPx}
      aria-valuemax={highPx}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { at: at(event), value: valuePx };
      }}
      onPointerMove={(event) => {
        if (!primaryIsDown(event)) start.current = undefined;
        if (start.current) onChange(clip(start.current.value + sign * (at(event) - start.current.at)));
      }}
      onLostPointerCapture={() => {
        start.current = undefined;
      }}
      onDoubleClick={onReset}
      onKeyDown={(event) => {
        const forward = axis === 'x' ? 'ArrowRight' : 'ArrowDown';
        const back = axis === 'x' ? 'ArrowLeft' : 'ArrowUp';
        if (event.key === forward) onChange(clip(valuePx + sign * 16));
        else if (event.key === back) onChange(clip(valuePx - sign * 16));
      }}
    />
  );
}
