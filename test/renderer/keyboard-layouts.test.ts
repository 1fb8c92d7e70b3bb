/**
 * The key table on layouts of the world: every action is reachable, no key does two things, driving follows the key's
 * position.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ActionId,
  DRIVE_CODES,
  driveCodeOf,
  KEY_BINDINGS,
  type KeyPlace,
  meaningOf,
} from '../../renderer/commands/keys.ts';

const ROWS = [
  'Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal',
  'KeyQ KeyW KeyE KeyR KeyT KeyY KeyU KeyI KeyO KeyP BracketLeft BracketRight',
  'KeyA KeyS KeyD KeyF KeyG KeyH KeyJ KeyK KeyL Semicolon Quote',
  'KeyZ KeyX KeyC KeyV KeyB KeyN KeyM Comma Period Slash',
].map((row) => row.split(' '));

/** Each key without and with Shift, row by row as in `ROWS`; `Dead` is a dead key. */
interface Layout {
  readonly plain: readonly string[];
  readonly shifted: readonly string[];
}
const upper = (rows: readonly string[]) => rows.map((row) => row.toUpperCase().replaceAll('DEAD', 'Dead'));
const US = {
  plain: ['1 2 3 4 5 6 7 8 9 0 - =', 'q w e r t y u i o p [ ]', "a s d f g h j k l ; '", 'z x c v b n m , . /'],
  shifted: ['! @ # $ % ^ & * ( ) _ +', 'Q W E R T Y U I O P { }', 'A S D F G H J K L : "', 'Z X C V B N M < > ?'],
};
const russian = [US.plain[0] ?? '', 'й ц у к е н г ш щ з х ъ', 'ф ы в а п р о л д ж э', 'я ч с м и т ь б ю .'];
const LAYOUTS: Readonly<Record<string, Layout>> = {
  US,
  Russian: {
    plain: russian,
    shifted: ['! " № ; % : ? * ( ) _ +', ...upper(russian.slice(1)).map((row) => row.replace(/\.$/, ','))],
  },
  Greek: {
    plain: [US.plain[0] ?? '', '; ς ε ρ τ υ θ ι ο π [ ]', "α σ δ φ γ η ξ κ λ Dead '", 'ζ χ ψ ω β ν μ , . /'],
    shifted: [US.shifted[0] ?? '', ': Dead Ε Ρ Τ Υ Θ Ι Ο Π { }', 'Α Σ Δ Φ Γ Η Ξ Κ Λ Dead "', 'Ζ Χ Ψ Ω Β Ν Μ < > ?'],
  },
  'Hebrew, Shift gives Latin': {
    plain: [US.plain[0] ?? '', "/ ' ק ר א ט ו ן ם פ ] [", 'ש ד ג כ ע י ח ל ך ף ,', 'ז ס ב ה נ מ צ ת ץ .'],
    shifted: ['! @ # $ % ^ & * ) ( _ +', 'Q W E R T Y U I O P } {', 'A S D F G H J K L : "', 'Z X C V B N M > < ?'],
  },
  Arabic: {
    plain: [US.plain[0] ?? '', 'ض ص ث ق ف غ ع ه خ ح ج د', 'ش س ي ب ل ا ت ن م ك ط', 'ئ ء ؤ ر لا ى ة و ز ظ'],
    shifted: ['! @ # $ % ^ & * ) ( _ +', 'َ ً ُ ٌ لإ إ ‘ ÷ × ؛ < >', 'ِ ٍ ] [ لأ أ ـ ، / : "', '~ ْ } { لآ آ ’ , . ؟'],
  },
  AZERTY: {
    plain: ['& é " \' ( - è _ ç à ) =', 'a z e r t y u i o p Dead $', 'q s d f g h j k l m ù', 'w x c v b n , ; : !'],
    shifted: ['1 2 3 4 5 6 7 8 9 0 ° +', 'A Z E R T Y U I O P Dead £', 'Q S D F G H J K L M %', 'W X C V B N ? . / §'],
  },
  QWERTZ: {
    plain: ['1 2 3 4 5 6 7 8 9 0 ß Dead', 'q w e r t z u i o p ü +', 'a s d f g h j k l ö ä', 'y x c v b n m , . -'],
    shifted: ['! " § $ % & / ( ) = ? Dead', 'Q W E R T Z U I O P Ü *', 'A S D F G H J K L Ö Ä', 'Y X C V B N M ; : _'],
  },
  Dvorak: {
    plain: ['1 2 3 4 5 6 7 8 9 0 [ ]', "' , . p y f g c r l / =", 'a o e u i d h t n s -', '; q j k x b m w v z'],
    shifted: ['! @ # $ % ^ & * ( ) { }', '" < > P Y F G C R L ? +', 'A O E U I D H T N S _', ': Q J K X B M W V Z'],
  },
  'Bépo, with its apostrophe on the place of N': {
    plain: ['" « » ( ) @ + - / * = %', 'b é p o è Dead v d l j z w', 'a u i e , c t s r n m', 'à y x . k ’ q g h f'],
    shifted: ['1 2 3 4 5 6 7 8 9 0 ° `', 'B É P O È ! V D L J Z W', 'A U I E ; C T S R N M', 'À Y X : K ? Q G H F'],
  },
  'an input method that keeps every character': {
    plain: ROWS.map((row) => row.map(() => 'Process').join(' ')),
    shifted: ROWS.map((row) => row.map(() => 'Process').join(' ')),
  },
};

