/** The window's frame: bar, feeds, scene, desk, timeline; splitters between them; what lies over them never covers the bar. */
import { type CSSProperties, useEffect } from 'react';
import { driverView } from './driver.ts';
import { requestDraw } from './engine/draw-loop.ts';
import { Bar } from './panels/bar/bar.tsx';
import { Desk } from './panels/desk/desk.tsx';
import { Feeds } from './panels/feeds/feeds.tsx';
import { KeysOverlay } from './panels/overlays/keys-overlay.tsx';
import { Notices } from './panels/overlays/notices.tsx';
import { ScenePanel } from './panels/scene/scene-panel.tsx';
import { Timeline } from './panels/timeline/timeline.tsx';
import { useEngine } from './state/engine-store.ts';
import { defaultLayout, PANEL_RANGE } from './state/layout.ts';
import { fitLayout, setLayout, useWindow } from './state/window-store.ts';
import { Splitter } from './ui/splitter.tsx';

export function App() {
  const layout = useWindow((state) => state.layout);
  const helpOpen = useWindow((state) => state.helpOpen);
  const tone = useEngine((state) => driverView(state.link.state === 'open', state.status).tone);
  const reset = () => setLayout(defaultLayout(innerWidth, innerHeight));
  useEffect(() => {
    const resized = () => {
      fitLayout();
      requestDraw();
    };
    window.addEventListener('resize', resized);
    return () => window.removeEventListener('resize', resized);
  }, []);
  useEffect(requestDraw);
  return (
    <div className="window" data-tone={tone} style={{ '--feeds': `${layout.feedsPx}px` } as CSSProperties}>
      <Bar />
      <div
        className="panels"
        inert={helpOpen}
        style={{
          gridTemplateColumns: `${layout.feedsPx}px 1px minmax(0, 1fr) 1px ${layout.deskPx}px`,
          gridTemplateRows: `minmax(0, 1fr) 1px ${layout.timelinePx}px`,
        }}
      >
        <Feeds />
        <Splitter
          label="Width of the feeds"
          axis="x"
          valuePx={layout.feedsPx}
          {...PANEL_RANGE.feedsPx}
          sign={1}
          onChange={(feedsPx) => setLayout({ feedsPx })}
          onReset={reset}
        />
        <ScenePanel />
        <Splitter
          label="Width of the desk"
          axis="x"
          valuePx={layout.deskPx}
          {...PANEL_RANGE.deskPx}
          sign={-1}
          onChange={(deskPx) => setLayout({ deskPx })}
          onReset={reset}
        />
        <Desk />
        <Splitter
          label="Height of the timeline"
          axis="y"
          valuePx={layout.timelinePx}
          {...PANEL_RANGE.timelinePx}
          sign={-1}
          onChange={(timelinePx) => setLayout({ timelinePx })}
          onReset={reset}
        />
        <Timeline />
      </div>
      <Notices />
      <KeysOverlay />
    </div>
  );
}
