/**
 * The window's only link to the engine. It passes messages to the stores, subscribes to the rig's streams, claims the
 * controls when nobody holds them, and sends the heartbeat. Other files use `call` and `tell`.
 */
import {
  type CallName,
  type CallParameters,
  type CallResult,
  type ServerMessage,
  systemClock,
} from '../../main/api/index.ts';
import {
  forgetProject,
  liveEpisode,
  liveStatus,
  markExportsUnknown,
  putEpisodePage,
  putEpisodes,
  putExport,
  putRun,
  putStep,
  useEngine,
} from '../state/engine-store.ts';
import { keyOf, standingOf } from '../state/notices.ts';
import { isSame } from '../state/same.ts';
import { endNotice, notify, tidyNotices, useWindow } from '../state/window-store.ts';
import { requestDraw } from './draw-loop.ts';
import { EngineClient, ignoreRefusal, type LinkState } from './engine-client.ts';
import { LiveStreams, REPLAY } from './live-streams.ts';
import { createMetronome } from './metronome.ts';
import { codeFromFragment, createSession } from './session.ts';

export const live = new LiveStreams();
/** Beats every 33 ms, also while the window is hidden. */
export const metronome = createMetronome(33);
export const nowMs = () => systemClock.nowMs();

const HEARTBEAT_EVERY = 3;
const EPISODES_PER_PAGE = 200;
let streamHz = 30;
let claimAsked = false;

