/** What belongs to this window alone: tabs, view, overlays, notices, a replay, and the remembered layout. */
import { create } from 'zustand';
import type { CallResult } from '../../main/api/index.ts';

export type DeskTab = 'episode' | 'runs' | 'data' | 'rig';
export type SceneView = 'wrist' | 'side' | 'top' | 'free';
export interface Notice {
  readonly id: number;
  readonly level: 'info' | 'warning' | 'error';
  readonly text: string;
  readonly remedy?: string | undefined;
  /** How often the same has been said. */
  readonly times: number;
  readonly atMs: number;
}
export interface Replay {
  readonly recording: CallResult<'episode.replay'>;
  readonly index: number;
  readonly playing: boolean;
}
export interface Layout {
  readonly feedsPx: number;
  readonly deskPx: number;
  readonly timelinePx: number;
}
export interface WindowState {
  readonly tab: DeskTab;
  readonly view: SceneView;
  readonly cropShown: boolean;
  readonly helpOpen: boolean;
  /** Step of the first-start hint; undefined when it is done or skipped. */
  readonly hintStep: number | undefined;
  readonly notices: readonly Notice[];
  readonly replay: Replay | undefined;
  readonly layout: Layout;
  /** The scene has the keyboard: driving keys move the arm. */
  readonly sceneFocused: boolean;
}

const LAYOUT_KEY = 'takeover.layout';
const HINT_KEY = 'takeover.hintDone';

export function defaultLayout(widthPx: number, heightPx: number): Layout {
  const share = (fraction: number, low: number, high: number) =>
    Math.round(Math.min(high, Math.max(low, widthPx * fraction)));
  return {
    feedsPx: share(0.222, 216, 640),
    deskPx: share(0.25, 288, 620),
    timelinePx: Math.round(Math.min(240, Math.max(112, heightPx * 0.1334))),
  };
}

/** Reads a remembered layout; anything unreadable or for a much different window gives the default. */
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
    return layout.feedsPx + layout.deskPx > widthPx - 280 || layout.timelinePx > heightPx / 2 ? fallback : layout;
  } catch {
    return fallback;
  }
}

const hasPage = typeof localStorage !== 'undefined' && typeof innerWidth !== 'undefined';

export const useWindow = create<WindowState>(() => ({
  tab: 'episode',
  view: 'free',
  cropShown: false,
  helpOpen: false,
  hintStep: hasPage && localStorage.getItem(HINT_KEY) === null ? 0 : undefined,
  notices: [],
  replay: undefined,
  layout: hasPage
    ? layoutFrom(localStorage.getItem(LAYOUT_KEY), innerWidth, innerHeight)
    : { feedsPx: 320, deskPx: 360, timelinePx: 120 },
  sceneFocused: false,
}));

export function setLayout(change: Partial<Layout>): void {
  useWindow.setState((state) => ({ layout: { ...state.layout, ...change } }));
  localStorage.setItem(LAYOUT_KEY, JSON.stringify(useWindow.getState().layout));
}

export function finishHint(): void {
  localStorage.setItem(HINT_KEY, '1');
  useWindow.setState({ hintStep: undefined });
}

let nextNotice = 1;
const NOTICES_KEPT = 4;

/** The same text said again counts up instead of piling up. */
export function notify(notice: Pick<Notice, 'level' | 'text' | 'remedy'>, atMs: number): void {
  useWindow.setState((state) => {
    const same = state.notices.find((one) => one.text === notice.text && one.level === notice.level);
    const rest = state.notices.filter((one) => one !== same);
    const entry: Notice = { ...notice, id: same?.id ?? nextNotice++, times: (same?.times ?? 0) + 1, atMs };
    return { notices: [...rest, entry].slice(-NOTICES_KEPT) };
  });
}

export function dismissNotice(id: number): void {
  useWindow.setState((state) => ({ notices: state.notices.filter((one) => one.id !== id) }));
}
