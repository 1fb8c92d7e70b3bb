/**
 * The operator's actions. Buttons and keys both run these. A blocked action says why. While a replay is open, verdicts
 * and discards are for the replayed episode.
 */

import { TASKS } from '../../main/api/index.ts';
import { call, say, showRefusal, tell } from '../engine/engine.ts';
import { ignoreRefusal } from '../engine/engine-client.ts';
import { closeReplay } from '../engine/replay.ts';
import { activeRun, type EngineState, useEngine } from '../state/engine-store.ts';
import { type SceneView, VIEW_FACTS } from '../state/scene-views.ts';
import { chooseView, endNotice, useWindow, zoomBy } from '../state/window-store.ts';
import { type ActionId, KEY_BINDINGS } from './keys.ts';

export interface Action {
  readonly label: string;
  /** Returns why the action cannot run now; `undefined` when it can. */
  readonly blocked?: (state: EngineState) => string | undefined;
  readonly run: () => void;
}

const running = (state: EngineState) => state.status?.phase === 'running';
const notRunning = (state: EngineState) => (running(state) ? undefined : 'No episode runs.');
/** Returns the newest episode when a classifier ended it: a person may still overrule that. */
const overrulable = (state: EngineState) => {
  const newest = state.episodes.at(-1);
  return newest?.judge === 'classifier' ? newest : undefined;
};
const otherMode = (state: EngineState) => (state.status?.mode === 'demonstrate' ? 'run' : 'demonstrate');
const replayedId = () => useWindow.getState().replay?.recording.episode.id;
const noVerdict = (state: EngineState) =>
  replayedId() !== undefined || overrulable(state) ? undefined : notRunning(state);
const nothingToLabel = (state: EngineState) =>
  running(state) || useWindow.getState().replay ? undefined : 'No episode runs, and none is replayed.';
const view = (name: SceneView): Action => ({ label: VIEW_FACTS[name].label, run: () => chooseView(name) });

/** True for a task of the cell that masks the gripper. For another rig's task the engine refuses the call. */
export function leavesGripperAlone(state: EngineState): boolean {
  const task = Object.values(TASKS).find(({ id }) => id === state.rig?.task);
  return task?.actionMask.at(-1) === false;
}

/** Returns what Fine-tune still lacks, for example "12/20 successes"; `undefined` when nothing. */
export function missingForFineTune(state: EngineState): string | undefined {
  if (!state.readiness) return 'not known yet';
  const lacking = state.readiness.needs.filter((need) => need.have < need.need);
  return lacking.length === 0 ? undefined : lacking.map((need) => `${need.have}/${need.need} ${need.label}`).join(', ');
}

const answered = (promise: Promise<unknown>) => promise.catch((error: unknown) => showRefusal(error));

export const ACTIONS: Readonly<Record<ActionId, Action>> = {
  stop: { label: 'Stop', run: stop },
  takeover: {
    label: 'Take over',
    blocked: (state) => {
      if (!running(state)) return 'No episode runs.';
      if (state.status?.mode === 'demonstrate') return 'You drive from start to end in Demonstrate mode.';
      return state.rig?.takeover.mode === 'hold' ? 'In Hold mode you drive while the button is held.' : undefined;
    },
    run: takeOverOrRelease,
  },
  success: { label: 'Success', blocked: noVerdict, run: () => void answered(judge('success')) },
  failure: { label: 'Failure', blocked: noVerdict, run: () => void answered(judge('failure')) },
  discard: { label: 'Discard', blocked: notDiscardable, run: () => void answered(discard()) },
  undo: { label: 'Undo', run: () => void answered(undo()) },
  'label-positive': { label: 'Is success', blocked: nothingToLabel, run: () => void answered(label('positive')) },
  'label-negative': { label: 'Is not', blocked: nothingToLabel, run: () => void answered(label('negative')) },
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
    run: () => void tell('mode.set', { mode: otherMode(useEngine.getState()) }),
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
  'view-wrist': view('wrist'),
  'view-side': view('side'),
  'view-top': view('top'),
  'view-free': view('free'),
  follow: {
    label: 'Follow the tool',
    run: () => {
      useWindow.setState((state) => ({ follow: !state.follow }));
      if (useWindow.getState().view !== 'free') chooseView('free');
    },
  },
  crop: { label: 'Policy’s view', run: () => useWindow.setState((state) => ({ cropShown: !state.cropShown })) },
  gripper: {
    label: 'Gripper',
    blocked: (state) => {
      if (leavesGripperAlone(state)) return 'This task leaves the gripper alone.';
      return state.status?.driver === 'human' ? undefined : 'It follows you while you drive: take over first.';
    },
    run: () => void tell('control.gripper', { command: 'toggle' }),
  },
  'zoom-in': { label: 'Larger', run: () => zoom(1) },
  'zoom-out': { label: 'Smaller', run: () => zoom(-1) },
  'zoom-reset': { label: 'Normal size', run: () => zoom(0) },
  help: { label: 'Keys', run: () => useWindow.setState((state) => ({ helpOpen: !state.helpOpen })) },
};

function zoom(direction: 1 | 0 | -1): void {
  const refusal = direction > 0 ? 'This window has no room for larger letters.' : 'Letters are as small as they get.';
  if (zoomBy(direction)) endNotice('zoom');
  else say('info', refusal, undefined, { topic: 'zoom' });
}

/** Sends Stop before anything else, then closes the overview of keys. */
function stop(): void {
  void call('control.stop', {}).then(
    () => endNotice('control.stop'),
    (error: unknown) => {
      ignoreRefusal(error);
      say(
        'error',
        `Stop was not delivered: ${error.message}`,
        'Without this window the engine holds the arm by itself. Use the emergency stop.',
        { topic: 'control.stop', lasts: true },
      );
    },
  );
  useWindow.setState({ helpOpen: false });
}

/** Closes a replay first, because a person who takes over must see the arm. */
function takeOverOrRelease(): void {
  if (useWindow.getState().replay) closeReplay();
  void tell('control.takeover', { engaged: useEngine.getState().status?.driver !== 'human' });
}

async function judge(verdict: 'success' | 'failure'): Promise<void> {
  const episodeId = replayedId();
  if (episodeId !== undefined) {
    await call('episode.verdict', { episodeId, verdict });
    return say('info', `Episode ${episodeId}: ${verdict}`);
  }
  const state = useEngine.getState();
  const ended = running(state) ? undefined : overrulable(state);
  void tell('episode.verdict', { verdict, ...(ended ? { episodeId: ended.id } : {}) });
}

/** Labels the moment on the screen: the one that a replay shows, otherwise the present one. */
async function label(what: 'positive' | 'negative'): Promise<void> {
  const { replay } = useWindow.getState();
  const frame = replay ? { episodeId: replay.recording.episode.id, index: replay.index } : undefined;
  const labelled = await call('label.set', { label: what, ...(frame ? { frame } : {}) });
  const words = what === 'positive' ? 'success' : 'no success';
  if (frame) say('info', `Episode ${labelled.episodeId}, moment ${labelled.index}: ${words}`);
}

function notDiscardable(state: EngineState): string | undefined {
  const replayed = replayedId();
  if (replayed !== undefined)
    return state.episodes.find(({ id }) => id === replayed)?.discarded
      ? 'It is discarded already; undo takes it back.'
      : undefined;
  return running(state) || state.episodes.length > 0 ? undefined : 'Nothing is recorded yet.';
}

async function discard(): Promise<void> {
  const episodeId = replayedId();
  if (episodeId !== undefined) {
    await call('episode.discard', { episodeId });
    return say('info', `Episode ${episodeId} is discarded.`);
  }
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
