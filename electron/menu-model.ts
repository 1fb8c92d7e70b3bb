/**
 * The menu as data. No entry uses a bare key or Ctrl+Z, because those belong to the operator's window (Escape is
 * Stop).
 */

export type MenuAction =
  | 'open-folder'
  | 'export'
  | 'reload'
  | 'zoom-in'
  | 'zoom-out'
  | 'zoom-reset'
  | 'full-screen'
  | 'developer-tools'
  | 'keys'
  | 'show-log';

/** Entries that the system carries out itself. The shell maps them to Electron's roles. */
type MenuRole = 'about' | 'hide' | 'quit' | 'close' | 'cut' | 'copy' | 'paste' | 'selectAll' | 'minimize';

export type MenuItem =
  | { readonly kind: 'separator' }
  | { readonly kind: 'role'; readonly role: MenuRole }
  | {
      readonly kind: 'action';
      readonly action: MenuAction;
      readonly label: string;
      readonly accelerator?: string;
      readonly enabled: boolean;
      /** False: the entry is hidden and only its keys work, as another way to a visible entry. */
      readonly visible: boolean;
    };

export interface Menu {
  readonly label: string;
  readonly items: readonly MenuItem[];
}

export interface MenuFacts {
  readonly macOs: boolean;
  readonly productName: string;
  /** True when the shell started the engine itself, and may start it on another folder. */
  readonly ownsEngine: boolean;
  /** True while a page of the engine is shown, and not one of the shell's own. */
  readonly engineShown: boolean;
  readonly development: boolean;
}

const separator: MenuItem = { kind: 'separator' };
const role = (name: MenuRole): MenuItem => ({ kind: 'role', role: name });
const action = (name: MenuAction, label: string, accelerator?: string, enabled = true): MenuItem => ({
  kind: 'action',
  action: name,
  label,
  ...(accelerator ? { accelerator } : {}),
  enabled,
  visible: true,
});
/** Adds keys for an entry: "=", which is the unshifted key of "+", and the keys of the number pad. */
const alsoBy = (name: MenuAction, label: string, accelerators: readonly string[]): readonly MenuItem[] =>
  accelerators.map((accelerator) => ({ ...action(name, label, accelerator), visible: false }));

export function menuModel(facts: MenuFacts): readonly Menu[] {
  const { macOs, ownsEngine, engineShown, development } = facts;
  const ownMenu: Menu = { label: facts.productName, items: [role('about'), separator, role('hide'), role('quit')] };
  const help = [
    action('keys', 'Keys', 'F1', engineShown),
    ...(ownsEngine ? [action('show-log', "Engine's log")] : []),
    ...(macOs ? [] : [separator, role('about')]),
  ];
  return [
    ...(macOs ? [ownMenu] : []),
    {
      label: 'File',
      items: [
        action('open-folder', 'Open project folder…', 'CmdOrCtrl+O', ownsEngine),
        action('export', 'Export the project', 'CmdOrCtrl+Shift+E', engineShown),
        separator,
        role(macOs ? 'close' : 'quit'),
      ],
    },
    { label: 'Edit', items: [role('cut'), role('copy'), role('paste'), role('selectAll')] },
    {
      label: 'View',
      items: [
        action('reload', 'Reload', 'CmdOrCtrl+R', engineShown),
        separator,
        action('zoom-in', 'Zoom in', 'CmdOrCtrl+Plus'),
        ...alsoBy('zoom-in', 'Zoom in', ['CmdOrCtrl+=', 'CmdOrCtrl+numadd']),
        action('zoom-out', 'Zoom out', 'CmdOrCtrl+-'),
        ...alsoBy('zoom-out', 'Zoom out', ['CmdOrCtrl+numsub']),
        action('zoom-reset', 'Actual size', 'CmdOrCtrl+0'),
        ...alsoBy('zoom-reset', 'Actual size', ['CmdOrCtrl+num0']),
        separator,
        action('full-screen', 'Full screen', macOs ? 'Ctrl+Command+F' : 'F11'),
        ...(development ? [separator, action('developer-tools', 'Developer tools', 'F12')] : []),
      ],
    },
    { label: 'Help', items: help },
  ];
}
