/**
 * Maps a key press and the focus to an action. Pure. Escape stops, first and always. Actions follow the character where
 * the layout has it, otherwise the key's position; driving follows the position. While an episode runs, focused buttons
 * ignore Space and Enter; text fields take every key but Escape.
 */
import { SCENE_VIEWS, type SceneView, VIEW_FACTS } from '../state/scene-views.ts';

export type FocusPlace = 'scene' | 'text' | 'control' | 'elsewhere';
interface KeyPress {
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
type KeyMeaning =
  | { readonly kind: 'action'; readonly action: ActionId }
  /** The key drives the arm; see `held-keys.ts`. */
  | { readonly kind: 'drive' }
  /** The key is one of ours with nothing to do, such as a repeat. The browser must not act on it. */
  | { readonly kind: 'swallow' }
  | { readonly kind: 'leave' };

const viewAction = (view: SceneView) => `view-${view}` as const;

/** The keys in the order of the overview. */
export const KEY_BINDINGS = [
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
  ...SCENE_VIEWS.map((view) => ({ action: viewAction(view), keys: VIEW_FACTS[view].key, says: VIEW_FACTS[view].says })),
  { action: 'follow', keys: '5', says: 'Free view follows the tool' },
  { action: 'crop', keys: 'C', says: 'What the policy sees' },
  { action: 'gripper', keys: 'G', says: 'Open or close the gripper' },
  { action: 'zoom-in', keys: 'Ctrl +', says: 'Larger letters and panels' },
  { action: 'zoom-out', keys: 'Ctrl -', says: 'Smaller' },
  { action: 'zoom-reset', keys: 'Ctrl 0', says: 'Normal size' },
  { action: 'help', keys: '?', says: 'This overview' },
] as const;
export type ActionId = (typeof KEY_BINDINGS)[number]['action'];

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

/** Actions by character, at whatever position the layout has it. */
const BY_CHARACTER: Readonly<Record<string, ActionId>> = {
  ' ': 'takeover',
  enter: 'success',
  backspace: 'failure',
  delete: 'discard',
  n: 'next',
  r: 'mode',
  b: 'revert',
  f: 'fine-tune',
  c: 'crop',
  g: 'gripper',
  p: 'label-positive',
  '?': 'help',
  '\u061f': 'help',
};

/** Actions of the digit row by position, because some layouts need Shift for digits. */
const BY_DIGIT: Readonly<Record<string, ActionId>> = {
  ...Object.fromEntries(SCENE_VIEWS.map((view) => [VIEW_FACTS[view].key, viewAction(view)])),
  '5': 'follow',
};

/** Names that a browser gives instead of a character: an input method handles the key, or the key is unknown. */
const NO_CHARACTER: ReadonlySet<string> = new Set(['', 'Process', 'Dead', 'Unidentified']);

/**
 * Matches a character of a script without Latin letters. Such a layout has none of our characters, so the key's
 * position counts.
 */
const OTHER_SCRIPT = /^[^\p{Script_Extensions=Latin}\p{Script_Extensions=Common}\p{Script_Extensions=Inherited}]+$/u;

/** Characters of a US layout by position, for keys that give none of ours. Named keys map to their names. */
const CHARACTER_AT: Readonly<Record<string, string>> = {
  Space: ' ',
  Enter: 'enter',
  NumpadEnter: 'enter',
  Backspace: 'backspace',
  Delete: 'delete',
};

/** Returns the character of a press in lower case: the layout's own, otherwise that of the position on a US layout. */
function characterOf(press: Pick<KeyPress, 'key' | 'code' | 'shift'>): string {
  const unknown = NO_CHARACTER.has(press.key);
  if (!unknown && !OTHER_SCRIPT.test(press.key)) return press.key.toLowerCase();
  const letter = /^Key([A-Z])$/.exec(press.code)?.[1];
  if (letter) return letter.toLowerCase();
  if (unknown && press.code === 'Slash' && press.shift) return '?';
  return (unknown ? CHARACTER_AT[press.code] : undefined) ?? press.key.toLowerCase();
}

function actionOf(press: KeyPress, character: string): ActionId | undefined {
  const place = /^Digit(\d)$/.exec(press.code)?.[1];
  const action = BY_CHARACTER[character] ?? BY_DIGIT[place ?? character];
  return action === 'label-positive' && press.shift ? 'label-negative' : action;
}

const DRIVE_CODE_OF_CHARACTER: Readonly<Record<string, string>> = { shift: 'ShiftLeft' };

/**
 * Returns the driving key of a press by its position. Uses the character when the position is missing, as with some
 * remote desktops.
 */
export function driveCodeOf(press: Pick<KeyPress, 'key' | 'code'>): string | undefined {
  if (DRIVE_CODES.has(press.code)) return press.code;
  if (press.code !== '' && press.code !== 'Unidentified') return undefined;
  const character = press.key.toLowerCase();
  const code =
    DRIVE_CODE_OF_CHARACTER[character] ?? (/^[a-z]$/.test(character) ? `Key${character.toUpperCase()}` : press.key);
  return DRIVE_CODES.has(code) ? code : undefined;
}

/** True for the Escape key, also by its position, because an input method that composes hides its name. */
export function isStop(press: Pick<KeyPress, 'key' | 'code'>): boolean {
  return press.code === 'Escape' || press.key === 'Escape';
}

/** Actions that repeat while their key is held: they label one moment after the other. */
const MAY_REPEAT: ReadonlySet<ActionId> = new Set(['label-positive', 'label-negative']);

const ZOOM_BY_CHARACTER: Readonly<Record<string, ActionId>> = { '+': 'zoom-in', '-': 'zoom-out', '0': 'zoom-reset' };
const ZOOM_BY_PLACE: Readonly<Record<string, ActionId>> = {
  Equal: 'zoom-in',
  Minus: 'zoom-out',
  Digit0: 'zoom-reset',
};

/**
 * Returns the zoom action of a press with Ctrl, also in text fields. The browser's own zoom would not be stored with
 * the window.
 */
function zoomOf(press: KeyPress): ActionId | undefined {
  if (!press.ctrl || press.alt) return undefined;
  const byCharacter = ZOOM_BY_CHARACTER[press.key];
  if (byCharacter) return byCharacter;
  // The position counts for `=`, for `0` that needs Shift, and for a character that an input method hides.
  const hidden = NO_CHARACTER.has(press.key) && press.key !== 'Dead';
  const isPlace = hidden || press.code === 'Digit0' || (press.code === 'Equal' && press.key === '=');
  return isPlace ? ZOOM_BY_PLACE[press.code] : undefined;
}

const LEAVE: KeyMeaning = { kind: 'leave' };

export function meaningOf(press: KeyPress, place: KeyPlace): KeyMeaning {
  if (isStop(press)) return { kind: 'action', action: 'stop' };
  const zoom = zoomOf(press);
  if (zoom) return { kind: 'action', action: zoom };
  if (place.focus === 'text') return LEAVE;
  const character = characterOf(press);
  if (press.ctrl && !press.alt && character === 'z')
    return press.repeat ? { kind: 'swallow' } : { kind: 'action', action: 'undo' };
  if (press.ctrl || press.alt) return LEAVE;
  const activates = character === ' ' || character === 'enter';
  const action = actionOf(press, character);
  if (place.dialogOpen) {
    if (action === 'help') return press.repeat ? { kind: 'swallow' } : { kind: 'action', action };
    return activates && place.focus === 'control' && place.running ? { kind: 'swallow' } : LEAVE;
  }
  if (place.focus === 'scene' && driveCodeOf(press)) return { kind: 'drive' };
  if (activates && place.focus === 'control' && !place.running) return LEAVE;
  if (!action) return LEAVE;
  return press.repeat && !MAY_REPEAT.has(action) ? { kind: 'swallow' } : { kind: 'action', action };
}
