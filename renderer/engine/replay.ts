/**
 * Replay of a recorded episode: one cursor moves scene, feeds and pads. The pictures of its newest place are requested.
 */
import type { Status } from '../../main/api/index.ts';
import { useEngine } from '../state/engine-store.ts';
import { useWindow } from '../state/window-store.ts';
import { requestDraw } from './draw-loop.ts';
import { call, live, metronome, nowMs, say, showRefusal, subscribe } from './engine.ts';
import { CallError } from './engine-client.ts';

let asked: { episodeId: number; index: number } | undefined;
let busy = false;
let lastStepMs = 0;

/** True when this window's operator drives, who then must see the arm. A window that only watches may show a replay. */
function isDrivenFromHere(status: Status | undefined): boolean {
  return status?.driver === 'human' && !status.controlsHeldByOther;
}

export async function openReplay(episodeId: number): Promise<void> {
  if (isDrivenFromHere(useEngine.getState().status)) {
    say('info', 'You drive: let go of the arm before you open a replay.');
    return;
  }
  try {
    const recording = await call('episode.replay', { episodeId });
    if (recording.poses.length === 0) {
      say('warning', `Episode ${episodeId} has no observations to replay.`);
      return;
    }
    forgetPictures();
    useWindow.setState({ replay: { recording, index: 0, playing: true } });
    subscribe();
    lastStepMs = nowMs();
    requestPictures();
    requestDraw();
  } catch (error) {
    showRefusal(error, 'error');
  }
}

export function closeReplay(): void {
  useWindow.setState({ replay: undefined });
  forgetPictures();
  subscribe();
  requestDraw();
}

/** Drops the pictures, so that no episode is shown with those of another. */
function forgetPictures(): void {
  asked = undefined;
  live.clearReplay();
}

/** Moves the cursor to an observation, 0 … T. An index out of range is clipped. */
export function scrubTo(index: number, playing = false): void {
  const { replay } = useWindow.getState();
  if (!replay) return;
  const last = replay.recording.poses.length - 1;
  const clipped = Math.min(last, Math.max(0, Math.round(index)));
  if (clipped === replay.index && playing === replay.playing) return;
  useWindow.setState({ replay: { ...replay, index: clipped, playing } });
  requestPictures();
  requestDraw();
}

export function togglePlaying(): void {
  const { replay } = useWindow.getState();
  if (!replay) return;
  const atEnd = replay.index >= replay.recording.poses.length - 1;
  lastStepMs = nowMs();
  useWindow.setState({
    replay: { ...replay, playing: !replay.playing, index: atEnd && !replay.playing ? 0 : replay.index },
  });
}

/** Requests the pictures at the cursor, one request at a time. Places that the cursor passed meanwhile are skipped. */
function requestPictures(): void {
  const { replay } = useWindow.getState();
  if (!replay) return;
  const wanted = { episodeId: replay.recording.episode.id, index: replay.index };
  if (busy || (asked?.index === wanted.index && asked.episodeId === wanted.episodeId)) return;
  busy = true;
  asked = wanted;
  call('episode.frames', wanted)
    .catch((error: unknown) => {
      if (!(error instanceof CallError)) throw error;
      if (!error.linkLost) say('warning', error.message, error.remedy);
    })
    .finally(() => {
      busy = false;
      // Pictures arrive before the answer, and may belong to a replay that was closed meanwhile.
      if (useWindow.getState().replay?.recording.episode.id !== wanted.episodeId) live.clearReplay();
      requestPictures();
    });
}

/** Closes a replay when a person takes control, for example with a SpaceMouse. */
export function startReplayGuard(): void {
  useEngine.subscribe(({ status, link }, before) => {
    // A new link starts without pictures.
    if (link.state === 'open' && before.link.state !== 'open') {
      asked = undefined;
      requestPictures();
    }
    if (!isDrivenFromHere(status) || !useWindow.getState().replay) return;
    closeReplay();
    say('info', 'You drive: the replay is closed.');
  });
}

export function startReplayClock(): void {
  metronome.onBeat(() => {
    const { replay } = useWindow.getState();
    if (!replay?.playing) return;
    const due = Math.floor((nowMs() - lastStepMs) / replay.recording.periodMs);
    if (due < 1) return;
    lastStepMs += due * replay.recording.periodMs;
    const last = replay.recording.poses.length - 1;
    scrubTo(replay.index + due, replay.index + due < last);
  });
}
