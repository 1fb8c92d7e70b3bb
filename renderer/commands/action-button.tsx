/** The button of an action. It shows the action's key and, while the action is blocked, the reason. */
import type { PropsWithChildren } from 'react';
import { useEngine } from '../state/engine-store.ts';
import { useWindow } from '../state/window-store.ts';
import { type ButtonProps, KeyCap } from '../ui/button.tsx';
import { ACTIONS, keysOf, perform } from './actions.ts';
import type { ActionId } from './keys.ts';

type ActionButtonProps = PropsWithChildren<{ readonly id: ActionId; readonly kind?: ButtonProps['kind'] }>;

export function ActionButton({ id, kind = 'plain', children }: ActionButtonProps) {
  // An open replay changes which episode some actions are for, and whether they are blocked.
  useWindow((state) => state.replay?.recording.episode.id);
  const blocked = useEngine((state) => ACTIONS[id].blocked?.(state));
  return (
    <button
      type="button"
      className={`button ${kind}`}
      data-action={id}
      aria-disabled={blocked ? true : undefined}
      title={blocked ?? `${ACTIONS[id].label} (${keysOf(id)})`}
      onClick={() => perform(id)}
    >
      <span>{children ?? ACTIONS[id].label}</span>
      <KeyCap keys={keysOf(id).replace('Backspace', '⌫')} />
    </button>
  );
}
