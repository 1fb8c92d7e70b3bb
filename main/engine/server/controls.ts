/**
 * The controls: at most one window holds them. Its heartbeats, and those of every window that watches, are noted for
 * the control loop's watchdog.
 */
import type { Engine } from '../engine.ts';
import { FAULTS } from '../loop/faults.ts';
import type { WindowPuck } from '../pucks.ts';

export type Controls = ReturnType<typeof createControls>;

export function createControls(options: {
  readonly engine: Engine;
  readonly windowPuck: WindowPuck | undefined;
  /** Called when the controls have changed hands. */
  readonly changed: () => void;
}) {
  const { engine, windowPuck, changed } = options;
  const { supervision, loop } = engine;
  let holder: number | undefined;
  const beat = (windowId: number) => {
    const nowMs = engine.options.cell.clock.nowMs();
    supervision.watchedMs = nowMs;
    if (windowId === holder) supervision.heartbeatMs = nowMs;
  };
  const release = (windowId: number) => {
    if (windowId !== holder) return;
    holder = undefined;
    supervision.heartbeatMs = undefined;
    windowPuck?.release();
    changed();
  };
  return {
    /** Returns the id of the window that holds the controls. */
    holder: () => holder,
    claim: (windowId: number) => {
      if (holder !== windowId) windowPuck?.release();
      holder = windowId;
      beat(windowId);
      changed();
    },
    release,
    /** Notes a heartbeat: every message of an admitted window shows that it lives and that a person may watch. */
    beat,
    /** Releases the controls of a window that is gone. The arm holds when it moved. `windowsLeft`: how many remain. */
    windowGone: (windowId: number, windowsLeft: number) => {
      const held = windowId === holder;
      release(windowId);
      if (windowsLeft === 0) supervision.watchedMs = undefined;
      engine.windowsChanged(windowsLeft);
      const phase = loop.phase();
      if (held && (phase === 'running' || phase === 'resetting'))
        loop.fault(FAULTS.alarm({ kind: 'window-lost', silentMs: 0 }, 0));
    },
  };
}
