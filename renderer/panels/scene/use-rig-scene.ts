/**
 * Builds the 3-D scene on a canvas, builds it anew for other shapes, and passes the rig's limits and the view on to it.
 */
import { type RefObject, useEffect, useRef, useState } from 'react';
import { setViewHeading } from '../../driving/driving.ts';
import { requestDraw } from '../../engine/draw-loop.ts';
import { setStreamRate } from '../../engine/engine.ts';
import type { QualityLevel } from '../../scene/quality.ts';
import { RigScene } from '../../scene/rig-scene.ts';
import { useEngine } from '../../state/engine-store.ts';
import { sceneDrawn, useWindow } from '../../state/window-store.ts';

type Canvas = RefObject<HTMLCanvasElement | null>;
type Scene = RefObject<RigScene | undefined>;

/** `?quality=high` in the address overrides the quality that the machine would get. */
function askedLevel(): QualityLevel | undefined {
  const asked = new URLSearchParams(location.search).get('quality');
  return asked === 'high' || asked === 'medium' || asked === 'low' ? asked : undefined;
}

/**
 * Reports a lost drawing context. Returns how often a context came back to a canvas without a scene, which then has to
 * be built again.
 */
function useDrawingContext(canvas: Canvas, scene: Scene): number {
  const [restorations, setRestorations] = useState(0);
  useEffect(() => {
    const drawn = canvas.current;
    if (!drawn) return;
    const lost = () => useWindow.setState({ sceneMissing: 'the drawing context was lost' });
    const restored = () => {
      if (scene.current) sceneDrawn();
      else setRestorations((count) => count + 1);
      requestDraw();
    };
    drawn.addEventListener('webglcontextlost', lost);
    drawn.addEventListener('webglcontextrestored', restored);
    return () => {
      drawn.removeEventListener('webglcontextlost', lost);
      drawn.removeEventListener('webglcontextrestored', restored);
    };
  }, []);
  return restorations;
}

export function useRigScene(canvas: Canvas): Scene {
  const scene = useRef<RigScene | undefined>(undefined);
  const restorations = useDrawingContext(canvas, scene);
  const shapes = useEngine((state) => state.shapes);
  const rig = useEngine((state) => state.rig);
  const view = useWindow((state) => state.view);
  const framings = useWindow((state) => state.framings);
  // A new rig's limits move the box; only new shapes build the scene anew.
  const newestRig = useRef(rig);
  newestRig.current = rig;
  useEffect(() => {
    if (!canvas.current || !shapes || !newestRig.current) return;
    try {
      scene.current = new RigScene({
        canvas: canvas.current,
        rig: newestRig.current,
        shapes,
        level: askedLevel(),
        onMoved: requestDraw,
        onQuality: (quality) => setStreamRate(quality.streamHz),
        onHeading: setViewHeading,
      });
      scene.current.show(useWindow.getState().view);
      sceneDrawn();
    } catch (error) {
      useWindow.setState({ sceneMissing: error instanceof Error ? error.message : 'no 3-D drawing here' });
    }
    requestDraw();
    return () => {
      scene.current?.dispose();
      scene.current = undefined;
    };
  }, [shapes, restorations]);
  useEffect(() => {
    if (rig) scene.current?.setLimits(rig);
    requestDraw();
  }, [rig]);
  useEffect(() => {
    scene.current?.show(view);
    requestDraw();
  }, [view]);
  useEffect(() => {
    if (framings > 0) scene.current?.frame();
    requestDraw();
  }, [framings]);
  return scene;
}
