/**
 * The engine's door for windows: HTTP for the page, one WebSocket per window, on the loopback address only. Every message is
 * parsed; what is malformed is refused in words or closed. One window at a time holds the controls. The engine never waits for
 * a window: a slow one loses old frames, and one that does not read at all is let go.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, every, systemClock } from '../../api/clock.ts';
import { messageOf, remedyOf } from '../../api/error-words.ts';
import { CALLS, type CallName, CLOSE_CODES, type OutgoingMessage } from '../../api/messages.ts';
import type { Engine } from '../engine.ts';
import { FAULTS } from '../loop/faults.ts';
import type { WindowPuck } from '../pucks.ts';
import { type Answer, refused } from '../services.ts';
import { createAccess, hostAllowed, originAllowed } from './access.ts';
import { type Caller, createHandlers, FREE_CALLS, type Handlers } from './handlers.ts';
import {
  createMessageBudget,
  explain,
  MAX_MESSAGE_BYTES,
  MAX_UNANSWERED,
  type MessageBudget,
  parseMessage,
} from './incoming.ts';
import { acceptSockets, type Socket } from './socket.ts';
import { serveFile } from './static-files.ts';
import { createStreams, type Streams } from './window-streams.ts';

const STATUS_MS = 100;
const HELLO_WITHIN_MS = 5000;
/** Above this a window does not get what will be outdated anyway. */
const SLOW_BYTES = 1024 * 1024;
/** Above this it is not reading at all. */
const DEAF_BYTES = 32 * 1024 * 1024;

/** Calls that are accepted however many calls of a window wait for an answer. */
const ALWAYS_TAKEN: ReadonlySet<CallName> = new Set(['control.stop', 'input.heartbeat', 'controls.release']);

export interface EngineServer {
  readonly port: number;
  /** Why another port than the requested one is used, and what to do; `undefined` when the requested one is used. */
  readonly portProblem: string | undefined;
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
  readonly budget: MessageBudget;
  admitted: boolean;
  /** Number of calls that wait for their answer. */
  unanswered: number;
  /** True after the window was told to close. Its further messages are not read. */
  dismissed: boolean;
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
  /** Notes a heartbeat: every message of an admitted window shows that it lives and that a person may watch. */
  const beat = (client: Client) => {
    const nowMs = engine.options.cell.clock.nowMs();
    engine.supervision.watchedMs = nowMs;
    if (client === holder) engine.supervision.heartbeatMs = nowMs;
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
    if (!clients.delete(client)) return;
    client.streams.close();
    const held = client === holder;
    letGo(client);
    const windows = admitted();
    if (windows === 0) engine.supervision.watchedMs = undefined;
    engine.windowsChanged(windows);
    const phase = engine.loop.phase();
    if (held && (phase === 'running' || phase === 'resetting'))
      engine.loop.fault(FAULTS.alarm({ kind: 'window-lost', silentMs: 0 }, 0));
  };
  const dismiss = (client: Client, code: number, reason: string) => {
    client.dismissed = true;
    client.socket.close(code, reason);
    onGone(client);
  };

  const welcome = (client: Client, credentials: { code?: string | undefined; token?: string | undefined }) => {
    if (client.admitted) return dismiss(client, CLOSE_CODES.malformed, 'hello is the first message, and said once.');
    const token = access.admit(credentials);
    if (token === undefined)
      return dismiss(client, CLOSE_CODES.badToken, 'Unknown code or token: open the URL that the engine printed.');
    client.admitted = true;
    beat(client);
    text(client, { kind: 'welcome', token, clientId: client.id, protocol: 1 });
    text(client, { kind: 'rig', rig: engine.rig() });
    sendStatus(client);
    engine.windowsChanged(admitted());
  };

