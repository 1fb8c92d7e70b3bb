/**
 * The engine's server for windows: HTTP for the page and one WebSocket per window, on the loopback address only. One
 * window at a time holds the controls.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, every, systemClock } from '../../api/clock.ts';
import { messageOf } from '../../api/error-words.ts';
import { CLOSE_CODES } from '../../api/window/messages.ts';
import type { Engine } from '../engine.ts';
import type { WindowPuck } from '../pucks.ts';
import { createAccess, hostAllowed, originAllowed } from './access.ts';
import { type Client, type Clients, createClients, SLOW_BYTES } from './clients.ts';
import { type Controls, createControls } from './controls.ts';
import { createConversation } from './conversation.ts';
import { createHandlers } from './handlers.ts';
import { createMessageBudget, MAX_MESSAGE_BYTES } from './incoming.ts';
import { acceptSockets, type Socket } from './socket.ts';
import { serveFile } from './static-files.ts';
import { createStreams } from './window-streams.ts';

const STATUS_MS = 100;
const HELLO_WITHIN_MS = 5000;

export interface EngineServer {
  readonly port: number;
  /** Why another port than the requested one is used, and what to do; `undefined` when the requested one is used. */
  readonly portProblem: string | undefined;
  /** Returns a new URL with a one-time code of its own, for one window. */
  issueUrl(): string;
  /** Number of windows that are connected and admitted. */
  windows(): number;
  close(): Promise<void>;
}

interface ServerOptions {
  readonly engine: Engine;
  readonly windowPuck: WindowPuck | undefined;
  /** Folder of the built window. */
  readonly windowFolder: string;
  readonly port?: number;
  readonly clock?: Clock;
}

export async function serveEngine(options: ServerOptions): Promise<EngineServer> {
  const { engine, windowPuck, clock = systemClock } = options;
  const access = createAccess();
  const controls: Controls = createControls({ engine, windowPuck, changed: () => clients.statusChanged() });
  const clients: Clients = createClients(engine, controls);
  const handlers = createHandlers(engine, windowPuck);
  const converse = createConversation({ engine, clock, access, clients, controls, handlers });
  const http = createPageServer(options.windowFolder);
  const port = () => portOf(http);
  let nextClient = 1;

  const accept = (socket: Socket) => {
    const streams = createStreams({ engine, socket, clock, slowBytes: SLOW_BYTES });
    const budget = createMessageBudget(clock.nowMs());
    const id = nextClient++;
    const client: Client = {
      ...{ id, socket, streams, budget, admitted: false, unanswered: 0, dismissed: false },
      claim: () => controls.claim(id),
      release: () => controls.release(id),
      sendFrames: streams.sendStored,
    };
    clients.add(client);
    const cancelWait = clock.at(clock.nowMs() + HELLO_WITHIN_MS, () => {
      if (!client.admitted) clients.dismiss(client, CLOSE_CODES.badToken, 'No hello came.');
    });
    socket.onText((raw) => converse(client, raw));
    socket.onBinary(() =>
      clients.dismiss(client, CLOSE_CODES.malformed, 'Binary messages go from engine to window only.'),
    );
    socket.onClose(() => {
      cancelWait();
      clients.gone(client);
    });
  };
  const acceptor = acceptSockets({
    server: http,
    path: '/socket',
    maxBytes: MAX_MESSAGE_BYTES,
    onSocket: (socket, request) => {
      if (hostAllowed(request, port()) && originAllowed(request, port())) return accept(socket);
      const reason = 'This page was not served by the engine: open the URL that it printed.';
      return socket.close(CLOSE_CODES.badOrigin, reason);
    },
  });

  const portProblem = await listen(http, options.port ?? 0);
  const subscriptions = [
    engine.onMessage(clients.broadcast),
    engine.onChanged(clients.statusChanged),
    every(
      clock,
      STATUS_MS,
      () => clients.sendStatus(),
      (error) => console.error(`The status could not be sent: ${messageOf(error)}`),
    ),
  ];
  return {
    port: port(),
    portProblem,
    issueUrl: () => `http://127.0.0.1:${port()}/#code=${access.issueCode()}`,
    windows: clients.admitted,
    close: async () => {
      for (const unsubscribe of subscriptions) unsubscribe();
      acceptor.close();
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}

/** Serves the window's files to pages that ask for this machine by its own name. */
function createPageServer(windowFolder: string): Server {
  const http = createServer((request, response) => {
    const port = portOf(http);
    if (!hostAllowed(request, port)) {
      response.writeHead(421, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.end(`This engine answers as 127.0.0.1:${port} only. Open the URL that it printed.\n`);
      return;
    }
    serveFile(windowFolder, port, request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  return http;
}

/** The server listens on TCP, so its address is never the name of a pipe. */
const portOf = (http: Server) => (http.address() as AddressInfo).port;

/** Listens on `port`, or on any free port when that one cannot be had. Returns why, when it cannot. */
async function listen(http: Server, port: number): Promise<string | undefined> {
  const listenOn = (wanted: number) =>
    new Promise<void>((resolve, reject) => {
      http.once('error', reject);
      http.listen(wanted, '127.0.0.1', () => {
        http.off('error', reject);
        resolve();
      });
    });
  try {
    await listenOn(port);
    return undefined;
  } catch (error) {
    const problem = portRefusal(port, error instanceof Error && 'code' in error ? error.code : undefined);
    if (problem === undefined) throw error;
    await listenOn(0);
    return problem;
  }
}

/** Says why a free port is used instead of `port`. Returns `undefined` when a free port would not help. */
export function portRefusal(port: number, code: unknown): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is in use by another program, so a free port is used. Close that program, or name another port with --port.`;
    case 'EACCES':
      return `This user may not open port ${port}, so a free port is used. Name a port above 1023 with --port.`;
    default:
      return undefined;
  }
}
