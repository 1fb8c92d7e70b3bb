/**
 * The overview of keys. It never covers the bar, so that Stop stays in reach. Escape stops and closes it. It takes the
 * focus and gives it back.
 */
import { useEffect, useLayoutEffect, useRef } from 'react';
import { DRIVE_BINDINGS, KEY_BINDINGS } from '../../commands/keys.ts';
import { useWindow } from '../../state/window-store.ts';
import { Button } from '../../ui/button.tsx';

function Table({ title, rows }: { readonly title: string; readonly rows: readonly { keys: string; says: string }[] }) {
  return (
    <section>
      <h2>{title}</h2>
      <dl className="keys">
        {rows.map((row) => (
          <div key={row.says}>
            <dt>
              {(row.keys.includes(' ') ? row.keys.split(' ') : [row.keys]).map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{row.says}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function KeysOverlay() {
  const open = useWindow((state) => state.helpOpen);
  return open ? <Sheet /> : null;
}

function Sheet() {
  const sheet = useRef<HTMLDivElement>(null);
  const before = useRef<Element | null>(null);
  // A layout effect runs before the browser takes the focus from the panels, which have become inert.
  useLayoutEffect(() => {
    before.current = document.activeElement;
    sheet.current?.focus();
  }, []);
  // The cleanup of an effect runs when the panels can have the focus again.
  useEffect(
    () => () => {
      if (before.current instanceof HTMLElement) before.current.focus({ preventScroll: true });
    },
    [],
  );
  return (
    <div className="overlay" role="dialog" aria-modal="true" aria-label="Keys">
      <div className="sheet" ref={sheet} tabIndex={-1}>
        <div className="sheet-columns">
          <Table title="Everywhere" rows={KEY_BINDINGS} />
          <div>
            <Table title="Driving, while the scene has the keyboard" rows={DRIVE_BINDINGS} />
            <Table
              title="Mouse"
              rows={[
                { keys: 'Drag', says: 'Orbit; right button or Shift pans, wheel zooms' },
                { keys: 'Double', says: 'Click a camera’s picture to look through it' },
                {
                  keys: 'Puck',
                  says: 'Disc: left, right, away, back. Ring: turn. Bar: up, down. Shift on the disc: tilt',
                },
              ]}
            />
            <p className="muted">
              On a gamepad hold a trigger to drive. While an episode runs, focused buttons ignore Space and Enter. Text
              fields take every key but Escape. With a replay open, Enter, Backspace and Del are for the replayed
              episode, and Space goes back to live before it takes over.
            </p>
          </div>
        </div>
        <footer>
          <Button onClick={() => useWindow.setState({ helpOpen: false })}>
            Close <kbd>?</kbd>
          </Button>
        </footer>
      </div>
    </div>
  );
}
