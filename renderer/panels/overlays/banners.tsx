/** The banners over the scene: link lost, fault, hold, other window, no 3-D view, replay. Each says what to do. */
import { type PropsWithChildren, type ReactNode, useEffect, useState } from 'react';
import { deflectionOf, every, isNeutral, systemClock } from '../../../main/api/index.ts';
import { perform } from '../../commands/actions.ts';
import { nowMs, reconnect, tell } from '../../engine/engine.ts';
import { closeReplay, togglePlaying } from '../../engine/replay.ts';
import { driverView } from '../../state/driver.ts';
import { useEngine } from '../../state/engine-store.ts';
import { useSelection } from '../../state/same.ts';
import { useWindow } from '../../state/window-store.ts';
import { Button } from '../../ui/button.tsx';
import { Glyph, type GlyphName } from '../../ui/glyph.tsx';
import { type BannerKind, bannersOf } from './banner-kinds.ts';

type BannerProps = PropsWithChildren<{
  readonly kind: BannerKind;
  readonly tone: 'danger' | 'hold' | 'plain';
  readonly glyph: GlyphName;
  readonly title: string;
  readonly says: readonly (string | undefined)[];
  /** True when the banner is read out at once. */
  readonly alert?: boolean;
}>;

/** A banner with its buttons as children. */
function Banner({ kind, tone, glyph, title, says, alert, children }: BannerProps) {
  return (
    <div className={`banner ${tone}`} role={alert ? 'alert' : undefined} data-testid={`${kind}-banner`}>
      <Glyph name={glyph} />
      <div>
        <b>{title}</b>
        {says.map((line) => (line === undefined ? null : <p key={line}>{line}</p>))}
      </div>
      {children}
    </div>
  );
}

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
      <Banner kind="link" tone="danger" glyph="broken" title={link.reason} says={[link.remedy]}>
        <Button onClick={reconnect}>Try again</Button>
      </Banner>
    );
  const seconds = link.state === 'lost' ? Math.max(0, (link.retryAtMs - now) / 1000).toFixed(0) : '0';
  const safe = everLinked ? 'The engine holds the arm by itself; what is stored is safe. ' : '';
  const next = link.state === 'lost' ? `Next try in ${seconds}\u2009s.` : 'Trying now.';
  const title = everLinked ? 'The link to the engine is lost' : 'Looking for the engine';
  return (
    <Banner kind="link" tone="hold" glyph="broken" title={title} says={[safe + next]}>
      <Button onClick={reconnect}>Try now</Button>
    </Banner>
  );
}

function FaultBanner() {
  const fault = useEngine((state) => (state.link.state === 'open' ? state.status?.fault : undefined));
  if (!fault) return null;
  return (
    <Banner kind="fault" tone="danger" glyph="triangle" title={fault.what} says={[fault.armDoes, fault.remedy]} alert>
      <Button kind="strong" onClick={() => void tell('control.resume', {})}>
        Resume
      </Button>
    </Banner>
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
    <Banner
      kind="hold"
      {...(stopped
        ? { tone: 'danger', glyph: 'octagon', title: 'Stopped' }
        : { tone: 'hold', glyph: 'bars', title: 'Holding' })}
      says={[reason, moved ? 'Let the puck come back to neutral first.' : undefined]}
    >
      <Button
        kind="strong"
        blocked={moved ? 'The puck is not at neutral.' : undefined}
        onClick={() => void tell('control.resume', {})}
      >
        Resume
      </Button>
    </Banner>
  );
}

function OtherWindowBanner() {
  return (
    <Banner
      kind="claim"
      tone="hold"
      glyph="ring"
      title="Another window holds the controls"
      says={['This one watches. Stop works from here too.']}
    >
      <Button kind="strong" onClick={() => void tell('controls.claim', {})}>
        Take the controls
      </Button>
    </Banner>
  );
}

/** Inputs of this window do not drive while the 3-D view is not drawn, unless the person chooses the cameras. */
function SceneBanner() {
  const missing = useWindow((state) => state.sceneMissing);
  const byCameras = useWindow((state) => state.drivesByCameras);
  if (missing === undefined) return null;
  const says = byCameras
    ? `You drive by the cameras: ${missing}.`
    : `Keys, gamepads and the puck on the screen do not drive: ${missing}. Cameras and Stop work. Load the page again if it does not come back.`;
  return (
    <Banner kind="scene" tone="hold" glyph="triangle" title="The 3-D view cannot be drawn here" says={[says]} alert>
      {byCameras ? null : (
        <Button onClick={() => useWindow.setState({ drivesByCameras: true })}>Drive by the cameras</Button>
      )}
    </Banner>
  );
}

function ReplayBanner() {
  const replay = useWindow((state) => state.replay);
  if (!replay) return null;
  const { episode, poses } = replay.recording;
  const place = `Observation ${replay.index} of ${poses.length - 1}.`;
  const says = `${place} Enter, Backspace and Delete judge it. The arm itself goes on as the bar says.`;
  return (
    <Banner kind="replay" tone="plain" glyph="arc" title={`Replay of episode ${episode.id}`} says={[says]}>
      <Button onClick={togglePlaying}>{replay.playing ? 'Pause' : 'Play'}</Button>
      <Button onClick={closeReplay}>Back to live</Button>
    </Banner>
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
