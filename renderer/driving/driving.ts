/** Wires keys, gamepad and the puck on screen to the engine. Blur, a hidden page, a lost link or an open replay mean zero. */
import type { Vec6 } from '../../main/api/index.ts';
import { metronome, nowMs, say, tellQuietly } from '../engine/engine.ts';
import { useEngine } from '../state/engine-store.ts';
import { useWindow } from '../state/window-store.ts';
import { axesFromGamepad } from './gamepad-axes.ts';
import { axesFromKeys, isNeutral, NEUTRAL } from './held-keys.ts';
import { PuckDriver } from './puck-driver.ts';
import { turnedWithView } from './view-relative.ts';

const held = new Set<string>();
export const puck = new PuckDriver((message) => tellQuietly('input.puck', message));

/** In hold mode, moving a key or the puck on screen is as deliberate as its button. */
function holdBit(): number {
  const takeover = useEngine.getState().rig?.takeover;
  return takeover?.mode === 'hold' ? 1 << takeover.holdButton : 0;
}

function applyKeys(): void {
  const axes = axesFromKeys(held);
  puck.set('keyboard', turnedWithView(axes), isNeutral(axes) ? 0 : holdBit());
}

const WATCHES_A_REPLAY = 'A replay is open: go back to live to drive.';

/** Nobody drives an arm that she does not see: said once, as long as the line stands. */
export function mayDrive(): boolean {
  const { replay, notices } = useWindow.getState();
  if (!replay) return true;
  if (!notices.some(({ text }) => text === WATCHES_A_REPLAY)) say('info', WATCHES_A_REPLAY);
  return false;
}

export function holdKey(code: string): void {
  // Shift alone moves nothing, and belongs to other keys too.
  if (held.has(code) || (!code.startsWith('Shift') && !mayDrive())) return;
  held.add(code);
  applyKeys();
}

export function releaseKey(code: string): void {
  if (held.delete(code)) applyKeys();
}

export function releaseAllKeys(): void {
  if (held.size === 0) return;
  held.clear();
  applyKeys();
}

export function movePuck(axes: Vec6): void {
  if (!isNeutral(axes) && !mayDrive()) return;
  puck.set('screen', turnedWithView(axes), isNeutral(axes) ? 0 : holdBit());
}

/** A trigger that was held while driving was refused must be let go of first. */
let gamepadRefused = false;

function pollGamepad(): void {
  const pad = navigator.getGamepads?.().find((one) => one?.connected && one.mapping === 'standard');
  if (!pad || !document.hasFocus()) {
    puck.set('gamepad', NEUTRAL, 0);
    return;
  }
  const reading = axesFromGamepad({ axes: pad.axes, buttons: pad.buttons.map((button) => button.value) });
  gamepadRefused = reading.held && (gamepadRefused || !mayDrive());
  if (gamepadRefused) puck.set('gamepad', NEUTRAL, 0);
  else puck.set('gamepad', turnedWithView(reading.axes), reading.held ? holdBit() : 0);
}

/** Name of a connected gamepad, for the desk; browsers show one only after one of its buttons was pressed here. */
export function gamepadName(): string | undefined {
  const pad = navigator.getGamepads?.().find((one) => one?.connected && one.mapping === 'standard');
  // Browsers add maker's numbers in brackets.
  return pad?.id.replace(/ *\(.*$/, '') || pad?.id;
}

export function startDriving(): void {
  const letGo = () => {
    held.clear();
    puck.release();
  };
  window.addEventListener('blur', letGo);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) letGo();
  });
  useWindow.subscribe((state, before) => {
    if (before.sceneFocused && !state.sceneFocused) releaseAllKeys();
    if (!before.replay && state.replay) letGo();
  });
  let last = 0;
  metronome.onBeat(() => {
    pollGamepad();
    // A beat that is a second late means the page slept: what was held then is not trusted now.
    const late = last > 0 && nowMs() - last > 1000;
    last = nowMs();
    if (late) letGo();
    else puck.beat();
  });
}
