/**
 * What a key press means, as a pure function of the press and where the focus is. Escape stops, first and always.
 * While an episode runs, focused buttons ignore Space and Enter; text fields swallow every key but Escape.
 */
export type ActionId =
  | 'stop'
  | 'takeover'
  | 'success'
  | 'failure'
  | 'discard'
  | 'undo'
  | 'label-positive'
  | 'label-negative'
  | 'next'
  | 'mode'
  | 'revert'
  | 'fine-tune'
  | 'view-wrist'
  | 'view-side'
  | 'view-top'
  | 'view-free'
  | 'follow'
  | 'crop'
  | 'gripper'
  | 'zoom-in'
  | 'zoom-out'
  | 'zoom-reset'
  | 'help';

export type FocusPlace = 'scene' | 'text' | 'control' | 'elsewhere';
export interface KeyPress {
  readonly key: string;
  readonly code: string;
  readonly ctrl: boolean;
  readonly alt: boolean;
  readonly shift: boolean;
  readonly repeat: boolean;
}
export interface KeyPlace {
  readonly focus: FocusPlace;
  readonly running: boolean;
  readonly dialogOpen: boolean;
}
export type KeyMeaning =
  | { readonly kind: 'action'; readonly action: ActionId }
  /** Part of driving: the held-keys table takes it. */
  | { readonly kind: 'drive' }
  /** Ours, but nothing to do (a repeat): the browser must not act on it either. */
  | { readonly kind: 'swallow' }
  | { readonly kind: 'leave' };

export interface KeyBinding {
  readonly action: ActionId;
  readonly keys: string;
  readonly says: string;
}
/** In the order of the overlay. */
export const KEY_BINDINGS: readonly KeyBinding[] = [
  { action: 'stop', keys: 'Esc', says: 'Stop, always' },
  { action: 'takeover', keys: 'Space', says: 'Take over, release' },
  { action: 'next', keys: 'N', says: 'Start the next episode' },
  { action: 'success', keys: 'Enter', says: 'Success' },
  { action: 'failure', keys: 'Backspace', says: 'Failure' },
  { action: 'discard', keys: 'Del', says: 'Discard the episode' },
  { action: 'undo', keys: 'Ctrl Z', says: 'Undo discard, verdict or labels' },
  { action: 'label-positive', keys: 'P', says: 'This moment is success; hold for more' },
  { action: 'label-negative', keys: 'Shift P', says: 'This moment is not' },
  { action: 'mode', keys: 'R', says: 'Demonstrate or Run' },
  { action: 'revert', keys: 'B', says: 'Back to the last good policy' },
  { action: 'fine-tune', keys: 'F', says: 'Fine-tune' },
  { action: 'view-wrist', keys: '1', says: 'Wrist view' },
  { action: 'view-side', keys: '2', says: 'Side view' },
  { action: 'view-top', keys: '3', says: 'Top view' },
  { action: 'view-free', keys: '4', says: 'Free view; again: back to tool and task' },
  { action: 'follow', keys: '5', says: 'Free view follows the tool' },
  { action: 'crop', keys: 'C', says: 'What the policy sees' },
  { action: 'gripper', keys: 'G', says: 'Open or close the gripper' },
  { action: 'zoom-in', keys: 'Ctrl +', says: 'Larger letters and panels' },
  { action: 'zoom-out', keys: 'Ctrl -', says: 'Smaller' },
  { action: 'zoom-reset', keys: 'Ctrl 0', says: 'Normal size' },
  { action: 'help', keys: '?', says: 'This overview' },
];
export const DRIVE_BINDINGS: readonly { readonly keys: string; readonly says: string }[] = [
  { keys: 'W S', says: 'Away, towards you' },
  { keys: 'A D', says: 'Left, right' },
  { keys: 'E Q', says: 'Up, down' },
  { keys: '↑ ↓', says: 'Tilt away, towards you' },
  { keys: '← →', says: 'Roll left, right' },
  { keys: 'Z X', says: 'Turn left, right' },
  { keys: 'Shift', says: 'Fine motion while held' },
];

export const DRIVE_CODES: ReadonlySet<string> = new Set([
  ...['KeyW', 'KeyA', 'KeyS', 'KeyD', 'KeyQ', 'KeyE', 'KeyZ', 'KeyX'],
  ...['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'ShiftLeft', 'ShiftRight'],
]);

const BY_KEY: Readonly<Record<string, ActionId>> = {
  ' ': 'takeover',
  enter: 'success',
  backspace: 'failure',
  delete: 'discard',
  n: 'next',
  r: 'mode',
  b: 'revert',
  f: 'fine-tune',
  '1': 'view-wrist',
  '2': 'view-side',
  '3': 'view-top',
  '4': 'view-free',
  '5': 'follow',
  c: 'crop',
  g: 'gripper',
  p: 'label-positive',
  '?': 'help',
};

/** Held down, they label one moment after the other. */
const MAY_REPEAT: ReadonlySet<ActionId> = new Set(['label-positive', 'label-negative']);

/** With Ctrl, in text fields too: the browser's own zoom would not be remembered with the window. `=` is the key of `+`. */
const ZOOM_KEYS: Readonly<Record<string, ActionId>> = {
  '+': 'zoom-in',
  '=': 'zoom-in',
  '-': 'zoom-out',
  '0': 'zoom-reset',
};

const LEAVE: KeyMeaning = { kind: 'leave' };

export function meaningOf(press: KeyPress, place: KeyPlace): KeyMeaning {
  if (press.key === 'Escape') return { kind: 'action', action: 'stop' };
  const zoom = press.ctrl && !press.alt ? ZOOM_KEYS[press.key] : undefined;
  if (zoom) return { kind: 'action', action: zoom };
  if (place.focus === 'text') return LEAVE;
  const key = press.key.toLowerCase();
  if (press.ctrl && !press.alt && key === 'z')
    return press.repeat ? { kind: 'swallow' } : { kind: 'action', action: 'undo' };
  if (press.ctrl || press.alt) return LEAVE;
  const activates = key === ' ' || key === 'enter';
  if (place.dialogOpen) {
    if (key === '?') return press.repeat ? { kind: 'swallow' } : { kind: 'action', action: 'help' };
    return activates && place.focus === 'control' && place.running ? { kind: 'swallow' } : LEAVE;
  }
  if (place.focus === 'scene' && DRIVE_CODES.has(press.code)) return { kind: 'drive' };
  if (activates && place.focus === 'control' && !place.running) return LEAVE;
  const action = key === 'p' && press.shift ? 'label-negative' : BY_KEY[key];
  if (!action) return LEAVE;
  return press.repeat && !MAY_REPEAT.has(action) ? { kind: 'swallow' } : { kind: 'action', action };
}
