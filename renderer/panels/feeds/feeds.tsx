/**
 * The robot's senses: cameras, tactile pads, force and torque. They are painted from the streams, never rendered by
 * React.
 */
import type { ReactNode } from 'react';
import { REPLAY } from '../../engine/live-streams.ts';
import { useEngine } from '../../state/engine-store.ts';
import { useWindow } from '../../state/window-store.ts';
import { CameraFeed } from './camera-feed.tsx';
import { PadFeed } from './pad-feed.tsx';
import { Wrench } from './wrench.tsx';

/** Puts the wrist's picture first, because the operator's hand follows it. */
function inOrder<Camera extends { readonly name: string }>(cameras: readonly Camera[]): readonly Camera[] {
  return cameras.toSorted((a, b) => Number(b.name === 'wrist') - Number(a.name === 'wrist'));
}

export function Feeds({ children }: { readonly children: ReactNode }) {
  const cameras = useEngine((state) => state.rig?.cameras);
  const pads = useEngine((state) => state.rig?.tactilePads);
  const replaying = useWindow((state) => state.replay !== undefined);
  const prefix = replaying ? REPLAY : '';
  return (
    <aside className="feeds" aria-label="Feeds">
      {children}
      <div className="feeds-list">
        {inOrder(cameras ?? []).map((camera) => (
          <CameraFeed key={camera.name} name={camera.name} stream={prefix + camera.name} camera={camera} />
        ))}
        {!cameras ? <div className="feed-empty muted">The cameras appear when the engine answers.</div> : null}
        <div className="pads">
          {(pads ?? []).map((pad) => (
            <PadFeed key={pad.name} name={pad.name} stream={prefix + pad.name} />
          ))}
        </div>
        <Wrench />
      </div>
    </aside>
  );
}
