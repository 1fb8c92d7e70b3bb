/**
 * The engine's door for windows: HTTP for the page, one WebSocket per window, on the loopback address only. Every message is
 * parsed; what is malformed is refused in words or closed. One window at a time holds the controls. The engine never waits for
 * a window: a slow one loses old frames, and one that does not read at all is let go.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, every, systemClock } from '../api/clock.ts';
import { messageOf, remedyOf } from '../api/error-words.ts';
import { CALLS, type CallName, CLOSE_CODES, clientMessageSchema, type OutgoingMessage } from '../api/messages.ts';
import { createAccess, hostAllowed, originAllowed } from './access.ts';
import type { Engine } from './engine.ts';
import { FAULTS } from './faults.ts';
import { type Caller, createHandlers, FREE_CALLS, type Handlers } from './handlers.ts';
import { type Answer, refused } from './services.ts';
import { acceptSockets, type Socket } from './socket.ts';
import { serveFile } from './static-files.ts';
import type { WindowPuck } from './window-puck.ts';
import { createStreams, type Streams } from './window-streams.ts';

const MAX_MESSAGE_BYTES = 64 * 1024;
const STATUS_MS = 100;
const HELLO_WITHIN_MS = 5000;
/** Above this a window does not get what will be outdated anyway. */
const SLOW_BYTES = 1024 * 1024;
/** Above this it is not reading at all. */
const DEAF_BYTES = 32 * 1024 * 1024;

export interface EngineServer {
  readonly port: number;
  /** A fresh URL with its own one-time code: one per window. */
  issueUrl(): string;
  windows(): number;
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly engine: Engine;
  readonly windowPuck: WindowPuck | undefined;
  /** The built window. */
  readonly windowFolder: string;
  readonly port?: number;
  readonly clock?: Clock;
}

interface Client extends Caller {
  readonly socket: Socket;
  readonly streams: Streams;
  admitted: boolean;
}

