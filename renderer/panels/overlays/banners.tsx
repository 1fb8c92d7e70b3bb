/** The banners over the scene: link lost, fault, hold, other window, no 3-D view, replay. Each says what to do. */
import { type ReactNode, useEffect, useState } from 'react';
import { deflectionOf, every, isNeutral, systemClock } from '../../../main/api/index.ts';
import { perform } from '../../commands/actions.ts';
import { nowMs, reconnect, tell } from '../../engine/engine.ts';
import { closeReplay, togglePlaying } from '../../engine/replay.ts';
import { driverView } from '../../state/driver.ts';
import { useEngine } from '../../state/engine-store.ts';
import { useSelection } from '../../state/same.ts';
import { useWindow } from '../../state/window-store.ts';
import { Button } from '../../ui/button.tsx';
import { Glyph } from '../../ui/glyph.tsx';
import { type BannerKind, bannersOf } from './banner-kinds.ts';
import { SceneBanner } from './scene-banner.tsx';

function LinkBanner() {
  const link = useEngine((state) => state.link);
  const everLinked = useEngine((state) => state.everLinked);
  const [now, setNow] = useState(nowMs);
  useEffect(() => {
    if (link.state !== 'lost') return;
    return every(systemClock, 250, () => setNow(nowMs()), console.error);
  }, [link]);
  if (link.state === 'open') return null;
  if (link.state === 'refused')
    return (
      <div className="banner danger" data-testid="link-banner">
        <Glyph name="broken" />
        <div>
          <b>{link.reason}</b>
          <p>{link.remedy}</p>
        </div>
        <Button onClick={reconnect}>Try again</Button>
      </div>
    );
  const seconds = link.state === 'lost' ? Math.max(0, (link.retryAtMs - now) / 1000).toFixed(0) : '0';
  return (
    <div className="banner hold" data-testid="link-banner">
      <Glyph name="broken" />
      <div>
        <b>{everLinked ? 'The link to the engine is lost' : 'Looking for the engine'}</b>
        <p>
          {everLinked ? 'The engine holds the arm by itself; what is stored is safe. ' : ''}
          {link.state === 'lost' ? `Next try in ${seconds}\u2009s.` : 'Trying now.'}
        </p>
      </div>
      <Button onClick={reconnect}>Try now</Button>
    </div>
  );
}

function FaultBanner() {
  const fault = useEngine((state) => (state.link.state === 'open' ? state.status?.fault : undefined));
  if (!fault) return null;
  return (
    <div className="banner danger" role="alert" data-testid="fault-banner">
      <Glyph name="triangle" />
      <div>
        <b>{fault.what}</b>
        <p>{fault.armDoes}</p>
        <p>{fault.remedy}</p>
      </div>
      <Button kind="strong" onClick={() => void tell('control.resume', {})}>
        Resume
      </Button>
    </div>
  );
}

function HoldBanner() {
  const reason = useEngine((state) => {
    if (state.link.state !== 'open' || state.status?.phase !== 'hold' || state.status.fault) return undefined;
    return state.status.holdReason ?? 'No motion is commanded.';
  });
  const stopped = useEngine((state) => driverView(true, state.status).word === 'STOPPED');
  const moved = useEngine(({ status, rig }) => {
    if (!status || !rig) return false;
    const [x = 0, y = 0, z = 0, rx = 0, ry = 0, rz = 0] = status.puckAxes;
    return status.puckButtons !== 0 || !isNeutral(deflectionOf([x, y, z, rx, ry, rz]), rig.takeover);
  });
  if (reason === undefined) return null;
  return (
    <div className={`banner ${stopped ? 'danger' : 'hold'}`} data-testid="hold-banner">
      <Glyph name={stopped ? 'octagon' : 'bars'} />
      <div>
        <b>{stopped ? 'Stopped' : 'Holding'}</b>
        <p>{reason}</p>
        {moved ? <p>Let the puck come back to neutral first.</p> : null}
      </div>
      <Button
        kind="strong"
        blocked={moved ? 'The puck is not at neutral.' : undefined}
        onClick={() => void tell('control.resume', {})}
      >
        Resume
      </Button>
    </div>
  );
}

function OtherWindowBanner() {
  return (
    <div className="banner hold" data-testid="claim-banner">
      <Glyph name="ring" />
      <div>
        <b>Another window holds the controls</b>
        <p>This one watches. Stop works from here too.</p>
      </div>
      <Button kind="strong" onClick={() => void tell('controls.claim', {})}>
        Take the controls
      </Button>
    </div>
  );
}

function ReplayBanner() {
  const replay = useWindow((state) => state.replay);
  if (!replay) return null;
  return (
    <div className="banner plain" data-testid="replay-banner">
      <Glyph name="arc" />
      <div>
        <b>Replay of episode {replay.recording.episode.id}</b>
        <p>
          Observation {replay.index} of {replay.recording.poses.length - 1}. Enter, Backspace and Delete judge it. The
          arm itself goes on as the bar says.
        </p>
      </div>
      <Button onClick={togglePlaying}>{replay.playing ? 'Pause' : 'Play'}</Button>
      <Button onClick={closeReplay}>Back to live</Button>
    </div>
  );
}

/** The button that starts an episode, at the foot of the scene, where the operator looks. */
export function ReadyHint() {
  const ready = useEngine(
    (state) => state.link.state === 'open' && state.status?.phase === 'ready' && !state.status.fault,
  );
  const mode = useEngine((state) => state.status?.mode);
  const replaying = useWindow((state) => state.replay !== undefined);
  const other = useEngine((state) => state.status?.controlsHeldByOther === true);
  if (!ready || replaying || other) return null;
  return (
    <div className="banner plain ready-hint" data-testid="ready-banner">
      <div>
        <b>{mode === 'demonstrate' ? 'Ready for a demonstration' : 'Ready'}</b>
      </div>
      <Button kind="strong" onClick={() => perform('next')}>
        Start <kbd>N</kbd>
      </Button>
    </div>
  );
}

export function Banners() {
  const replaying = useWindow((state) => state.replay !== undefined);
  const sceneBroken = useWindow((state) => state.sceneMissing !== undefined);
  const kinds = useEngine(useSelection((state) => bannersOf(state, { replaying, sceneBroken })));
  const bannerOf: Readonly<Record<BannerKind, ReactNode>> = {
    link: <LinkBanner key="link" />,
    fault: <FaultBanner key="fault" />,
    hold: <HoldBanner key="hold" />,
    claim: <OtherWindowBanner key="claim" />,
    scene: <SceneBanner key="scene" />,
    replay: <ReplayBanner key="replay" />,
  };
  return kinds.map((kind) => bannerOf[kind]);
}
