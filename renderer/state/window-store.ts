/** What belongs to this window alone: tabs, view, overlays, notices, a replay, and the remembered layout. */
import { create } from 'zustand';
import type { CallResult } from '../../main/api/index.ts';
import { type ExportWishes, NO_EXPORT_WISHES } from './export-wishes.ts';
import { fitted, type Layout, layoutFrom } from './layout.ts';

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
  readonly exportWishes: ExportWishes;
  /** The scene has the keyboard: driving keys move the arm. */
  readonly sceneFocused: boolean;
  /** Why the 3-D view is not drawn; undefined while it is. */
  readonly sceneMissing: string | undefined;
  /** Chosen while the 3-D view is missing: the cameras show the arm. Over when the view is drawn again. */
  readonly drivesByCameras: boolean;
}

const LAYOUT_KEY = 'takeover.layout';
const HINT_KEY = 'takeover.hintDone';

const hasPage = typeof localStorage !== 'undefined' && typeof innerWidth !== 'undefined';

/** As it was set; what is shown is what the window has room for. */
let wished: Layout = hasPage
  ? layoutFrom(localStorage.getItem(LAYOUT_KEY), innerWidth, innerHeight)
  : { feedsPx: 320, deskPx: 360, timelinePx: 120 };

export const useWindow = create<WindowState>(() => ({
  tab: 'episode',
  view: 'free',
  cropShown: false,
  helpOpen: false,
  hintStep: hasPage && localStorage.getItem(HINT_KEY) === null ? 0 : undefined,
  notices: [],
  replay: undefined,
  layout: hasPage ? fitted(wished, innerWidth, innerHeight) : wished,
  exportWishes: NO_EXPORT_WISHES,
  sceneFocused: false,
  sceneMissing: undefined,
  drivesByCameras: false,
}));

export function sceneDrawn(): void {
  useWindow.setState({ sceneMissing: undefined, drivesByCameras: false });
}

export function setLayout(change: Partial<Layout>): void {
  const moved = change.feedsPx !== undefined ? 'feedsPx' : change.deskPx !== undefined ? 'deskPx' : undefined;
  wished = fitted({ ...useWindow.getState().layout, ...change }, innerWidth, innerHeight, moved);
  useWindow.setState({ layout: wished });
  localStorage.setItem(LAYOUT_KEY, JSON.stringify(wished));
}

/** The window has another size: what was set comes back when there is room for it again. */
export function fitLayout(): void {
  useWindow.setState({ layout: fitted(wished, innerWidth, innerHeight) });
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
