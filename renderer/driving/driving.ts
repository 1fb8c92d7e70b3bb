/**
 * Wires keys, gamepads and the puck on screen to the engine. Held inputs are released when their release event might be
 * lost: blur, a hidden page, a menu, a drag, a lost link, a page that slept. No input drives while the arm is not
 * visible.
 */
import { DEFAULT_TAKEOVER, type Vec6 } from '../../main/api/index.ts';
import { requestDraw } from '../engine/draw-loop.ts';
import { metronome, nowMs, say, tellQuietly } from '../engine/engine.ts';
import { useEngine } from '../state/engine-store.ts';
import { isSame } from '../state/same.ts';
import { useWindow } from '../state/window-store.ts';
import { createGamepads, type Pad } from './gamepads.ts';
import { axesFromKeys, isZero, NEUTRAL, reconciled, type ShownModifiers } from './held-keys.ts';
import { refusalToDrive } from './may-drive.ts';
import { PuckDriver } from './puck-driver.ts';
import { createScreenGrip } from './screen-grip.ts';
import { turnedWithView } from './view-relative.ts';

/** The settings in force, as far as this window knows them. */
export const takeoverInForce = () => useEngine.getState().rig?.takeover ?? DEFAULT_TAKEOVER;

let held: ReadonlySet<string> = new Set();
let viewHeadingRad = 0;
type ListedGamepad = Pick<Pad, 'index' | 'name' | 'standard'>;
let listed: readonly ListedGamepad[] = [];
const gamepads = createGamepads();
export const puck = new PuckDriver((message) => tellQuietly('input.puck', message), takeoverInForce);
export const screenGrip = createScreenGrip({ mayDrive, onMove: movePuck });

/** The scene reports the heading of its view with every picture; see `turnedWithView`. */
export function setViewHeading(headingRad: number): void {
  viewHeadingRad = headingRad;
}

/** In hold mode, moving a key or the puck on screen is as deliberate as its button. */
function holdBit(): number {
  const { mode, holdButton } = takeoverInForce();
  return mode === 'hold' ? (1 << holdButton) >>> 0 : 0;
}

function applyKeys(): void {
  const axes = axesFromKeys(held);
  puck.set('keyboard', turnedWithView(axes, viewHeadingRad), isZero(axes) ? 0 : holdBit());
}

/** Returns whether inputs may drive. When not, gives the reason once, for as long as its notice is shown. */
export function mayDrive(): boolean {
  const state = useWindow.getState();
  const why = refusalToDrive(state);
  if (why && !state.notices.some(({ text }) => text === why)) say('info', why);
  return why === undefined;
}

export function holdKey(code: string): void {
  // Shift alone moves nothing, and belongs to other keys too.
  if (held.has(code) || (!code.startsWith('Shift') && !mayDrive())) return;
  held = new Set([...held, code]);
  applyKeys();
}

export function releaseKey(code: string): void {
  if (!held.has(code)) return;
  held = new Set([...held].filter((one) => one !== code));
  applyKeys();
}

export function releaseAllKeys(): void {
  if (held.size === 0) return;
  held = new Set();
  applyKeys();
}

/** Call it with every key and pointer event, before anything else handles the event. */
export function reconcileKeys(shown: ShownModifiers): void {
  const next = reconciled(held, shown);
  if (next === held) return;
  held = next;
  applyKeys();
}

function movePuck(axes: Vec6): void {
  const zero = isZero(axes) || !mayDrive();
  puck.set('screen', zero ? NEUTRAL : turnedWithView(axes, viewHeadingRad), zero ? 0 : holdBit());
  requestDraw();
}

function connectedPads(): readonly Pad[] {
  return (navigator.getGamepads?.() ?? [])
    .filter((pad) => pad?.connected)
    .flatMap((pad) => {
      if (!pad) return [];
      // Browsers append the maker's numbers in brackets.
      const name = pad.id.replace(/ *\(.*$/, '') || pad.id;
      const buttons = pad.buttons.map((button) => button.value);
      return [{ index: pad.index, name, standard: pad.mapping === 'standard', axes: pad.axes, buttons }];
    });
}

function pollGamepads(): void {
  const drives = () => document.hasFocus() && mayDrive();
  for (const { index, axes, held: pressed } of gamepads.poll(connectedPads(), drives))
    puck.set(`gamepad ${index}`, turnedWithView(axes, viewHeadingRad), pressed ? holdBit() : 0);
}

/**
 * Returns the connected gamepads for the desk: the same list until one comes or goes. Browsers list a gamepad only
 * after one of its buttons was pressed on this page.
 */
export function listedGamepads(): readonly ListedGamepad[] {
  const now = connectedPads().map(({ index, name, standard }) => ({ index, name, standard }));
  if (!isSame(listed, now)) listed = now;
  return listed;
}

/** Releases everything that this window holds: keys, the puck on screen, gamepads. */
function letGo(): void {
  held = new Set();
  screenGrip.end();
  puck.release();
}

function reconcilePointers(): void {
  const events = { pointerdown: 'down', pointermove: 'move', pointerup: 'up', pointercancel: 'cancel' } as const;
  for (const name of ['pointerdown', 'pointermove', 'pointerup', 'pointercancel'] as const)
    window.addEventListener(
      name,
      (event) => {
        reconcileKeys({ ctrl: event.ctrlKey, meta: event.metaKey, alt: event.altKey, shift: event.shiftKey });
        screenGrip.reconcile(event, events[name]);
      },
      { capture: true },
    );
}

export function startDriving(): void {
  reconcilePointers();
  for (const name of ['blur', 'pagehide', 'dragstart'] as const) window.addEventListener(name, letGo);
  // An open menu swallows releases. When the page prevents the event's default, no menu opens.
  window.addEventListener('contextmenu', (event) => {
    if (!event.defaultPrevented) letGo();
  });
  window.addEventListener('gamepaddisconnected', pollGamepads);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) letGo();
  });
  useWindow.subscribe((state, before) => {
    if (before.sceneFocused && !state.sceneFocused) releaseAllKeys();
    if (refusalToDrive(state) !== undefined && refusalToDrive(before) === undefined) letGo();
  });
  let last = 0;
  metronome.onBeat(() => {
    pollGamepads();
    // A beat that is a second late means the page slept: what was held then is not trusted now.
    const late = last > 0 && nowMs() - last > 1000;
    last = nowMs();
    if (late) letGo();
    else puck.beat();
  });
}
