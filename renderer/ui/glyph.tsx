/** The shapes that tell without colour who drives and how an episode ended. */
import type { Outcome } from '../../main/api/index.ts';

export type GlyphName = 'disc' | 'diamond' | 'ring' | 'arc' | 'bars' | 'octagon' | 'triangle' | 'broken';

const PATHS: Readonly<Record<GlyphName, { readonly d: string; readonly stroke?: boolean }>> = {
  disc: { d: 'M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18z' },
  diamond: { d: 'M12 1.5L22.5 12L12 22.5L1.5 12z' },
  ring: { d: 'M12 4a8 8 0 1 0 0 16a8 8 0 0 0 0-16z', stroke: true },
  arc: { d: 'M20 12a8 8 0 1 1-3-6.2M17.4 1.8v4.4h-4.4', stroke: true },
  bars: { d: 'M5 4h5v16H5zM14 4h5v16h-5z' },
  octagon: { d: 'M7.9 2h8.2L22 7.9v8.2L16.1 22H7.9L2 16.1V7.9z' },
  triangle: { d: 'M12 2L23 21.5H1zM12 9v6M12 17.6v1.6' },
  broken: { d: 'M4 12h5M15 12h5M9.5 7l-3 10M17.5 7l-3 10', stroke: true },
};

export function Glyph({ name, className }: { readonly name: GlyphName; readonly className?: string }) {
  const path = PATHS[name];
  return (
    <svg viewBox="0 0 24 24" className={className ?? 'glyph'} aria-hidden="true">
      <path
        d={path.d}
        fill={path.stroke ? 'none' : 'currentColor'}
        stroke={path.stroke ? 'currentColor' : 'none'}
        strokeWidth={path.stroke ? 3 : 0}
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}

const OUTCOMES: Readonly<Record<Outcome, { readonly d: string; readonly tone: string; readonly says: string }>> = {
  success: { d: 'M3 8.5L6.5 12L13 4.5', tone: 'success', says: 'success' },
  failure: { d: 'M4 4l8 8M12 4l-8 8', tone: 'danger', says: 'failure' },
  truncated: { d: 'M3 8h10', tone: 'muted', says: 'time-out' },
  aborted: { d: 'M4 12L12 4', tone: 'muted', says: 'aborted' },
};

export function OutcomeMark({ outcome }: { readonly outcome: Outcome | undefined }) {
  if (!outcome) return <span className="muted">·</span>;
  const mark = OUTCOMES[outcome];
  return (
    <span className={`outcome ${mark.tone}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={mark.d} fill="none" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" />
      </svg>
      {mark.says}
    </span>
  );
}
