/** The input devices: each with its state and remedy, and the axes of the one that moves now. */
import { useRef, useSyncExternalStore } from 'react';
import { listedGamepads } from '../../driving/driving.ts';
import { usePainter } from '../../engine/use-painter.ts';
import { liveStatus, useEngine } from '../../state/engine-store.ts';
import { useSelection } from '../../state/same.ts';

const AXES = ['x', 'y', 'z', 'rx', 'ry', 'rz'] as const;
const STATE_SAYS = {
  ready: 'ready',
  silent: 'nothing came from it yet',
  absent: 'not plugged in',
  blocked: 'cannot be opened',
  lost: 'unplugged',
} as const;

function LiveAxes() {
  const bars = useRef<HTMLDivElement>(null);
  usePainter(() => {
    const axes = liveStatus(useEngine.getState())?.puckAxes;
    bars.current?.querySelectorAll('i').forEach((bar, index) => {
      bar.style.transform = `scaleX(${axes?.[index] ?? 0})`;
    });
  });
  return (
    <div ref={bars} className="axes" role="img" aria-label="Axes of the device that moves">
      {AXES.map((name) => (
        <span key={name}>
          <b>{name}</b>
          <em>
            <i />
          </em>
        </span>
      ))}
    </div>
  );
}

function onGamepads(listener: () => void): () => void {
  const events = ['gamepadconnected', 'gamepaddisconnected'];
  for (const name of events) window.addEventListener(name, listener);
  return () => {
    for (const name of events) window.removeEventListener(name, listener);
  };
}

export function InputDevices() {
  // The engine knows a window's gamepad only after it has moved something.
  const gamepads = useSyncExternalStore(onGamepads, listedGamepads);
  const devices = useEngine(useSelection((state) => state.status?.inputDevices)) ?? [];
  const ready =
    gamepads.some(({ standard }) => standard) ||
    devices.some(
      ({ state, kind }) => (state === 'ready' || state === 'silent') && (kind === 'spacemouse' || kind === 'gamepad'),
    );
  return (
    <div className="devices">
      {devices.map((device) => (
        <div key={`${device.kind} ${device.name}`} className="device" data-state={device.state}>
          <i className="health" />
          <span>{device.name}</span>
          <small>{STATE_SAYS[device.state]}</small>
          {device.message ? <p>{device.message}</p> : null}
          {device.remedy ? <pre>{device.remedy}</pre> : null}
        </div>
      ))}
      {gamepads.map(({ index, name, standard }) => (
        <div key={index} className="device" data-state={standard ? 'ready' : 'blocked'}>
          <i className="health" />
          <span>{name}</span>
          <small>{standard ? 'hold a trigger to drive' : 'cannot drive'}</small>
          {standard ? null : (
            <p>This browser does not know its layout. Switch it to XInput if it has that mode, or use another one.</p>
          )}
        </div>
      ))}
      {ready ? null : (
        <p className="muted small">
          No SpaceMouse or gamepad is connected. Plug one in (a gamepad shows once a button is pressed), or drive from
          here: drag the puck, or click the scene and use the keys.
        </p>
      )}
      <LiveAxes />
    </div>
  );
}
