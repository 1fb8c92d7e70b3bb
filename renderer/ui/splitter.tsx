/** A thin bar between two panels: drag it, or focus it and use the arrow keys. Double click puts the default back. */
import { useRef } from 'react';
import { primaryIsDown } from './primary-button.ts';

export interface SplitterProps {
  readonly label: string;
  readonly axis: 'x' | 'y';
  readonly valuePx: number;
  readonly lowPx: number;
  readonly highPx: number;
  /** +1 when dragging right or down makes the panel larger. */
  readonly sign: 1 | -1;
  readonly onChange: (valuePx: number) => void;
  readonly onReset: () => void;
}

export function Splitter({ label, axis, valuePx, lowPx, highPx, sign, onChange, onReset }: SplitterProps) {
  const start = useRef<{ at: number; value: number } | undefined>(undefined);
  const clip = (value: number) => Math.round(Math.min(highPx, Math.max(lowPx, value)));
  const at = (event: { clientX: number; clientY: number }) => (axis === 'x' ? event.clientX : event.clientY);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator that moves is a widget, which hr is not
    <div
      role="separator"
      tabIndex={0}
      className={`splitter ${axis}`}
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
