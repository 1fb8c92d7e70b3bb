/**
 * Widths and heights of the panels: the default, the stored layout, and what the window has room for. In design pixels
 * (`scale.ts`).
 */
export interface Layout {
  readonly feedsPx: number;
  readonly deskPx: number;
  readonly timelinePx: number;
}

/** Limits of the splitters. The scene between feeds and desk keeps its smallest width in addition. */
export const PANEL_RANGE = {
  feedsPx: { lowPx: 200, highPx: 640 },
  deskPx: { lowPx: 280, highPx: 640 },
  timelinePx: { lowPx: 100, highPx: 320 },
} as const satisfies Readonly<Record<keyof Layout, { readonly lowPx: number; readonly highPx: number }>>;
const SCENE_LOW_PX = 280;
/** Upper limits of the default sizes, so that a large window gives its space to the scene. */
const DEFAULT_HIGH = { feedsPx: 320, deskPx: 400 } as const;

export function defaultLayout(widthPx: number, heightPx: number): Layout {
  const share = (fraction: number, low: number, high: number) =>
    Math.round(Math.min(high, Math.max(low, widthPx * fraction)));
  return {
    feedsPx: share(0.222, 216, DEFAULT_HIGH.feedsPx),
    deskPx: share(0.25, 288, DEFAULT_HIGH.deskPx),
    timelinePx: Math.round(Math.min(240, Math.max(112, heightPx * 0.1334))),
  };
}

/** Reads a stored layout. Returns the default for an unreadable one and for one that this window has no room for. */
export function layoutFrom(text: string | null, widthPx: number, heightPx: number): Layout {
  const fallback = defaultLayout(widthPx, heightPx);
  try {
    const value: unknown = JSON.parse(text ?? '');
    if (typeof value !== 'object' || value === null) return fallback;
    const number = (key: keyof Layout) => {
      const entry: unknown = Reflect.get(value, key);
      return typeof entry === 'number' && Number.isFinite(entry) ? entry : fallback[key];
    };
    const layout = { feedsPx: number('feedsPx'), deskPx: number('deskPx'), timelinePx: number('timelinePx') };
    return layout.feedsPx + layout.deskPx > widthPx - SCENE_LOW_PX || layout.timelinePx > heightPx / 2
      ? fallback
      : layout;
  } catch {
    return fallback;
  }
}

/**
 * Fits a layout to the window. The scene keeps its smallest width, and the timeline takes at most half the height. The
 * panel that a person moves gives way first, then the desk, then the feeds.
 */
export function fitted(wished: Layout, widthPx: number, heightPx: number, moved?: 'feedsPx' | 'deskPx'): Layout {
  let { feedsPx, deskPx } = wished;
  const tooWide = () => Math.max(0, feedsPx + deskPx + SCENE_LOW_PX - widthPx);
  if (moved === 'feedsPx') feedsPx = Math.max(PANEL_RANGE.feedsPx.lowPx, feedsPx - tooWide());
  deskPx = Math.max(PANEL_RANGE.deskPx.lowPx, deskPx - tooWide());
  feedsPx = Math.max(PANEL_RANGE.feedsPx.lowPx, feedsPx - tooWide());
  return { feedsPx, deskPx, timelinePx: Math.min(wished.timelinePx, Math.floor(heightPx / 2)) };
}