const session = createSession(takeCode(), sessionStorage);
const client = new EngineClient({
  url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/socket`,
  session,
  clock: systemClock,
  openSocket: (url) => new WebSocket(url),
  onLink: linkChanged,
  onMessage: received,
  onStream: (bytes) => {
    live.accept(bytes, nowMs());
    requestDraw();
  },
  onMalformed: (what) =>
    say(
      'warning',
      'The engine sent something this window cannot read.',
      `${what}. It was left out; engine and window may differ in version.`,
    ),
});

/** Takes the one-time code out of the address. */
function takeCode(): string | undefined {
  const code = codeFromFragment(location.hash);
  if (code) history.replaceState(null, '', location.pathname + location.search);
  return code;
}

/** Adds a line to the notices. It leaves after a time or when its topic is over; a lasting one leaves only then. */
export function say(
  level: 'info' | 'warning' | 'error',
  text: string,
  remedy?: string,
  about: { readonly topic?: string; readonly lasts?: boolean } = {},
): void {
  notify({ level, text, remedy, ...about, atMs: nowMs() });
}

/** Makes a call. Rejects with a `CallError`. */
export function call<Name extends CallName>(name: Name, parameters: CallParameters<Name>): Promise<CallResult<Name>> {
  return client.call(name, parameters);
}

/** For a call that was refused or lost its link: shows that as a notice. Throws any other error. */
export function showRefusal(error: unknown, lost: 'warning' | 'error' | 'silent' = 'warning', topic?: string): void {
  ignoreRefusal(error);
  const level = error.linkLost ? lost : 'error';
  if (level !== 'silent') say(level, error.message, error.remedy, topic === undefined ? {} : { topic });
}

/** Makes a call. A refusal is shown until the same call is accepted. Resolves to whether it was accepted. */
export async function tell<Name extends CallName>(name: Name, parameters: CallParameters<Name>): Promise<boolean> {
  try {
    await client.call(name, parameters);
    endNotice(name);
    return true;
  } catch (error) {
    showRefusal(error, 'warning', name);
    return false;
  }
}

/** Makes a call that repeats many times a second. A refusal is not shown, because the status tells the cause. */
export function tellQuietly<Name extends CallName>(name: Name, parameters: CallParameters<Name>): void {
  client.call(name, parameters).catch(ignoreRefusal);
}

/** Sets the highest rate of the streams. A slow renderer lowers it. */
export function setStreamRate(maxHz: number): void {
  streamHz = maxHz;
  subscribe();
}

export function subscribe(): void {
  const { rig } = useEngine.getState();
  if (!rig) return;
  const names = [...rig.cameras.map((camera) => camera.name), ...rig.tactilePads.map((pad) => pad.name)];
  const replayed = useWindow.getState().replay ? names.map((name) => REPLAY + name) : [];
  client.subscribe(['poses', ...names, ...replayed], streamHz);
}

export function startEngineLink(): void {
  client.start();
  // The address of an engine that was started again differs only in its fragment, so the browser loads no page.
  window.addEventListener('hashchange', () => {
    const code = takeCode();
    if (!code) return;
    session.offered(code);
    client.start();
  });
  let beat = 0;
  metronome.onBeat(() => {
    beat++;
    if (beat % HEARTBEAT_EVERY === 0) tellQuietly('input.heartbeat', {});
    if (beat % 10 !== 0) return;
    requestDraw();
    tidyNotices(standingOf(liveStatus(useEngine.getState())).map(keyOf), nowMs());
  });
}

export const reconnect = () => client.start();

function linkChanged(link: LinkState): void {
  if (link.state === 'open') {
    claimAsked = false;
    live.clear();
    markExportsUnknown();
    useEngine.setState({ link, everLinked: true });
    void load();
  } else useEngine.setState({ link });
  requestDraw();
}

/** Asks for everything that the engine does not send by itself. Called once per link. */
async function load(): Promise<void> {
  try {
    const [episodes, runs, classifier] = await Promise.all([
      call('episode.list', { limit: EPISODES_PER_PAGE }),
      call('run.list', {}),
      call('classifier.state', {}),
    ]);
    useEngine.setState({ classifier });
    putEpisodePage(episodes.episodes, EPISODES_PER_PAGE);
    for (const run of runs.runs) putRun(run);
    await refreshLearning();
  } catch (error) {
    showRefusal(error, 'silent');
  }
}

/** Loads the page of episodes before the oldest known one. */
export async function loadOlderEpisodes(): Promise<void> {
  const oldest = useEngine.getState().episodes[0];
  if (!oldest) return;
  try {
    const page = await call('episode.list', { limit: EPISODES_PER_PAGE, beforeId: oldest.id });
    putEpisodePage(page.episodes, EPISODES_PER_PAGE);
  } catch (error) {
    showRefusal(error);
  }
}

async function refreshLearning(): Promise<void> {
  try {
    const [policies, readiness] = await Promise.all([call('policy.list', {}), call('run.readiness', {})]);
    useEngine.setState({ policies: policies.policies, readiness });
  } catch (error) {
    ignoreRefusal(error);
  }
}

function received(message: ServerMessage): void {
  switch (message.kind) {
    case 'rig': {
      const { rig } = message;
      const known = useEngine.getState();
      // An engine that was started again under the same address may have another project.
      if (known.rig && known.rig.projectFolder !== rig.projectFolder) {
        forgetProject();
        useWindow.setState({ replay: undefined });
      }
      useEngine.setState({ rig, shapes: isSame(known.shapes, rig.shapes) ? known.shapes : rig.shapes });
      subscribe();
      // Readiness and the policies to choose from are the task's.
      if (known.rig && known.rig.task !== rig.task) void refreshLearning();
      break;
    }
    case 'status':
      useEngine.setState({ status: message.status });
      if (!claimAsked && !message.status.holdsControls && !message.status.controlsHeldByOther) {
        claimAsked = true;
        void tell('controls.claim', {});
      }
      requestDraw();
      break;
    case 'step':
      putStep(message.episodeId, message.step);
      requestDraw();
      break;
    case 'episode':
      putEpisodes([message.episode]);
      void refreshLearning();
      break;
    case 'run': {
      const before = useEngine.getState().runs.find((run) => run.id === message.run.id);
      putRun(message.run);
      if (before?.state !== message.run.state || before.policy !== message.run.policy) void refreshLearning();
      break;
    }
    case 'setPoint':
      liveEpisode.setPoint = message.baseFromTool;
      break;
    case 'classifier':
      useEngine.setState({ classifier: message.state });
      break;
    case 'export':
      putExport(message);
      break;
    case 'notice':
      say(message.level, message.text, message.remedy);
      break;
    case 'welcome':
    case 'answer':
    case 'refusal':
      break;
    default:
      message satisfies never;
  }
}
