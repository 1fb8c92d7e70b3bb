/**
 * The timeline of the episode that runs, or of the one that is replayed: dragging on a replayed one moves everything.
 */
import { type PointerEvent, useEffect, useRef } from 'react';
import { scrubTo } from '../../engine/replay.ts';
import { liveEpisode, useEngine } from '../../state/engine-store.ts';
import { type Replay, useWindow } from '../../state/window-store.ts';
import { primaryIsDown } from '../../ui/primary-button.ts';
import { drawEpisode, type EpisodePicture, stepAt } from './draw-episode.ts';
import { useTimelinePainter } from './use-timeline-painter.ts';

function pictureOf(replay: Replay | undefined): EpisodePicture {
  const { rig } = useEngine.getState();
  const steps = replay ? replay.recording.steps : liveEpisode.steps;
  // A window that was opened in mid-episode does not have the first steps.
  const taken = (steps.at(-1)?.index ?? -1) + 1;
  return {
    steps,
    maxSteps: replay ? Math.max(1, taken) : Math.max(rig?.maxSteps ?? 100, taken),
    periodMs: replay?.recording.periodMs ?? rig?.periodMs ?? 100,
    cursor: replay ? replay.index : taken,
    forceFullN: rig?.limits.softForceN ?? 30,
  };
}

/** Moves the replay to the step under the pointer. */
function scrub(event: PointerEvent<HTMLCanvasElement>): void {
  const { replay, scale } = useWindow.getState();
  if (!replay) return;
  const box = event.currentTarget.getBoundingClientRect();
  const steps = Math.max(1, replay.recording.steps.length);
  scrubTo(stepAt((event.clientX - box.left) / scale, box.width / scale, steps));
}

export function EpisodeCanvas() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const painted = useRef('');
  const dragging = useRef(false);
  const replay = useWindow((state) => state.replay);
  useTimelinePainter(canvas, (element, ratio, changed) => {
    const { replay: current } = useWindow.getState();
    const key = current ? `replay ${current.recording.episode.id} ${current.index}` : `live ${liveEpisode.count}`;
    if (!changed && key === painted.current) return;
    painted.current = key;
    drawEpisode(element, pictureOf(current), ratio);
  });
  // Opening a replay gives it the keyboard: arrow keys scrub at once.
  const replayedId = replay?.recording.episode.id;
  useEffect(() => {
    if (replayedId !== undefined) canvas.current?.focus({ preventScroll: true });
  }, [replayedId]);
  return (
    <canvas
      ref={canvas}
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
  );
}
