/** The desk: the panel with the tabs Episode, Runs, Data and Rig, and the notices below them. */
import type { ComponentType, ReactNode } from 'react';
import { activeRun, useEngine } from '../../state/engine-store.ts';
import { type DeskTab, useWindow } from '../../state/window-store.ts';
import { Notices } from '../overlays/notices.tsx';
import { DataTab } from './data-tab.tsx';
import { EpisodeTab } from './episode-tab.tsx';
import { RigTab } from './rig-tab.tsx';
import { RunsTab } from './runs-tab.tsx';

const TABS: readonly { readonly tab: DeskTab; readonly label: string; readonly content: ComponentType }[] = [
  { tab: 'episode', label: 'Episode', content: EpisodeTab },
  { tab: 'runs', label: 'Runs', content: RunsTab },
  { tab: 'data', label: 'Data', content: DataTab },
  { tab: 'rig', label: 'Rig', content: RigTab },
];

export function Desk({ children }: { readonly children: ReactNode }) {
  const tab = useWindow((state) => state.tab);
  const runActive = useEngine((state) => activeRun(state.runs) !== undefined);
  const trouble = useEngine(
    (state) => state.status?.inputDevices.some((device) => device.state === 'blocked') ?? false,
  );
  const Content = TABS.find((one) => one.tab === tab)?.content ?? EpisodeTab;
  return (
    <aside className="desk" aria-label="Desk">
      {children}
      <div className="tabs" role="tablist">
        {TABS.map((one) => (
          <button
            key={one.tab}
            type="button"
            role="tab"
            id={`tab-${one.tab}`}
            aria-selected={one.tab === tab}
            aria-controls="desk-content"
            onClick={() => useWindow.setState({ tab: one.tab })}
          >
            {one.label}
            {(one.tab === 'runs' && runActive) || (one.tab === 'rig' && trouble) ? (
              <i className="dot" title={one.tab === 'runs' ? 'A run is under way' : 'A device needs attention'} />
            ) : null}
          </button>
        ))}
      </div>
      <div className="desk-content" role="tabpanel" id="desk-content" aria-labelledby={`tab-${tab}`}>
        <Content />
      </div>
      <Notices />
    </aside>
  );
}
