/** Buttons and key caps. A blocked button says why in its title and stays focusable. */
import type { ReactNode } from 'react';

export function KeyCap({ keys }: { readonly keys: string }) {
  return keys ? <kbd>{keys}</kbd> : null;
}

export interface ButtonProps {
  readonly onClick: () => void;
  readonly children: ReactNode;
  readonly kind?: 'plain' | 'strong' | 'quiet' | 'danger';
  /** Why the button does nothing now. */
  readonly blocked?: string | undefined;
  readonly title?: string;
}

export function Button({ onClick, children, kind = 'plain', blocked, title }: ButtonProps) {
  return (
    <button
      type="button"
      className={`button ${kind}`}
      aria-disabled={blocked ? true : undefined}
      title={blocked ?? title}
      onClick={() => {
        if (!blocked) onClick();
      }}
    >
      {children}
    </button>
  );
}
