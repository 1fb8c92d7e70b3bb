/** One calm line under who drives. It says what safety limits now, or limited at the moment that a replay shows. */
import { useRef } from 'react';
import { usePainter } from '../../engine/use-painter.ts';
import { liveEpisode, liveStatus, useEngine } from '../../state/engine-store.ts';
import { useWindow } from '../../state/window-store.ts';
import { newestLimitsInWords } from '../../words/safety-words.ts';

function words(): string {
  const { replay } = useWindow.getState();
  if (replay) {
    const { steps, periodMs } = replay.recording;
    return newestLimitsInWords(steps.slice(0, replay.index + 1), periodMs);
  }
  const engine = useEngine.getState();
  const status = liveStatus(engine);
  if (status?.phase !== 'running' || status.episodeId !== liveEpisode.episodeId) return '';
  return newestLimitsInWords(liveEpisode.steps, engine.rig?.periodMs ?? 100);
}

export function SafetyLine() {
  const line = useRef<HTMLParagraphElement>(null);
  usePainter(() => {
    const text = words();
    if (line.current && line.current.textContent !== text) line.current.textContent = text;
  });
  return <p ref={line} className="safety-line" role="status" data-testid="safety-line" />;
}
