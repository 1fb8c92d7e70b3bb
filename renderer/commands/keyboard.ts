/** Listens to every key before any other handler, and does what `keys.ts` says it means. */
import { holdKey, reconcileKeys, releaseAllKeys, releaseKey } from '../driving/driving.ts';
import { useEngine } from '../state/engine-store.ts';
import { useWindow } from '../state/window-store.ts';
import { perform } from './actions.ts';
import { driveCodeOf, type FocusPlace, isStop, meaningOf } from './keys.ts';

function placeOf(target: EventTarget | null): FocusPlace {
  if (!(target instanceof HTMLElement)) return 'elsewhere';
  const isTextInput =
    target instanceof HTMLInputElement && !['checkbox', 'radio', 'range', 'button'].includes(target.type);
  if (isTextInput || target instanceof HTMLTextAreaElement || target.isContentEditable) return 'text';
  if (target.closest('[data-drive]')) return 'scene';
  if (target.closest('button, a, input, select, summary, [role=slider], [role=separator]')) return 'control';
  return 'elsewhere';
}

/**
 * True when the press of Escape was seen. An input method or a dialog may swallow the press and pass on only the
 * release.
 */
let stopPressed = false;

const isRunning = () => useEngine.getState().status?.phase === 'running';

function stop(): void {
  releaseAllKeys();
  perform('stop');
}

function reconcile(event: KeyboardEvent): void {
  const { ctrlKey: ctrl, metaKey: meta, altKey: alt, shiftKey: shift, key } = event;
  reconcileKeys({ ctrl, meta, alt, shift, key });
}

function onKeyDown(event: KeyboardEvent): void {
  reconcile(event);
  const { key, code, ctrlKey, metaKey, altKey: alt, shiftKey: shift, repeat } = event;
  const focus = placeOf(event.target);
  const meaning = meaningOf(
    { key, code, ctrl: ctrlKey || metaKey, alt, shift, repeat },
    { focus, running: isRunning(), dialogOpen: useWindow.getState().helpOpen },
  );
  if (isStop(event)) stopPressed = true;
  // The browser handles arrow keys on sliders and lists, and letters on a select.
  if (meaning.kind === 'leave') return;
  if (focus === 'control' && event.target instanceof HTMLSelectElement && !isStop(event)) return;
  event.preventDefault();
  event.stopPropagation();
  // A key that was refused or released automatically drives only after a new press.
  const driveCode = meaning.kind === 'drive' && !repeat ? driveCodeOf(event) : undefined;
  if (driveCode) holdKey(driveCode);
  if (meaning.kind !== 'action') return;
  if (meaning.action === 'stop') stop();
  else perform(meaning.action);
}

function onKeyUp(event: KeyboardEvent): void {
  reconcile(event);
  const driveCode = driveCodeOf(event);
  if (driveCode) releaseKey(driveCode);
  if (isStop(event)) {
    if (!stopPressed) stop();
    stopPressed = false;
  }
  // A focused button acts on Space when the key comes up, which it must not do while an episode runs.
  if (isRunning() && (event.key === ' ' || event.key === 'Enter') && placeOf(event.target) === 'control') {
    event.preventDefault();
    event.stopPropagation();
  }
}

export function startKeyboard(): void {
  window.addEventListener('keydown', onKeyDown, { capture: true });
  window.addEventListener('keyup', onKeyUp, { capture: true });
}
