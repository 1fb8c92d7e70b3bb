/** Listens to every key before anyone else, asks `keys.ts` what it means, and does that. */
import { perform } from './actions.ts';
import { holdKey, releaseAllKeys, releaseKey } from './driving/driving.ts';
import { DRIVE_CODES, type FocusPlace, meaningOf } from './keys.ts';
import { useEngine } from './state/engine-store.ts';
import { useWindow } from './state/window-store.ts';

function placeOf(target: EventTarget | null): FocusPlace {
  if (!(target instanceof HTMLElement)) return 'elsewhere';
  const isTextInput =
    target instanceof HTMLInputElement && !['checkbox', 'radio', 'range', 'button'].includes(target.type);
  if (isTextInput || target instanceof HTMLTextAreaElement || target.isContentEditable) return 'text';
  if (target.closest('[data-drive]')) return 'scene';
  if (target.closest('button, a, input, select, summary, [role=slider], [role=separator]')) return 'control';
  return 'elsewhere';
}

export function startKeyboard(): void {
  window.addEventListener(
    'keydown',
    (event) => {
      const running = useEngine.getState().status?.phase === 'running';
      const focus = placeOf(event.target);
      const meaning = meaningOf(
        {
          key: event.key,
          code: event.code,
          ctrl: event.ctrlKey || event.metaKey,
          alt: event.altKey,
          shift: event.shiftKey,
          repeat: event.repeat,
        },
        { focus, running, dialogOpen: useWindow.getState().helpOpen },
      );
      if (meaning.kind === 'leave') {
        // Arrow keys and the like belong to sliders and lists; a select's letters to the select.
        return;
      }
      if (focus === 'control' && event.target instanceof HTMLSelectElement && event.key !== 'Escape') return;
      event.preventDefault();
      event.stopPropagation();
      // A key that was refused, or let go of for her, drives again only when it is pressed again.
      if (meaning.kind === 'drive' && !event.repeat) holdKey(event.code);
      else if (meaning.kind === 'action') {
        if (meaning.action === 'stop') releaseAllKeys();
        perform(meaning.action);
      }
    },
    { capture: true },
  );
  window.addEventListener(
    'keyup',
    (event) => {
      if (DRIVE_CODES.has(event.code)) releaseKey(event.code);
      // A button acts on Space when the key comes up: while an episode runs it must not.
      const running = useEngine.getState().status?.phase === 'running';
      if (running && (event.key === ' ' || event.key === 'Enter') && placeOf(event.target) === 'control') {
        event.preventDefault();
        event.stopPropagation();
      }
    },
    { capture: true },
  );
}