interface Press {
  readonly code: string;
  readonly key: string;
  readonly shift: boolean;
}
const NAMED: readonly Press[] = [
  ['Escape', 'Escape'],
  ['Space', ' '],
  ['Enter', 'Enter'],
  ['NumpadEnter', 'Enter'],
  ['Backspace', 'Backspace'],
  ['Delete', 'Delete'],
  ['Tab', 'Tab'],
  ['F5', 'F5'],
  ['Home', 'Home'],
  ['ArrowUp', 'ArrowUp'],
].map(([code = '', key = '']) => ({ code, key, shift: false }));

const place: KeyPlace = { focus: 'elsewhere', running: true, dialogOpen: false };

function pressesOf(layout: Layout): readonly Press[] {
  const row = (rows: readonly string[], shift: boolean) =>
    ROWS.flatMap((codes, index) => {
      const keys = (rows[index] ?? '').split(' ');
      assert.equal(keys.length, codes.length, `row ${index + 1} has a key for every place: ${rows[index]}`);
      return codes.map((code, at) => ({ code, key: keys[at] ?? '', shift }));
    });
  return [...row(layout.plain, false), ...row(layout.shifted, true), ...NAMED];
}
const meaning = ({ code, key, shift }: Press, ctrl = false, where = place) =>
  meaningOf({ code, key, shift, ctrl, alt: false, repeat: false }, where);

/** Two sides of one key by design. */
const WITH_SHIFT: Readonly<Partial<Record<ActionId, ActionId>>> = {
  'label-positive': 'label-negative',
  'label-negative': 'label-positive',
};

for (const [name, layout] of Object.entries(LAYOUTS)) {
  test(`${name}: every action is reachable, and no key does two things`, () => {
    const placesOf = new Map<ActionId, Set<string>>();
    const actionsAt = new Map<string, Set<ActionId>>();
    for (const press of pressesOf(layout)) {
      const found = [meaning(press), meaning(press, true)];
      for (const one of found) {
        if (one.kind !== 'action') continue;
        placesOf.set(one.action, (placesOf.get(one.action) ?? new Set()).add(press.code));
        if (one.action !== 'undo') actionsAt.set(press.code, (actionsAt.get(press.code) ?? new Set()).add(one.action));
      }
    }
    for (const { action } of KEY_BINDINGS) {
      const places = [...(placesOf.get(action) ?? [])].filter((code) => code !== 'NumpadEnter');
      assert.equal(places.length, 1, `${action} has one key: ${places.join(', ') || 'none'}`);
    }
    for (const [code, actions] of actionsAt)
      for (const action of actions)
        for (const other of actions)
          assert.ok(other === action || WITH_SHIFT[action] === other, `${code}: ${action} and ${other}`);
  });

  test(`${name}: in the scene the driving places drive, and what does not drive acts as elsewhere`, () => {
    const scene: KeyPlace = { ...place, focus: 'scene' };
    for (const press of pressesOf(layout)) {
      if (DRIVE_CODES.has(press.code)) assert.equal(meaning(press, false, scene).kind, 'drive', press.code);
      else assert.deepEqual(meaning(press, false, scene), meaning(press), press.code);
    }
  });
}

test('the row of digits chooses views by place, with Shift and without, on every layout', () => {
  const views = ['view-wrist', 'view-side', 'view-top', 'view-free'] as const;
  for (const [name, layout] of Object.entries(LAYOUTS))
    for (const press of pressesOf(layout)) {
      const index = ['Digit1', 'Digit2', 'Digit3', 'Digit4'].indexOf(press.code);
      const action = views[index];
      if (action) assert.deepEqual(meaning(press), { kind: 'action', action }, `${name}, ${press.code}`);
    }
  const persian = { code: 'Digit1', key: '\u06f1', shift: false };
  assert.deepEqual(meaning(persian), { kind: 'action', action: 'view-wrist' });
  assert.deepEqual(meaning({ code: 'Numpad2', key: '2', shift: false }), { kind: 'action', action: 'view-side' });
  assert.equal(meaning({ code: 'Numpad2', key: 'ArrowDown', shift: false }).kind, 'leave', 'Num Lock off');
});

test('Escape stops by its place too: under an input method, renamed, in a text field, with every modifier', () => {
  for (const press of [
    { key: 'Process', code: 'Escape' },
    { key: 'Unidentified', code: 'Escape' },
    { key: 'CapsLock', code: 'Escape' },
    { key: 'Escape', code: 'CapsLock' },
    { key: 'Escape', code: '' },
  ])
    for (const focus of ['scene', 'text', 'control', 'elsewhere'] as const)
      for (const bits of [0, 1, 2, 3, 4, 5, 6, 7])
        assert.deepEqual(
          meaningOf(
            { ...press, ctrl: (bits & 1) > 0, alt: (bits & 2) > 0, shift: (bits & 4) > 0, repeat: bits > 3 },
            { focus, running: bits % 2 === 0, dialogOpen: bits > 5 },
          ),
          { kind: 'action', action: 'stop' },
        );
});

test('driving follows the character when a key press has no position', () => {
  assert.equal(driveCodeOf({ key: 'w', code: '' }), 'KeyW');
  assert.equal(driveCodeOf({ key: 'W', code: 'Unidentified' }), 'KeyW');
  assert.equal(driveCodeOf({ key: 'ArrowLeft', code: '' }), 'ArrowLeft');
  assert.equal(driveCodeOf({ key: 'w', code: 'KeyZ' }), 'KeyZ');
  assert.equal(driveCodeOf({ key: 'w', code: 'KeyK' }), undefined);
  assert.equal(driveCodeOf({ key: 'n', code: '' }), undefined);
});
