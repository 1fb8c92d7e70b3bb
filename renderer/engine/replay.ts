/** Replay of a recorded episode: one cursor moves scene, feeds and pads together. Pictures are asked for as the cursor moves, newest wins. */

import type { Status } from '../../main/api/index.ts';
import { useEngine } from '../state/engine-store.ts';
import { useWindow } from '../state/window-store.ts';
import { requestDraw } from './draw-loop.ts';
import { call, live, metronome, nowMs, say, subscribe } from './engine.ts';
import { CallError } from './engine-client.ts';

let asked: { episodeId: number; index: number } | undefined;
let busy = false;
let lastStepMs = 0;

/** Who drives must see the arm; a window that only watches may look at what it likes. */
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
    askFrames();
    requestDraw();
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    say('error', error.message, error.remedy);
  }
}

export function closeReplay(): void {
  useWindow.setState({ replay: undefined });
  forgetPictures();
  subscribe();
  requestDraw();
}

/** So that no episode is shown with another one's pictures. */
function forgetPictures(): void {
  asked = undefined;
  live.clearReplay();
}

/** Index of an observation, 0 … T; out of range is clipped. */
export function scrubTo(index: number, playing = false): void {
  const { replay } = useWindow.getState();
  if (!replay) return;
  const last = replay.recording.poses.length - 1;
  const clipped = Math.min(last, Math.max(0, Math.round(index)));
  if (clipped === replay.index && playing === replay.playing) return;
  useWindow.setState({ replay: { ...replay, index: clipped, playing } });
  askFrames();
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

/** One request in flight at a time: while it is, the cursor may move on, and only its last place is asked for. */
function askFrames(): void {
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
      // Pictures come before the answer: these may be of a replay that has been closed meanwhile.
      if (useWindow.getState().replay?.recording.episode.id !== wanted.episodeId) live.clearReplay();
      askFrames();
    });
}

/** A person who takes control, with a SpaceMouse say, finds the window back at the live scene. */
export function startReplayGuard(): void {
  useEngine.subscribe(({ status, link }, before) => {
    // A new link has forgotten all pictures.
    if (link.state === 'open' && before.link.state !== 'open') {
      asked = undefined;
      askFrames();
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
