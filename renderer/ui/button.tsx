/** Buttons. An action's button shows its key and, when it cannot be had, says why instead of merely greying out. */
import type { ReactNode } from 'react';
import { ACTIONS, keysOf, perform } from '../commands/actions.ts';
import type { ActionId } from '../commands/keys.ts';
import { useEngine } from '../state/engine-store.ts';
import { useWindow } from '../state/window-store.ts';

export function KeyCap({ keys }: { readonly keys: string }) {
  return keys ? <kbd>{keys}</kbd> : null;
}

export interface ButtonProps {
  readonly onClick: () => void;
  readonly children: ReactNode;
  readonly kind?: 'plain' | 'strong' | 'quiet' | 'danger';
  readonly blocked?: string | undefined;
  readonly pressed?: boolean;
  readonly title?: string;
  readonly label?: string;
}

export function Button({ onClick, children, kind = 'plain', blocked, pressed, title, label }: ButtonProps) {
  return (
    <button
      type="button"
      className={`button ${kind}`}
      aria-disabled={blocked ? true : undefined}
      aria-pressed={pressed}
      aria-label={label}
      title={blocked ?? title}
      onClick={() => {
        if (!blocked) onClick();
      }}
    >
      {children}
    </button>
  );
}

export interface ActionButtonProps {
  readonly id: ActionId;
  readonly kind?: ButtonProps['kind'];
  readonly children?: ReactNode;
  readonly pressed?: boolean;
}

export function ActionButton({ id, kind = 'plain', children, pressed }: ActionButtonProps) {
  // What a key acts on changes with the replay too.
  useWindow((state) => state.replay?.recording.episode.id);
  const blocked = useEngine((state) => ACTIONS[id].blocked?.(state));
  return (
    <button
      type="button"
      className={`button ${kind}`}
      data-action={id}
      aria-disabled={blocked ? true : undefined}
      aria-pressed={pressed}
      title={blocked ?? `${ACTIONS[id].label} (${keysOf(id)})`}
      onClick={() => perform(id)}
    >
      <span>{children ?? ACTIONS[id].label}</span>
      <KeyCap keys={keysOf(id).replace('Backspace', '⌫')} />
    </button>
  );
}
