/** The scene's place in the window: canvas, frame tinted by who drives, view buttons, puck, and the states that need words. */
import { useEffect, useRef, useState } from 'react';
import { systemClock } from '../../../main/api/clock.ts';
import { perform } from '../../commands/actions.ts';
import { refusalToDrive } from '../../driving/may-drive.ts';
import { requestDraw } from '../../engine/draw-loop.ts';
import { live, setStreamRate } from '../../engine/engine.ts';
import { REPLAY } from '../../engine/live-streams.ts';
import { decodeStreamNumbers } from '../../scene/decode-poses.ts';
import type { QualityLevel } from '../../scene/quality.ts';
import { RigScene } from '../../scene/rig-scene.ts';
import { driverView } from '../../state/driver.ts';
import { liveEpisode, useEngine } from '../../state/engine-store.ts';
import { chooseView, type SceneView, sceneDrawn, useWindow } from '../../state/window-store.ts';
import { usePainter } from '../../ui/use-painter.ts';
import { Banners, ReadyHint } from '../overlays/banners.tsx';
import { FirstStart } from '../overlays/first-start.tsx';
import { Puck } from './puck.tsx';
import { SafetyLine } from './safety-line.tsx';

const VIEWS: readonly { readonly view: SceneView; readonly label: string; readonly key: string }[] = [
  { view: 'wrist', label: 'Wrist', key: '1' },
  { view: 'side', label: 'Side', key: '2' },
  { view: 'top', label: 'Top', key: '3' },
  { view: 'free', label: 'Free', key: '4' },
];

/** `?quality=high` in the address overrides the ladder. */
function askedLevel(): QualityLevel | undefined {
  const asked = new URLSearchParams(location.search).get('quality');
  return asked === 'high' || asked === 'medium' || asked === 'low' ? asked : undefined;
}

function Views() {
  const view = useWindow((state) => state.view);
  const follow = useWindow((state) => state.follow);
  return (
    <div className="views">
      <div role="radiogroup" aria-label="View">
        {VIEWS.map((one) => (
          // biome-ignore lint/a11y/useSemanticElements: a segmented control; arrow keys stay free for driving
          <button
            key={one.view}
            type="button"
            role="radio"
            aria-checked={one.view === view}
            onClick={() => chooseView(one.view)}
          >
            {one.label} <kbd>{one.key}</kbd>
          </button>
        ))}
      </div>
      <button
        type="button"
        role="switch"
        aria-checked={follow}
        title="The free view goes along with the tool (5)"
        onClick={() => perform('follow')}
      >
        Follow <kbd>5</kbd>
      </button>
    </div>
  );
}

export function ScenePanel() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scene = useRef<RigScene | undefined>(undefined);
  const poses = useRef<{ count: number; numbers: Float32Array | undefined }>({ count: -1, numbers: undefined });
  /** Incremented when the drawing context comes back, so that a scene that could not be built is built again. */
  const [context, setContext] = useState(0);
  const shapes = useEngine((state) => state.shapes);
  const rig = useEngine((state) => state.rig);
  const view = useWindow((state) => state.view);
  const focused = useWindow((state) => state.sceneFocused);
  const drives = useEngine((state) => state.status?.holdsControls === true);
  const refusal = useWindow(refusalToDrive);

  // A new rig's limits move the box; only new shapes build the scene anew.
  const newestRig = useRef(rig);
  newestRig.current = rig;
  useEffect(() => {
    if (!canvas.current || !shapes || !newestRig.current) return;
    try {
      const made = new RigScene({
        canvas: canvas.current,
        rig: newestRig.current,
        shapes,
        level: askedLevel(),
        onMoved: requestDraw,
        onQuality: (quality) => setStreamRate(quality.streamHz),
      });
      scene.current = made;
      made.show(useWindow.getState().view);
      sceneDrawn();
    } catch (error) {
      useWindow.setState({ sceneMissing: error instanceof Error ? error.message : 'no 3-D drawing here' });
    }
    requestDraw();
    return () => {
      scene.current?.dispose();
      scene.current = undefined;
    };
  }, [shapes, context]);
  useEffect(() => {
    const drawn = canvas.current;
    if (!drawn) return;
    const lost = () => useWindow.setState({ sceneMissing: 'the drawing context was lost' });
    const restored = () => {
      if (scene.current) sceneDrawn();
      else setContext((count) => count + 1);
      requestDraw();
    };
    drawn.addEventListener('webglcontextlost', lost);
    drawn.addEventListener('webglcontextrestored', restored);
    return () => {
      drawn.removeEventListener('webglcontextlost', lost);
      drawn.removeEventListener('webglcontextrestored', restored);
    };
  }, []);
  useEffect(() => {
    if (rig) scene.current?.setLimits(rig);
    requestDraw();
  }, [rig]);
  useEffect(() => {
    scene.current?.show(view);
    requestDraw();
  }, [view]);

  const framings = useWindow((state) => state.framings);
  useEffect(() => {
    if (framings > 0) scene.current?.frame();
    requestDraw();
  }, [framings]);

  const cancelAgain = useRef(() => {});
  usePainter((nowMs) => {
    const made = scene.current;
    if (!made) return;
    const { link, status } = useEngine.getState();
    const { replay } = useWindow.getState();
    const slot = live.get('poses');
    if (slot && slot.count !== poses.current.count)
      poses.current = { count: slot.count, numbers: decodeStreamNumbers(slot.message.payload) };
    const tone = driverView(link.state === 'open', status).tone;
    const step = replay?.recording.steps[Math.min(replay.index, replay.recording.steps.length - 1)];
    const again = made.draw({
      nowMs,
      poses: replay ? replay.recording.poses[replay.index] : poses.current.numbers,
      posesCount: replay ? replay.index + 0.5 : poses.current.count,
      setPoint: replay || status?.phase === 'hold' ? undefined : liveEpisode.setPoint,
      tone: replay ? (step?.actor === 'policy' ? 'policy' : 'human') : tone,
      replaying: replay !== undefined,
      follow: useWindow.getState().follow,
      stream: (name) => live.get(replay ? REPLAY + name : name),
    });
    cancelAgain.current();
    if (again !== undefined) cancelAgain.current = systemClock.at(systemClock.nowMs() + again, requestDraw);
  });

  return (
    <main className="scene" aria-label="Scene">
      <div
        className="scene-stage"
        data-drive
        data-testid="scene"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: as above
        tabIndex={0}
        role="application"
        aria-label="Scene: with focus, keys drive the arm"
        onFocus={() => useWindow.setState({ sceneFocused: true })}
        onBlur={() => useWindow.setState({ sceneFocused: false })}
        onPointerDown={(event) => event.currentTarget.focus()}
        onDoubleClick={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          const x = ((event.clientX - box.left) / box.width) * 2 - 1;
          const y = 1 - ((event.clientY - box.top) / box.height) * 2;
          const name = scene.current?.cameraAt(x, y);
          if (name === 'wrist' || name === 'side') chooseView(name);
        }}
      >
        <canvas ref={canvas} />
      </div>
      <div className="scene-frame" />
      <div className="scene-over">
        <SafetyLine />
        <Views />
        <div className="stack">
          <Banners />
          <FirstStart />
        </div>
        <div className="scene-foot">
          <Puck />
          <div className="scene-side">
            <ReadyHint />
            <div className={`drive-hint ${focused ? 'on' : ''}`}>
              {refusal ??
                (focused && drives
                  ? 'keys drive: W A S D · Q E · arrows · Z X · G'
                  : 'click the scene to drive with keys')}
            </div>
          </div>
        </div>
      </div>
    </main>
  );
}