  const onText = (client: Client, raw: string) => {
    if (client.dismissed) return;
    if (!client.budget.take(clock.nowMs()))
      return dismiss(client, CLOSE_CODES.flooded, 'Too many messages at once: the engine closed this window.');
    const message = parseMessage(raw);
    if (message.kind === 'malformed') {
      const refusal = { kind: 'refusal' as const, message: message.message, remedy: 'Reload the window.' };
      if (client.admitted && message.id !== undefined) return text(client, { ...refusal, id: message.id });
      return dismiss(client, CLOSE_CODES.malformed, message.message);
    }
    if (message.value.kind === 'hello') return welcome(client, message.value);
    if (!client.admitted)
      return dismiss(client, CLOSE_CODES.badToken, 'The first message must be hello with a code or a token.');
    beat(client);
    if (message.value.kind === 'subscribe') return client.streams.subscribe(message.value.streams, message.value.maxHz);
    const { id, name, parameters } = message.value;
    client.unanswered++;
    answer(client, name, parameters)
      .catch((error: unknown) => failed(name, error))
      .then((result) => {
        client.unanswered--;
        if (!clients.has(client) || client.dismissed) return;
        if (result.kind === 'done') text(client, { kind: 'answer', id, result: result.value });
        else text(client, { kind: 'refusal', id, message: result.message, remedy: result.remedy });
      })
      // The answer cannot be written as JSON, or the socket fails: the window connects anew.
      .catch(() => client.socket.terminate());
  };
  /** Handles one message. An error in it affects only the window that sent it. */
  const onTextGuarded = (client: Client, raw: string) => {
    try {
      onText(client, raw);
    } catch (error) {
      dismiss(client, CLOSE_CODES.malformed, `This message could not be handled: ${messageOf(error)}`);
    }
  };

  const answer = async (client: Client, name: CallName, parameters: unknown): Promise<Answer<unknown>> => {
    if (client.unanswered > MAX_UNANSWERED && !ALWAYS_TAKEN.has(name))
      return refused(
        `${MAX_UNANSWERED} calls of this window wait for their answer already.`,
        'Wait for them, then ask again.',
      );
    const parsed = CALLS[name].parameters.safeParse(parameters);
    if (!parsed.success)
      return refused(`${name}: ${explain(parsed.error.issues)}`, 'Send parameters of the shape in messages.ts.');
    if (!FREE_CALLS.has(name)) {
      if (holder === undefined) claim(client);
      if (holder !== client)
        return refused(
          'Another window holds the controls.',
          'Press "Take the controls" here first; Stop works from everywhere.',
        );
    }
    return await call(handlers, name, parsed.data, client);
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
        budget: createMessageBudget(clock.nowMs()),
        admitted: false,
        unanswered: 0,
        dismissed: false,
        claim: () => claim(client),
        release: () => letGo(client),
        sendFrames: (frames, tactile) => streams.sendStored(frames, tactile),
      };
      clients.add(client);
      const cancelWait = clock.at(clock.nowMs() + HELLO_WITHIN_MS, () => {
        if (!client.admitted) dismiss(client, CLOSE_CODES.badToken, 'No hello came.');
      });
      socket.onText((raw) => onTextGuarded(client, raw));
      socket.onBinary(() => dismiss(client, CLOSE_CODES.malformed, 'Binary messages go from engine to window only.'));
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
  const wanted = options.port ?? 0;
  let portProblem: string | undefined;
  await listen(wanted).catch((error: NodeJS.ErrnoException) => {
    // Any free port will do; the URL shows which one is used.
    portProblem = portRefusal(wanted, error.code);
    if (portProblem === undefined) throw error;
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
    portProblem,
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

const failed = (name: CallName, error: unknown): Answer<never> =>
  refused(`${name} failed: ${messageOf(error)}`, remedyOf(error) ?? 'Try again; restart the engine if it stays so.');
/** Says why a free port is used instead of `port`. Returns `undefined` when a free port would not help. */
export function portRefusal(port: number, code: string | undefined): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is in use by another program, so a free port is used. Close that program, or name another port with --port.`;
    case 'EACCES':
      return `This user may not open port ${port}, so a free port is used. Name a port above 1023 with --port.`;
    default:
      return undefined;
  }
}

/** The compiler cannot follow a name through the table: the schema of that very name has just checked the parameters. */
function call(handlers: Handlers, name: CallName, parameters: unknown, caller: Caller) {
  const handler = handlers[name] as (parameters: unknown, caller: Caller) => Answer<unknown> | Promise<Answer<unknown>>;
  return handler(parameters, caller);
}
