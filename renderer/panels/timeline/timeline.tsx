/**
 * The timeline: this episode, or the recorded one that is replayed, and beside it the last 20. A click on one opens its
 * replay.
 */
import { type MouseEvent, type ReactNode, useRef } from 'react';
import type { EpisodeSummary } from '../../../main/api/index.ts';
import { openReplay } from '../../engine/replay.ts';
import { useEngine } from '../../state/engine-store.ts';
import { useWindow } from '../../state/window-store.ts';
import { drawHistory, type HistoryBar } from './draw-history.ts';
import { EpisodeCanvas } from './episode-canvas.tsx';
import { useTimelinePainter } from './use-timeline-painter.ts';

interface Painted {
  readonly episodes: readonly EpisodeSummary[];
  readonly task: string | undefined;
  readonly selected: number | undefined;
}

const isShallowSame = (a: Painted, b: Painted) =>
  a.episodes === b.episodes && a.task === b.task && a.selected === b.selected;

/** Shows the episodes of the task that is chosen, because rates of two tasks do not compare. */
function HistoryCanvas() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const painted = useRef<Painted>(undefined);
  const bars = useRef<readonly HistoryBar[]>([]);
  useTimelinePainter(canvas, (element, ratio, changed) => {
    const { episodes, rig } = useEngine.getState();
    const next = { episodes, task: rig?.task, selected: useWindow.getState().replay?.recording.episode.id };
    if (!changed && painted.current && isShallowSame(painted.current, next)) return;
    painted.current = next;
    const ofTask = episodes.filter(({ task }) => next.task === undefined || task === next.task);
    bars.current = drawHistory(element, ofTask, ratio, next.selected);
  });
  const openUnder = (event: MouseEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    const x = (event.clientX - box.left) / useWindow.getState().scale;
    const hit = bars.current.find((bar) => x >= bar.from && x < bar.to);
    if (hit) void openReplay(hit.episodeId);
  };
  return (
    <canvas ref={canvas} role="img" aria-label="The last 20 episodes; click one to replay it" onClick={openUnder} />
  );
}

export function Timeline({ children }: { readonly children: ReactNode }) {
  const replayedId = useWindow((state) => state.replay?.recording.episode.id);
  const task = useEngine((state) => state.rig?.task);
  const empty = useEngine(
    (state) => state.episodesLoaded && !state.episodes.some((episode) => episode.task === state.rig?.task),
  );
  const episodeId = useEngine((state) => state.status?.episodeId);
  const liveTitle = episodeId === undefined ? 'This episode' : `Episode ${episodeId}`;
  return (
    <footer className="timeline">
      {children}
      <section className="timeline-episode">
        <h2>{replayedId === undefined ? liveTitle : `Episode ${replayedId}, recorded`}</h2>
        <EpisodeCanvas />
      </section>
      <section className="timeline-history">
        <h2>Last 20 episodes{task === undefined ? '' : ` · ${task}`}</h2>
        {empty ? <p className="muted timeline-empty">No episode has ended yet.</p> : null}
        <HistoryCanvas />
      </section>
    </footer>
  );
}
