/**
 * The window's frame: bar, feeds, scene, desk, timeline, and the splitters between them. Overlays never cover the bar.
 */
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
import { type Layout, PANEL_RANGE } from './state/layout.ts';
import { isNarrow } from './state/scale.ts';
import { fitLayout, resetLayout, setLayout, useWindow, windowSize } from './state/window-store.ts';
import { Splitter, type SplitterProps } from './ui/splitter.tsx';

/** Text size of the design at factor 1, in pixels. All other lengths are relative to it. */
const TEXT_PX = 13;

/** Applies the window's scale to the page, and fits the layout when the window changes its size. */
function useWindowSize(scale: number): void {
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
}

/** The splitter that sets one length of the layout. */
function PanelSplitter({
  panel,
  ...props
}: { readonly panel: keyof Layout } & Pick<SplitterProps, 'label' | 'axis' | 'edge'>) {
  const valuePx = useWindow((state) => state.layout[panel]);
  const scale = useWindow((state) => state.scale);
  return (
    <Splitter
      {...props}
      {...PANEL_RANGE[panel]}
      scale={scale}
      valuePx={valuePx}
      onChange={(px) => setLayout({ [panel]: px })}
      onReset={resetLayout}
    />
  );
}

export function App() {
  const layout = useWindow((state) => state.layout);
  const scale = useWindow((state) => state.scale);
  const helpOpen = useWindow((state) => state.helpOpen);
  const tone = useEngine((state) => driverView(state.link.state === 'open', state.status).tone);
  useWindowSize(scale);
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
          <PanelSplitter panel="feedsPx" label="Width of the feeds" axis="x" edge="end" />
        </Feeds>
        <ScenePanel />
        <Desk>
          <PanelSplitter panel="deskPx" label="Width of the desk" axis="x" edge="start" />
        </Desk>
        <Timeline>
          <PanelSplitter panel="timelinePx" label="Height of the timeline" axis="y" edge="start" />
        </Timeline>
      </div>
      <KeysOverlay />
    </div>
  );
}
