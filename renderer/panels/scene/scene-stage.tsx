/** The canvas of the 3-D scene: draws the newest poses or the replayed ones, and takes the keyboard for driving. */
import { type MouseEvent, useRef } from 'react';
import { systemClock } from '../../../main/api/clock.ts';
import { requestDraw } from '../../engine/draw-loop.ts';
import { live } from '../../engine/engine.ts';
import { REPLAY } from '../../engine/live-streams.ts';
import { usePainter } from '../../engine/use-painter.ts';
import { decodeStreamNumbers } from '../../scene/decode-poses.ts';
import type { SceneFrame } from '../../scene/scene-extension.ts';
import { driverView } from '../../state/driver.ts';
import { liveEpisode, useEngine } from '../../state/engine-store.ts';
import { chooseView, useWindow } from '../../state/window-store.ts';
import { useRigScene } from './use-rig-scene.ts';

interface Poses {
  readonly count: number;
  readonly numbers: Float32Array | undefined;
}
const NO_POSES: Poses = { count: -1, numbers: undefined };

/** Decodes the newest message of poses once. */
function newestPoses(known: Poses): Poses {
  const slot = live.get('poses');
  if (!slot || slot.count === known.count) return known;
  return { count: slot.count, numbers: decodeStreamNumbers(slot.message.payload) };
}

function frameAt(nowMs: number, poses: Poses): Omit<SceneFrame, 'camera'> {
  const { link, status } = useEngine.getState();
  const { replay, follow } = useWindow.getState();
  const step = replay?.recording.steps[Math.min(replay.index, replay.recording.steps.length - 1)];
  const recordedTone = step?.actor === 'policy' ? 'policy' : 'human';
  return {
    nowMs,
    poses: replay ? replay.recording.poses[replay.index] : poses.numbers,
    posesCount: replay ? replay.index + 0.5 : poses.count,
    setPoint: replay || status?.phase === 'hold' ? undefined : liveEpisode.setPoint,
    tone: replay ? recordedTone : driverView(link.state === 'open', status).tone,
    replaying: replay !== undefined,
    follow,
    stream: (name) => live.get(replay ? REPLAY + name : name),
  };
}

export function SceneStage() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scene = useRigScene(canvas);
  const poses = useRef(NO_POSES);
  const cancelAgain = useRef(() => {});
  usePainter((nowMs) => {
    if (!scene.current) return;
    poses.current = newestPoses(poses.current);
    const againMs = scene.current.draw(frameAt(nowMs, poses.current));
    cancelAgain.current();
    if (againMs !== undefined) cancelAgain.current = systemClock.at(systemClock.nowMs() + againMs, requestDraw);
  });
  const lookThrough = (event: MouseEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * 2 - 1;
    const y = 1 - ((event.clientY - box.top) / box.height) * 2;
    const name = scene.current?.cameraAt(x, y);
    if (name === 'wrist' || name === 'side') chooseView(name);
  };
  return (
    <div
      className="scene-stage"
      data-drive
      data-testid="scene"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the keys that drive act here
      tabIndex={0}
      role="application"
      aria-label="Scene: with focus, keys drive the arm"
      onFocus={() => useWindow.setState({ sceneFocused: true })}
      onBlur={() => useWindow.setState({ sceneFocused: false })}
      onPointerDown={(event) => event.currentTarget.focus()}
      onDoubleClick={lookThrough}
    >
      <canvas ref={canvas} />
    </div>
  );
}
