/** Replay of a recorded episode: one cursor moves scene, feeds and pads together. Pictures are asked for as the cursor moves, newest wins. */

import { requestDraw } from './engine/draw-loop.ts';
import { call, metronome, nowMs, say, subscribe } from './engine/engine.ts';
import { CallError } from './engine/engine-client.ts';
import { useWindow } from './state/window-store.ts';

let asked: { episodeId: number; index: number } | undefined;
let busy = false;
let lastStepMs = 0;

export async function openReplay(episodeId: number): Promise<void> {
  try {
    const recording = await call('episode.replay', { episodeId });
    if (recording.poses.length === 0) {
      say('warning', `Episode ${episodeId} has no observations to replay.`);
      return;
    }
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
  asked = undefined;
  subscribe();
  requestDraw();
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
      askFrames();
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
