/** Wires keys, gamepad and the puck on screen to the engine. Blur, a hidden page or a lost link mean zero. */
import type { Vec6 } from '../../main/api/index.ts';
import { metronome, nowMs, tellQuietly } from '../engine/engine.ts';
import { useEngine } from '../state/engine-store.ts';
import { useWindow } from '../state/window-store.ts';
import { axesFromGamepad } from './gamepad-axes.ts';
import { axesFromKeys, isNeutral } from './held-keys.ts';
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

export function holdKey(code: string): void {
  if (held.has(code)) return;
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
  puck.set('screen', turnedWithView(axes), isNeutral(axes) ? 0 : holdBit());
}

function pollGamepad(): void {
  const pad = navigator.getGamepads?.().find((one) => one?.connected && one.mapping === 'standard');
  if (!pad || !document.hasFocus()) {
    puck.set('gamepad', [0, 0, 0, 0, 0, 0], 0);
    return;
  }
  const reading = axesFromGamepad({ axes: pad.axes, buttons: pad.buttons.map((button) => button.value) });
  puck.set('gamepad', turnedWithView(reading.axes), reading.held ? holdBit() : 0);
}

/** Name of a connected gamepad, for the desk. */
export function gamepadName(): string | undefined {
  return navigator.getGamepads?.().find((one) => one?.connected)?.id;
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
