/** This episode, or the recorded one that is replayed, and the last 20. Dragging on a recorded episode moves everything. */
import { type PointerEvent, type ReactNode, useEffect, useRef } from 'react';
import { openReplay, scrubTo } from '../../engine/replay.ts';
import { liveEpisode, useEngine } from '../../state/engine-store.ts';
import { useWindow } from '../../state/window-store.ts';
import { fitCanvas } from '../../ui/canvas-size.ts';
import { primaryIsDown } from '../../ui/primary-button.ts';
import { usePainter } from '../../ui/use-painter.ts';
import { drawEpisode, stepAt } from './draw-episode.ts';
import { drawHistory, type HistoryPlaces } from './draw-history.ts';

const FONT = '11px "Inter Variable"';

export function Timeline({ children }: { readonly children: ReactNode }) {
  const episodeCanvas = useRef<HTMLCanvasElement>(null);
  const historyCanvas = useRef<HTMLCanvasElement>(null);
  const paintedEpisode = useRef('');
  const paintedHistory = useRef<{ readonly episodes: unknown; readonly selected: number | undefined } | undefined>(
    undefined,
  );
  const paintedFont = useRef(false);
  const places = useRef<HistoryPlaces>({ bars: [] });
  const dragging = useRef(false);
  const replay = useWindow((state) => state.replay);
  const empty = useEngine((state) => state.episodesLoaded && state.episodes.length === 0);
  const episodeId = useEngine((state) => state.status?.episodeId);

  usePainter(() => {
    // Labels painted before the typeface arrived are painted once more.
    const fontReady = document.fonts.check(FONT);
    const fontCame = fontReady && !paintedFont.current;
    paintedFont.current = fontReady;
    const { scale } = useWindow.getState();
    // Canvas pixels per design pixel, so that text and bars scale with the window.
    const ratio = Math.min(3, window.devicePixelRatio || 1) * scale;
    const { rig, episodes } = useEngine.getState();
    const { replay: current } = useWindow.getState();
    const canvas = episodeCanvas.current;
    if (canvas) {
      const changed = fitCanvas(canvas) || fontCame;
      const key = current ? `replay ${current.recording.episode.id} ${current.index}` : `live ${liveEpisode.count}`;
      if (changed || key !== paintedEpisode.current) {
        paintedEpisode.current = key;
        const steps = current ? current.recording.steps : liveEpisode.steps;
        // A window that was opened in mid-episode does not have the first steps.
        const taken = (steps.at(-1)?.index ?? -1) + 1;
        drawEpisode(
          canvas,
          {
            steps,
            maxSteps: current ? Math.max(1, taken) : Math.max(rig?.maxSteps ?? 100, taken),
            periodMs: current?.recording.periodMs ?? rig?.periodMs ?? 100,
            cursor: current ? current.index : taken,
            forceFullN: rig?.limits.softForceN ?? 30,
          },
          ratio,
        );
      }
    }
    const history = historyCanvas.current;
    if (history) {
      const changed = fitCanvas(history) || fontCame;
      const selected = current?.recording.episode.id;
      const painted = paintedHistory.current;
      if (changed || painted?.episodes !== episodes || painted.selected !== selected) {
        paintedHistory.current = { episodes, selected };
        places.current = drawHistory(history, episodes, ratio, selected);
      }
    }
  });

  // Opening a replay puts the keyboard on it: arrow keys scrub at once.
  const replayedId = replay?.recording.episode.id;
  useEffect(() => {
    if (replayedId !== undefined) episodeCanvas.current?.focus({ preventScroll: true });
  }, [replayedId]);

  const scrub = (event: PointerEvent<HTMLCanvasElement>) => {
    const { replay: current } = useWindow.getState();
    if (!current) return;
    const box = event.currentTarget.getBoundingClientRect();
    const { scale } = useWindow.getState();
    scrubTo(stepAt((event.clientX - box.left) / scale, box.width / scale, Math.max(1, current.recording.steps.length)));
  };

  return (
    <footer className="timeline">
      {children}
      <section className="timeline-episode">
        <h2>
          {replay
            ? `Episode ${replay.recording.episode.id}, recorded`
            : episodeId === undefined
              ? 'This episode'
              : `Episode ${episodeId}`}
        </h2>
        <canvas
          ref={episodeCanvas}
          data-testid="timeline"
          className={replay ? 'scrubs' : ''}
          tabIndex={replay ? 0 : -1}
          role="img"
          aria-label="Timeline of the episode: who drove, notched where safety limited a step, reward, force, gripper"
          title="Blue: policy · orange, hatched: you · notch: safety limited the step"
          onPointerDown={(event) => {
            if (event.button !== 0) return;
            dragging.current = true;
            event.currentTarget.setPointerCapture(event.pointerId);
            scrub(event);
          }}
          onPointerMove={(event) => {
            if (!primaryIsDown(event)) dragging.current = false;
            if (dragging.current) scrub(event);
          }}
          onLostPointerCapture={() => {
            dragging.current = false;
          }}
          onKeyDown={(event) => {
            if (!replay || (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight')) return;
            scrubTo(replay.index + (event.key === 'ArrowRight' ? 1 : -1));
          }}
        />
      </section>
      <section className="timeline-history">
        <h2>Last 20 episodes</h2>
        {empty ? <p className="muted timeline-empty">No episode has ended yet.</p> : null}
        <canvas
          ref={historyCanvas}
          role="img"
          aria-label="The last 20 episodes; click one to replay it"
          onClick={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            const x = (event.clientX - box.left) / useWindow.getState().scale;
            const hit = places.current.bars.find((bar) => x >= bar.from && x < bar.to);
            if (hit) void openReplay(hit.episodeId);
          }}
        />
      </section>
    </footer>
  );
}