export async function serveEngine(options: ServerOptions): Promise<EngineServer> {
  const { engine, windowPuck } = options;
  const clock = options.clock ?? systemClock;
  const access = createAccess();
  const handlers = createHandlers(engine, windowPuck);
  const clients = new Set<Client>();
  let holder: Client | undefined;
  let nextClient = 1;

  const http = createServer((request, response) => {
    if (!hostAllowed(request, port())) {
      response.writeHead(421, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.end(`This engine answers as 127.0.0.1:${port()} only. Open the URL that it printed.\n`);
      return;
    }
    serveFile(options.windowFolder, port(), request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  const port = () => (http.address() as AddressInfo).port; // listening on TCP: never a pipe's name

  const text = (client: Client, message: OutgoingMessage) => {
    if (client.socket.bufferedBytes() > DEAF_BYTES) return client.socket.terminate();
    client.socket.sendText(JSON.stringify(message));
  };
  const broadcast = (message: OutgoingMessage) => {
    const transient = message.kind === 'setPoint' || message.kind === 'status';
    let encoded: string | undefined;
    for (const client of clients) {
      if (!client.admitted || (transient && client.socket.bufferedBytes() > SLOW_BYTES)) continue;
      if (client.socket.bufferedBytes() > DEAF_BYTES) {
        client.socket.terminate();
        continue;
      }
      encoded ??= JSON.stringify(message);
      client.socket.sendText(encoded);
    }
  };
  const sendStatus = (only?: Client) => {
    const status = engine.status();
    for (const client of only ? [only] : clients) {
      if (!client.admitted || client.socket.bufferedBytes() > SLOW_BYTES) continue;
      const holdsControls = client === holder;
      text(client, {
        kind: 'status',
        status: { ...status, holdsControls, controlsHeldByOther: holder !== undefined && !holdsControls },
      });
    }
  };
  let statusDue = false;
  /** Many changes in one turn are one status. */
  const changed = () => {
    if (statusDue || clients.size === 0) return;
    statusDue = true;
    queueMicrotask(() => {
      statusDue = false;
      sendStatus();
    });
  };

  const claim = (client: Client) => {
    if (holder !== client) windowPuck?.release();
    holder = client;
    beat(client);
    changed();
  };
  const beat = (client: Client) => {
    if (client === holder) engine.supervision.heartbeatMs = engine.options.cell.clock.nowMs();
  };
  const letGo = (client: Client) => {
    if (client !== holder) return;
    holder = undefined;
    engine.supervision.heartbeatMs = undefined;
    windowPuck?.release();
    changed();
  };
  const admitted = () => [...clients].filter((client) => client.admitted).length;
  const onGone = (client: Client) => {
    clients.delete(client);
    client.streams.close();
    engine.windowsChanged(admitted());
    if (client !== holder) return;
    letGo(client);
    const phase = engine.loop.phase();
    if (phase === 'running' || phase === 'resetting')
      engine.loop.fault(FAULTS.alarm({ kind: 'window-lost', silentMs: 0 }, 0));
  };

  const welcome = (client: Client, credentials: { code?: string | undefined; token?: string | undefined }) => {
    const token = access.admit(credentials);
    if (token === undefined)
      return client.socket.close(CLOSE_CODES.badToken, 'Unknown code or token: open the URL that the engine printed.');
    client.admitted = true;
    text(client, { kind: 'welcome', token, clientId: client.id, protocol: 1 });
    text(client, { kind: 'rig', rig: engine.rig() });
    sendStatus(client);
    engine.windowsChanged(admitted());
  };

  const onText = (client: Client, raw: string) => {
    const message = parse(raw);
    if (message.kind === 'malformed') {
      const refusal = { kind: 'refusal' as const, message: message.message, remedy: 'Reload the window.' };
      if (client.admitted && message.id !== undefined) return text(client, { ...refusal, id: message.id });
      return client.socket.close(CLOSE_CODES.malformed, message.message);
    }
    if (message.value.kind === 'hello') return welcome(client, message.value);
    if (!client.admitted)
      return client.socket.close(CLOSE_CODES.badToken, 'The first message must be hello with a code or a token.');
    beat(client);
    if (message.value.kind === 'subscribe') return client.streams.subscribe(message.value.streams, message.value.maxHz);
    const { id, name, parameters } = message.value;
    void answer(client, name, parameters).then((result) => {
      if (!clients.has(client)) return;
      if (result.kind === 'done') text(client, { kind: 'answer', id, result: result.value });
      else text(client, { kind: 'refusal', id, message: result.message, remedy: result.remedy });
    });
  };

  const answer = async (client: Client, name: CallName, parameters: unknown): Promise<Answer<unknown>> => {
    const parsed = CALLS[name].parameters.safeParse(parameters);
    if (!parsed.success)
      return refused(`${name}: ${explain(parsed.error.issues)}`, 'Send parameters of the shape in messages.ts.');
    if (!FREE_CALLS.has(name)) {
      if (holder === undefined) claim(client);
      if (holder !== client)
        return refused(
          'Another window holds the controls.',
          'Claim the controls here first; Stop works from everywhere.',
        );
    }
    try {
      return await call(handlers, name, parsed.data, client);
    } catch (error) {
      return refused(
        `${name} failed: ${messageOf(error)}`,
        remedyOf(error) ?? 'Try again; restart the engine if it stays so.',
      );
    }
  };

  const acceptor = acceptSockets({
    server: http,
    path: '/socket',
    maxBytes: MAX_MESSAGE_BYTES,
    onSocket: (socket, request) => {
      if (!hostAllowed(request, port()) || !originAllowed(request, port()))
        return socket.close(
          CLOSE_CODES.badOrigin,
          'This page was not served by the engine: open the URL that it printed.',
        );
      const streams = createStreams({ engine, socket, clock, slowBytes: SLOW_BYTES });
      const client: Client = {
        id: nextClient++,
        socket,
        streams,
        admitted: false,
        claim: () => claim(client),
        release: () => letGo(client),
        sendFrames: (frames, tactile) => streams.sendStored(frames, tactile),
      };
      clients.add(client);
      const cancelWait = clock.at(clock.nowMs() + HELLO_WITHIN_MS, () => {
        if (!client.admitted) socket.close(CLOSE_CODES.badToken, 'No hello came.');
      });
      socket.onText((raw) => onText(client, raw));
      socket.onBinary(() => socket.close(CLOSE_CODES.malformed, 'Binary messages go from engine to window only.'));
      socket.onClose(() => {
        cancelWait();
        onGone(client);
      });
    },
  });

  const listen = (wanted: number) =>
    new Promise<void>((resolve, reject) => {
      http.once('error', reject);
      http.listen(wanted, '127.0.0.1', () => {
        http.off('error', reject);
        resolve();
      });
    });
  await listen(options.port ?? 0).catch((error: NodeJS.ErrnoException) => {
    // Another engine has the usual port: any free one does, the URL says which.
    if (error.code !== 'EADDRINUSE') throw error;
    return listen(0);
  });
  const untold = (error: unknown) => console.error(`The status could not be sent: ${messageOf(error)}`);
  const offs = [
    engine.onMessage(broadcast),
    engine.onChanged(changed),
    every(clock, STATUS_MS, () => sendStatus(), untold),
  ];
  return {
    port: port(),
    issueUrl: () => `http://127.0.0.1:${port()}/#code=${access.issueCode()}`,
    windows: admitted,
    close: async () => {
      for (const off of offs) off();
      acceptor.close();
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}

/** The compiler cannot follow a name through the table: the schema of that very name has just checked the parameters. */
function call(handlers: Handlers, name: CallName, parameters: unknown, caller: Caller) {
  const handler = handlers[name] as (parameters: unknown, caller: Caller) => Answer<unknown> | Promise<Answer<unknown>>;
  return handler(parameters, caller);
}

type Parsed =
  | { readonly kind: 'message'; readonly value: ReturnType<typeof clientMessageSchema.parse> }
  | { readonly kind: 'malformed'; readonly message: string; readonly id: number | undefined };

function parse(raw: string): Parsed {
  let json: unknown;
  try {
    json = JSON.parse(raw);
  } catch {
    return { kind: 'malformed', message: `Not JSON: ${raw.slice(0, 40)}`, id: undefined };
  }
  const parsed = clientMessageSchema.safeParse(json);
  if (parsed.success) return { kind: 'message', value: parsed.data };
  const id =
    typeof json === 'object' && json !== null && 'id' in json && Number.isInteger(json.id)
      ? Number(json.id)
      : undefined;
  return { kind: 'malformed', message: `Malformed message: ${explain(parsed.error.issues)}`, id };
}

function explain(issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]): string {
  return issues
    .slice(0, 3)
    .map((issue) => (issue.path.length > 0 ? `${issue.path.map(String).join('.')}: ${issue.message}` : issue.message))
    .join('; ');
}
