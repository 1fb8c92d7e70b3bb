/**
 * Three steps for a person who opens the window for the first time, while the arm already moves. Can be skipped. Hidden
 * while a banner is shown.
 */

import { useEngine } from '../../state/engine-store.ts';
import { finishHint, useWindow } from '../../state/window-store.ts';
import { Button } from '../../ui/button.tsx';
import { bannersOf } from './banner-kinds.ts';

const STEPS = [
  {
    title: 'Watch',
    text: 'A policy drives the arm, one episode after the other. Blue means policy. Escape stops everything, always.',
  },
  {
    title: 'Take over',
    text: 'When it errs, move the SpaceMouse, drag the puck, or click the scene and use W A S D, Q E. Orange means you. Let go and the policy drives on.',
  },
  {
    title: 'Fine-tune',
    text: 'Press Enter for success, Backspace for failure. Your corrections fill the demo buffer; when Fine-tune lights up, press it. The newer policy takes the next episode.',
  },
] as const;

export function FirstStart() {
  const step = useWindow((state) => state.hintStep);
  const sceneBroken = useWindow((state) => state.sceneMissing !== undefined);
  const replaying = useWindow((state) => state.replay !== undefined);
  const bannerStands = useEngine((state) => bannersOf(state, { replaying, sceneBroken }).length > 0);
  const current = step === undefined ? undefined : STEPS[step];
  if (!current || step === undefined || bannerStands) return null;
  const last = step === STEPS.length - 1;
  return (
    <aside className="first-start" aria-label="First steps" data-testid="first-start">
      <header>
        <b>{current.title}</b>
        <span className="muted">
          {step + 1} of {STEPS.length}
        </span>
      </header>
      <p>{current.text}</p>
      <footer>
        <Button kind="quiet" onClick={finishHint}>
          Skip
        </Button>
        <Button
          kind="strong"
          onClick={() => {
            if (last) finishHint();
            else useWindow.setState({ hintStep: step + 1 });
          }}
        >
          {last ? 'Begin' : 'Next'}
        </Button>
      </footer>
    </aside>
  );
}
