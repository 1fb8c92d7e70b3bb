/** The window's frame: bar, feeds, scene, desk, timeline; splitters between them; what lies over them never covers the bar. */
import { type CSSProperties, useEffect, useLayoutEffect } from 'react';
import { requestDraw } from './engine/draw-loop.ts';
import { Bar } from './panels/bar/bar.tsx';
import { Desk } from './panels/desk/desk.tsx';
import { Feeds } from './panels/feeds/feeds.tsx';
import { KeysOverlay } from './panels/overlays/keys-overlay.tsx';
import { ScenePanel } from './panels/scene/scene-panel.tsx';
import { Timeline } from './panels/timeline/timeline.tsx';
import { driverView } from './state/driver.ts';
import { useEngine } from './state/engine-store.ts';
import { PANEL_RANGE } from './state/layout.ts';
import { isNarrow } from './state/scale.ts';
import { fitLayout, resetLayout, setLayout, useWindow, windowSize } from './state/window-store.ts';
import { Splitter } from './ui/splitter.tsx';

/** Text size of the design at factor 1, in pixels. All other lengths are relative to it. */
const TEXT_PX = 13;

export function App() {
  const layout = useWindow((state) => state.layout);
  const scale = useWindow((state) => state.scale);
  const helpOpen = useWindow((state) => state.helpOpen);
  const tone = useEngine((state) => driverView(state.link.state === 'open', state.status).tone);
  useEffect(() => {
    const resized = () => {
      fitLayout();
      requestDraw();
    };
    window.addEventListener('resize', resized);
    return () => window.removeEventListener('resize', resized);
  }, []);
  useLayoutEffect(() => {
    document.documentElement.style.fontSize = `${TEXT_PX * scale}px`;
    document.documentElement.toggleAttribute('data-narrow', isNarrow(windowSize(), scale));
  });
  useEffect(requestDraw);
  const px = (designPx: number) => `calc(${designPx} * var(--px))`;
  return (
    <div className="window" data-tone={tone} style={{ '--feeds': px(layout.feedsPx) } as CSSProperties}>
      <Bar />
      <div
        className="panels"
        inert={helpOpen}
        style={{
          gridTemplateColumns: `${px(layout.feedsPx)} minmax(0, 1fr) ${px(layout.deskPx)}`,
          gridTemplateRows: `minmax(0, 1fr) ${px(layout.timelinePx)}`,
        }}
      >
        <Feeds>
          <Splitter
            label="Width of the feeds"
            axis="x"
            edge="end"
            valuePx={layout.feedsPx}
            {...PANEL_RANGE.feedsPx}
            onChange={(feedsPx) => setLayout({ feedsPx })}
            onReset={resetLayout}
          />
        </Feeds>
        <ScenePanel />
        <Desk>
          <Splitter
            label="Width of the desk"
            axis="x"
            edge="start"
            valuePx={layout.deskPx}
            {...PANEL_RANGE.deskPx}
            onChange={(deskPx) => setLayout({ deskPx })}
            onReset={resetLayout}
          />
        </Desk>
        <Timeline>
          <Splitter
            label="Height of the timeline"
            axis="y"
            edge="start"
            valuePx={layout.timelinePx}
            {...PANEL_RANGE.timelinePx}
            onChange={(timelinePx) => setLayout({ timelinePx })}
            onReset={resetLayout}
          />
        </Timeline>
      </div>
      <KeysOverlay />
    </div>
  );
}
