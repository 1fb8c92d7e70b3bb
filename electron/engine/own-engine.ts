/**
 * The engine that the shell starts itself, and what its window shows while that starts, runs, fails and starts again.
 */

import type { OpenWindow, OpenWindows } from '../window/open-windows.ts';
import { startingPage } from '../window/pages.ts';
import type { EngineProcess, EngineState } from './engine-process.ts';

export type OwnEngine = ReturnType<typeof createOwnEngine>;

export function createOwnEngine(options: {
  /** Makes an engine process that is not started yet. */
  readonly createEngine: (folder: string | undefined, changed: (state: EngineState) => void) => EngineProcess;
  readonly windows: OpenWindows;
  readonly isQuitting: () => boolean;
}) {
  const { windows } = options;
  let engine: EngineProcess | undefined;
  let shownBefore = false;
  const changed = (state: EngineState) => {
    const entry = windows.own();
    if (!entry || options.isQuitting()) return;
    switch (state.kind) {
      case 'starting':
        // A window that already shows an engine's page says by itself that the link is lost.
        if (!entry.engineShown) entry.window.showPage(startingPage());
        return;
      case 'running':
        if (shownBefore)
          entry.notice = 'The engine stopped and was started again. The arm holds; the step in flight may be lost.';
        shownBefore = true;
        return windows.showEngine(entry, state.url);
      case 'waiting':
        if (!entry.engineShown) entry.window.showPage(startingPage(`${state.what} Starting it again.`));
        return;
      case 'failed': {
        const { what, remedy } = state;
        return windows.showFailure(entry, { title: 'The engine is not running', what, remedy });
      }
      case 'stopped':
        return;
      default:
        state satisfies never;
    }
  };
  return {
    /** Starts an engine on a project folder. `undefined` stands for the engine's default folder. */
    startOn: (folder: string | undefined): void => {
      shownBefore = false;
      engine = options.createEngine(folder, changed);
      engine.start();
    },
    isRunning: (): boolean => engine?.state().kind === 'running',
    /** Shows the engine that runs, or starts it again. */
    retry: (entry: OpenWindow): void => {
      const state = engine?.state();
      if (state?.kind === 'running') windows.showEngine(entry, state.url);
      else engine?.start();
    },
    stop: async (): Promise<void> => engine?.stop(),
    stopBlocking: (pause: (ms: number) => void): void => engine?.stopBlocking(pause),
    logTail: (): readonly string[] => engine?.logTail() ?? [],
  };
}
