/**
 * Everything an operator can ask for, once: buttons and keys both run these, show their key from `keys.ts`,
 * and say why when an action is not to be had now.
 */

import { call, say, tell } from './engine/engine.ts';
import { CallError } from './engine/engine-client.ts';
import { type ActionId, KEY_BINDINGS } from './keys.ts';
import { activeRun, type EngineState, useEngine } from './state/engine-store.ts';
import { useWindow } from './state/window-store.ts';

export interface Action {
  readonly label: string;
  /** Why it cannot be done now; undefined when it can. */
  readonly blocked?: (state: EngineState) => string | undefined;
  readonly run: () => void;
}

const running = (state: EngineState) => state.status?.phase === 'running';
const notRunning = (state: EngineState) => (running(state) ? undefined : 'No episode runs.');
const view = (name: 'wrist' | 'side' | 'top' | 'free', label: string): Action => ({
  label,
  run: () => useWindow.setState({ view: name }),
});

let gripperCommand: 'open' | 'close' | undefined;

/** Says what Fine-tune still lacks, shortest first line: "12/20 successes". */
export function missingForFineTune(state: EngineState): string | undefined {
  if (!state.readiness) return 'not known yet';
  const lacking = state.readiness.needs.filter((need) => need.have < need.need);
  return lacking.length === 0 ? undefined : lacking.map((need) => `${need.have}/${need.need} ${need.label}`).join(', ');
}

async function answered(promise: Promise<unknown>): Promise<void> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    say(error.linkLost ? 'warning' : 'error', error.message, error.remedy);
  }
}

export const ACTIONS: Readonly<Record<ActionId, Action>> = {
  stop: { label: 'Stop', run: stop },
  takeover: {
    label: 'Take over',
    blocked: (state) => {
      if (!running(state)) return 'No episode runs.';
      return state.status?.mode === 'demonstrate' ? 'You drive from start to end in Demonstrate mode.' : undefined;
    },
    run: () => void tell('control.takeover', { engaged: useEngine.getState().status?.driver !== 'human' }),
  },
  success: { label: 'Success', blocked: notRunning, run: () => void tell('episode.verdict', { verdict: 'success' }) },
  failure: { label: 'Failure', blocked: notRunning, run: () => void tell('episode.verdict', { verdict: 'failure' }) },
  discard: {
    label: 'Discard',
    blocked: (state) => (running(state) || state.episodes.length > 0 ? undefined : 'Nothing is recorded yet.'),
    run: discard,
  },
  undo: { label: 'Undo', run: () => void answered(undo()) },
  next: {
    label: 'Start episode',
    blocked: (state) => {
      if (state.status?.phase === 'ready') return undefined;
      return running(state) ? 'An episode runs.' : 'The arm is not READY.';
    },
    run: () => void tell('episode.start', {}),
  },
  mode: {
    label: 'Demonstrate',
    blocked: (state) => (running(state) ? 'Not while an episode runs.' : undefined),
    run: () =>
      void tell('mode.set', {
        mode: useEngine.getState().status?.mode === 'demonstrate' ? 'run' : 'demonstrate',
      }),
  },
  revert: { label: 'Back to the last good policy', run: () => void answered(revert()) },
  'fine-tune': {
    label: 'Fine-tune',
    blocked: (state) => {
      if (activeRun(state.runs)) return 'A run is under way.';
      const missing = missingForFineTune(state);
      return missing && `Still needed: ${missing}.`;
    },
    run: () => void answered(fineTune()),
  },
  'view-wrist': view('wrist', 'Wrist'),
  'view-side': view('side', 'Side'),
  'view-top': view('top', 'Top'),
  'view-free': view('free', 'Free'),
  crop: {
    label: 'Policy’s view',
    run: () => useWindow.setState((state) => ({ cropShown: !state.cropShown })),
  },
  gripper: { label: 'Gripper', run: toggleGripper },
  help: { label: 'Keys', run: () => useWindow.setState((state) => ({ helpOpen: !state.helpOpen })) },
};

/** Stop is sent before anything else, and closes what lies over the window. */
function stop(): void {
  void call('control.stop', {}).catch((error: unknown) => {
    if (!(error instanceof CallError)) throw error;
    say(
      'error',
      `Stop was not delivered: ${error.message}`,
      'Without this window the engine holds the arm by itself. Use the emergency stop.',
    );
  });
  useWindow.setState({ helpOpen: false });
}

function discard(): void {
  const { status, episodes } = useEngine.getState();
  const newest = episodes.findLast((episode) => !episode.discarded);
  if (status?.phase === 'running') void tell('episode.discard', {});
  else if (newest) void tell('episode.discard', { episodeId: newest.id });
}

async function undo(): Promise<void> {
  const { undone } = await call('episode.undo', {});
  say('info', undone ? `Undone: ${undone}` : 'There is nothing to undo.');
}

async function revert(): Promise<void> {
  const { policy } = await call('policy.revert', {});
  say('info', `${policy} drives from the next episode on.`);
}

async function fineTune(): Promise<void> {
  const { runId } = await call('run.start', {});
  useWindow.setState({ tab: 'runs' });
  say('info', `Run ${runId} started in the background.`);
}

function toggleGripper(): void {
  const opening = useEngine.getState().status?.gripperOpeningM ?? 0;
  gripperCommand = gripperCommand ? (gripperCommand === 'open' ? 'close' : 'open') : opening > 0.02 ? 'close' : 'open';
  void tell('control.gripper', { command: gripperCommand });
}

/** Runs an action, or says why not. */
export function perform(id: ActionId): void {
  const action = ACTIONS[id];
  const why = action.blocked?.(useEngine.getState());
  if (why) say('info', `${action.label}: ${why}`);
  else action.run();
}

export function keysOf(id: ActionId): string {
  return KEY_BINDINGS.find((binding) => binding.action === id)?.keys ?? '';
}
