/** A window without a page: speaks the engine's protocol over the real socket, watches every stream, drives and presses keys. */
import { WebSocket } from 'ws';
import { type Clock, every, systemClock } from '../../main/api/clock.ts';
import { type CallName, type ServerMessage, serverMessageSchema } from '../../main/api/window/messages.ts';
import type { Rig, Status } from '../../main/api/window/status.ts';

const HEARTBEAT_MS = 100;
const PUCK_MS = 40;
const WELCOME_WITHIN_MS = 60_000;

export type Reply =
  | { readonly kind: 'answer'; readonly result: unknown }
  | { readonly kind: 'refusal'; readonly message: string; readonly remedy: string };

export interface HeadlessWindow {
  readonly socket: WebSocket;
  status(): Status | undefined;
  rig(): Rig | undefined;
  token(): string | undefined;
  onMessage(listener: (message: ServerMessage, atMs: number) => void): () => void;
  call(name: CallName, parameters?: unknown): Promise<Reply>;
  /** Sends these axes as the on-screen puck at 25 Hz from now on; `undefined` = the puck is released. */
  push(axes: readonly number[] | undefined): void;
  /** Resolves with the first status that `is` accepts, at once when the newest does; rejects after `withinMs`. */
  until(is: (status: Status) => boolean, withinMs: number, what: string): Promise<Status>;
  streamedBytes(): number;
  /** Calls `listener` for every binary stream message. */
  onBytes(listener: (bytes: Uint8Array) => void): () => void;
  readonly closed: Promise<void>;
  close(): void;
}

export interface WindowOptions {
  /** Says hello with this token instead of the URL's code, as a window that reconnects. */
  readonly token?: string;
  /** Gives up when the engine has not welcomed the window by then. */
  readonly withinMs?: number;
  /** Called with a message that does not fit the contract; without it such a message throws. */
  readonly onMisfit?: (text: string) => void;
}

export async function openHeadlessWindow(
  url: string,
  streams: readonly string[] = ['side', 'wrist', 'left', 'right', 'poses'],
  clock: Clock = systemClock,
  { token: knownToken, withinMs = WELCOME_WITHIN_MS, onMisfit }: WindowOptions = {},
): Promise<HeadlessWindow> {
  const { port, hash } = new URL(url);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`, { origin: `http://127.0.0.1:${port}` });
  const listeners = new Set<(message: ServerMessage, atMs: number) => void>();
  const byteListeners = new Set<(bytes: Uint8Array) => void>();
  const waiting = new Map<number, (reply: Reply) => void>();
  let status: Status | undefined;
  let rig: Rig | undefined;
  let token: string | undefined;
  let bytes = 0;
  let nextId = 1;
  let axes: readonly number[] | undefined;
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {}); // 'close' follows
  const call = (name: CallName, parameters: unknown = {}): Promise<Reply> =>
    new Promise((resolve) => {
      if (socket.readyState !== WebSocket.OPEN)
        return resolve({ kind: 'refusal', message: 'the link is closed', remedy: 'Open the window again.' });
      const id = nextId++;
      waiting.set(id, resolve);
      socket.send(JSON.stringify({ kind: 'call', id, name, parameters }));
    });
  const welcome = Promise.withResolvers<void>();
  void closed.then(() => {
    welcome.reject(new Error('the engine closed the link before it welcomed the window'));
    for (const resolve of waiting.values())
      resolve({ kind: 'refusal', message: 'the link was closed', remedy: 'Open the window again.' });
  });
  welcome.promise.catch(() => {}); // The caller that opens the window receives the rejection.
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) {
      bytes += data.byteLength;
      for (const listener of byteListeners) listener(data);
      return;
    }
    const atMs = clock.nowMs();
    const text = data.toString('utf8');
    const parsed = serverMessageSchema.safeParse(JSON.parse(text));
    if (!parsed.success) {
      if (!onMisfit) throw parsed.error;
      return onMisfit(text);
    }
    const message = parsed.data;
    if (message.kind === 'answer' || message.kind === 'refusal') {
      const settle = waiting.get(message.id);
      waiting.delete(message.id);
      settle?.(message.kind === 'answer' ? { kind: 'answer', result: message.result } : message);
      return;
    }
    if (message.kind === 'welcome') {
      token = message.token;
      welcome.resolve();
    }
    if (message.kind === 'status') status = message.status;
    if (message.kind === 'rig') rig = message.rig;
    for (const listener of listeners) listener(message, atMs);
  });
  const giveUp = clock.at(clock.nowMs() + withinMs, () => socket.terminate());
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    const credentials = knownToken === undefined ? { code: hash.replace('#code=', '') } : { token: knownToken };
    socket.send(JSON.stringify({ kind: 'hello', ...credentials }));
    await welcome.promise;
  } finally {
    giveUp();
  }
  socket.send(JSON.stringify({ kind: 'subscribe', streams, maxHz: 30 }));
  const sendPuck = () => {
    if (axes) void call('input.puck', { source: 'screen', axes, buttons: 0 });
  };
  const broken = () => socket.terminate();
  const ends = [
    every(clock, HEARTBEAT_MS, () => void call('input.heartbeat'), broken),
    every(clock, PUCK_MS, sendPuck, broken),
  ];
  void closed.then(() => {
    for (const end of ends) end();
  });
  return {
    socket,
    status: () => status,
    rig: () => rig,
    token: () => token,
    onMessage: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    call,
    push: (next) => {
      axes = next ?? [0, 0, 0, 0, 0, 0];
      sendPuck();
      if (next === undefined) axes = undefined;
    },
    until: (is, withinMs, what) =>
      new Promise((resolve, reject) => {
        if (status && is(status)) return resolve(status);
        const off = (message: ServerMessage) => {
          if (message.kind !== 'status' || !is(message.status)) return;
          end();
          resolve(message.status);
        };
        const cancel = clock.at(clock.nowMs() + withinMs, () => {
          end();
          reject(new Error(`waited ${withinMs} ms for: ${what}; the newest status says ${status?.phase}`));
        });
        const end = () => {
          cancel();
          listeners.delete(off);
        };
        listeners.add(off);
      }),
    streamedBytes: () => bytes,
    onBytes: (listener) => {
      byteListeners.add(listener);
      return () => byteListeners.delete(listener);
    },
    closed,
    close: () => socket.terminate(),
  };
}
