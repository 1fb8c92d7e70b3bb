/**
 * Streams pictures, pads and poses to one window. A frame is dropped and never queued while the socket holds more than
 * `slowBytes`, or when its stream was sent less than 1/maxHz ago.
 */
import type { Snapshot } from '../../../native/device.ts';
import { type Clock, every } from '../../api/clock.ts';
import { messageOf } from '../../api/error-words.ts';
import type { CameraFrame, TactileFrame } from '../../api/observation.ts';
import { encodePad, encodePicture, encodeStream, type StreamKind } from '../../api/window/streams.ts';
import type { Engine } from '../engine.ts';
import type { Socket } from './socket.ts';

const POSES_MS = 1000 / 60;
/** Share of the period by which a frame may be early, because snapshots and rates share no grid. */
const EARLY = 0.2;

export type Streams = ReturnType<typeof createStreams>;

export function createStreams(options: {
  readonly engine: Engine;
  readonly socket: Socket;
  readonly clock: Clock;
  readonly slowBytes: number;
}) {
  const { engine, socket, clock, slowBytes } = options;
  let wanted: ReadonlySet<string> = new Set();
  let periodMs = 100;
  const stops: (() => void)[] = [];
  const lastMs = new Map<string, number>();
  const sequences = new Map<string, number>();

  /** Stamps the message with host time, which the window uses for drawing. A simulated cell's clock may be slower. */
  const send = (kind: StreamKind, name: string, payload: Uint8Array) => {
    const timeMs = clock.nowMs();
    const sequence = (sequences.get(name) ?? -1) + 1;
    sequences.set(name, sequence);
    socket.sendBytes(encodeStream({ kind, name, sequence, timeMs, payload }));
  };
  const due = (name: string) => {
    const nowMs = clock.nowMs();
    if (!wanted.has(name) || socket.bufferedBytes() > slowBytes) return false;
    if (nowMs - (lastMs.get(name) ?? Number.NEGATIVE_INFINITY) < periodMs * (1 - EARLY)) return false;
    lastMs.set(name, nowMs);
    return true;
  };
  const onSnapshot = (snapshot: Snapshot) => {
    for (const frame of snapshot.frames) if (due(frame.camera)) send('camera', frame.camera, encodePicture(frame));
    for (const pad of snapshot.tactile) if (due(pad.pad)) send('tactile', pad.pad, encodePad(pad));
  };
  const sendPoses = () => {
    if (!due('poses')) return;
    const poses = engine.options.cell.scenePoses();
    send('poses', 'poses', new Uint8Array(poses.buffer, poses.byteOffset, poses.byteLength));
  };
  const unsent = (error: unknown) => console.error(`The poses could not be sent: ${messageOf(error)}`);
  const stop = () => {
    for (const end of stops.splice(0)) end();
  };
  return {
    subscribe: (names: readonly string[], maxHz: number) => {
      stop();
      wanted = new Set(names);
      periodMs = 1000 / maxHz;
      if (wanted.has('poses')) stops.push(every(clock, POSES_MS, sendPoses, unsent));
      if (wanted.size > 0) stops.push(engine.onSnapshot(onSnapshot));
      const newest = engine.newestSnapshot();
      if (newest) onSnapshot(newest);
    },
    /**
     * Sends the pictures of a recorded observation as `replay/<name>`. They are requested one by one, so none is
     * dropped.
     */
    sendStored: (frames: readonly CameraFrame[], tactile: readonly TactileFrame[]) => {
      for (const frame of frames) send('camera', `replay/${frame.camera}`, encodePicture(frame));
      for (const pad of tactile) send('tactile', `replay/${pad.pad}`, encodePad(pad));
    },
    close: stop,
  };
}
