/** A window without a page: one socket to a served engine. It keeps messages until a test reads them. */
import { WebSocket } from 'ws';
import { type ServerMessage, serverMessageSchema } from '../../main/api/window/messages.ts';
import type { EngineServer } from '../../main/engine/server/server.ts';

const sockets = new Set<WebSocket>();

/** Ends every socket that `connect` opened. */
export function closeWindows(): void {
  for (const socket of sockets) socket.terminate();
  sockets.clear();
}

export interface TestWindow {
  readonly socket: WebSocket;
  send(message: unknown): void;
  next<Kind extends ServerMessage['kind']>(kind: Kind): Promise<Extract<ServerMessage, { kind: Kind }>>;
  call(name: string, parameters?: unknown): Promise<Extract<ServerMessage, { kind: 'answer' | 'refusal' }>>;
  binary(): Promise<Uint8Array>;
  closed: Promise<number>;
}

export function connect(server: Pick<EngineServer, 'port'>, headers: Record<string, string> = {}): TestWindow {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/socket`, { headers });
  sockets.add(socket);
  const messages: ServerMessage[] = [];
  const binaries: Uint8Array[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const look of waiting) look();
    waiting.clear();
  };
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) binaries.push(new Uint8Array(data));
    else messages.push(serverMessageSchema.parse(JSON.parse(data.toString())));
    wake();
  });
  const closed = new Promise<number>((resolve) => socket.on('close', (code) => resolve(code)));
  socket.on('error', () => {});
  const until = async <Value>(take: () => Value | undefined): Promise<Value> => {
    for (;;) {
      const value = take();
      if (value !== undefined) return value;
      await new Promise<void>((resolve) => {
        waiting.add(resolve);
      });
    }
  };
  let nextId = 1;
  const take = (wanted: (message: ServerMessage) => boolean) => () => {
    const index = messages.findIndex(wanted);
    return index < 0 ? undefined : messages.splice(index, 1)[0];
  };
  const send = (message: unknown) => socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  return {
    socket,
    closed,
    send,
    // The predicate picks this kind, which the compiler cannot follow.
    next: (kind) => until(take((message) => message.kind === kind)) as never,
    call: async (name, parameters = {}) => {
      const id = nextId++;
      send({ kind: 'call', id, name, parameters });
      // The predicate picks these kinds, which the compiler cannot follow.
      return (await until(
        take((message) => (message.kind === 'answer' || message.kind === 'refusal') && message.id === id),
      )) as never;
    },
    binary: () => until(() => binaries.shift()),
  };
}

export const opened = (window: TestWindow) =>
  new Promise<void>((resolve) => window.socket.once('open', () => resolve()));
export const codeOf = (url: string) => new URL(url).hash.replace('#code=', '');

export async function enter(server: EngineServer): Promise<TestWindow & { readonly token: string }> {
  const window = connect(server);
  await opened(window);
  window.send({ kind: 'hello', code: codeOf(server.issueUrl()) });
  const { token } = await window.next('welcome');
  return { ...window, token };
}
