/** The state of this window alone: tab, view, overlays, notices, replay, and the stored layout and zoom. */
import { create } from 'zustand';
import type { CallResult } from '../../main/api/index.ts';
import { type ExportWishes, NO_EXPORT_WISHES } from './export-wishes.ts';
import { defaultLayout, fitted, type Layout, layoutFrom } from './layout.ts';
import { type Notice, withNotice, withoutRead } from './notices.ts';
import { nextZoom, scaleFor, type WindowSize, zoomFrom } from './scale.ts';
import type { SceneView } from './scene-views.ts';

export type DeskTab = 'episode' | 'runs' | 'data' | 'rig';
export interface Replay {
  readonly recording: CallResult<'episode.replay'>;
  readonly index: number;
  readonly playing: boolean;
}
interface WindowState {
  readonly tab: DeskTab;
  readonly view: SceneView;
  /** Number of requests for the free view. Each one resets it to tool and task. */
  readonly framings: number;
  /** True when the free view follows the tool. */
  readonly follow: boolean;
  readonly cropShown: boolean;
  readonly helpOpen: boolean;
  /** Step of the first-start hint; `undefined` when it is done or skipped. */
  readonly hintStep: number | undefined;
  readonly notices: readonly Notice[];
  /** Keys of the engine's notices that were dismissed here; each is forgotten when its notice is over. */
  readonly dismissed: readonly string[];
  /** True while the pointer rests on the notices; then no notice leaves by time. */
  readonly noticesRead: boolean;
  readonly replay: Replay | undefined;
  readonly layout: Layout;
  /** The zoom that the person chose, which is stored. */
  readonly zoom: number;
  /** Screen pixels per design pixel. */
  readonly scale: number;
  readonly exportWishes: ExportWishes;
  /** True when the scene has the keyboard, so that driving keys move the arm. */
  readonly sceneFocused: boolean;
  /** Why the 3-D view is not drawn; `undefined` while it is. */
  readonly sceneMissing: string | undefined;
  /** Set when the person drives by the cameras while the 3-D view is missing. Cleared when the view is drawn again. */
  readonly drivesByCameras: boolean;
}

const LAYOUT_KEY = 'takeover.layout';
const ZOOM_KEY = 'takeover.zoom';
const HINT_KEY = 'takeover.hintDone';

const hasPage = typeof localStorage !== 'undefined' && typeof innerWidth !== 'undefined';

export const windowSize = (): WindowSize =>
  hasPage ? { widthPx: innerWidth, heightPx: innerHeight } : { widthPx: 1440, heightPx: 900 };
const firstZoom = zoomFrom(hasPage ? localStorage.getItem(ZOOM_KEY) : null);
const firstScale = scaleFor(windowSize(), firstZoom);
/** Returns the window's width and height in design pixels. */
function designSize(scale: number): readonly [number, number] {
  const { widthPx, heightPx } = windowSize();
  return [widthPx / scale, heightPx / scale];
}

/** The layout that was set. The shown one is fitted to the window. */
let wished: Layout = layoutFrom(hasPage ? localStorage.getItem(LAYOUT_KEY) : null, ...designSize(firstScale));
/** True while nobody has set the layout, which then follows the window's size. */
let isDefault = !hasPage || localStorage.getItem(LAYOUT_KEY) === null;

export const useWindow = create<WindowState>(() => ({
  tab: 'episode',
  view: 'free',
  framings: 0,
  follow: false,
  cropShown: false,
  helpOpen: false,
  hintStep: hasPage && localStorage.getItem(HINT_KEY) === null ? 0 : undefined,
  notices: [],
  dismissed: [],
  noticesRead: false,
  replay: undefined,
  layout: fitted(wished, ...designSize(firstScale)),
  zoom: firstZoom,
  scale: firstScale,
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
  const { layout, scale } = useWindow.getState();
  wished = fitted({ ...layout, ...change }, ...designSize(scale), moved);
  isDefault = false;
  useWindow.setState({ layout: wished });
  localStorage.setItem(LAYOUT_KEY, JSON.stringify(wished));
}

export function resetLayout(): void {
  isDefault = true;
  localStorage.removeItem(LAYOUT_KEY);
  fitLayout();
}

/** Fits the layout that was set to the window's present size. */
export function fitLayout(): void {
  const { zoom } = useWindow.getState();
  const scale = scaleFor(windowSize(), zoom);
  if (isDefault) wished = defaultLayout(...designSize(scale));
  useWindow.setState({ scale, layout: fitted(wished, ...designSize(scale)) });
}

/** Zooms in, out, or back to the first size with 0. Returns false when the window has no room for it. */
export function zoomBy(direction: 1 | 0 | -1): boolean {
  const zoom = direction === 0 ? 1 : nextZoom(windowSize(), useWindow.getState().zoom, direction);
  if (zoom === undefined) return false;
  localStorage.setItem(ZOOM_KEY, String(zoom));
  useWindow.setState({ zoom });
  fitLayout();
  return true;
}

export function chooseView(view: SceneView): void {
  useWindow.setState((state) => ({
    view,
    framings: state.framings + (view === 'free' && state.view === 'free' ? 1 : 0),
  }));
}

export function finishHint(): void {
  localStorage.setItem(HINT_KEY, '1');
  useWindow.setState({ hintStep: undefined });
}

let nextNotice = 1;

export function notify(notice: Omit<Notice, 'id' | 'times'>): void {
  useWindow.setState((state) => ({ notices: withNotice(state.notices, notice, nextNotice++) }));
}

export function dismissNotice(id: number): void {
  useWindow.setState((state) => ({ notices: state.notices.filter((one) => one.id !== id) }));
}

/** Removes the notices of a topic, because its condition is over. */
export function endNotice(topic: string): void {
  if (useWindow.getState().notices.some((one) => one.topic === topic))
    useWindow.setState((state) => ({ notices: state.notices.filter((one) => one.topic !== topic) }));
}

export function dismissStanding(key: string): void {
  useWindow.setState((state) => ({ dismissed: [...state.dismissed, key] }));
}

/**
 * Removes own notices that were shown long enough. Forgets dismissed engine notices that are over, so they can appear
 * again.
 */
export function tidyNotices(standing: readonly string[], nowMs: number): void {
  const { notices, dismissed, noticesRead } = useWindow.getState();
  const left = noticesRead ? notices : withoutRead(notices, nowMs);
  if (left !== notices) useWindow.setState({ notices: left });
  if (dismissed.some((key) => !standing.includes(key)))
    useWindow.setState({ dismissed: dismissed.filter((key) => standing.includes(key)) });
}
