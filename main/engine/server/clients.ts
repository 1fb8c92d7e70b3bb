/**
 * The windows that are connected, and what the engine tells them: messages as they come, and a status on request. The
 * engine never waits for a window. A slow one loses old messages, and one that does not read at all is let go.
 */
import type { OutgoingMessage } from '../../api/window/messages.ts';
import type { Engine } from '../engine.ts';
import type { Controls } from './controls.ts';
import type { Caller } from './handlers.ts';
import type { MessageBudget } from './incoming.ts';
import type { Socket } from './socket.ts';
import type { Streams } from './window-streams.ts';

/** Number of unsent bytes above which a window gets no message that will be outdated anyway. */
export const SLOW_BYTES = 1024 * 1024;
/** Number of unsent bytes above which a window is not reading at all. */
const DEAF_BYTES = 32 * 1024 * 1024;

export interface Client extends Caller {
  readonly socket: Socket;
  readonly streams: Streams;
  readonly budget: MessageBudget;
  /** True after the window has shown its code or token. */
  admitted: boolean;
  /** Number of calls that wait for their answer. */
  unanswered: number;
  /** True after the window was told to close. Its further messages are not read. */
  dismissed: boolean;
}

export type Clients = ReturnType<typeof createClients>;

export function createClients(engine: Engine, controls: Controls) {
  const clients = new Set<Client>();
  let statusDue = false;
  const admitted = () => [...clients].filter((client) => client.admitted).length;

  const sendText = ({ socket }: Client, text: string) => {
    if (socket.bufferedBytes() > DEAF_BYTES) socket.terminate();
    else socket.sendText(text);
  };
  const send = (client: Client, message: OutgoingMessage) => sendText(client, JSON.stringify(message));
  const sendStatus = (only?: Client) => {
    const status = engine.status();
    const holder = controls.holder();
    for (const client of only ? [only] : clients) {
      if (!client.admitted || client.socket.bufferedBytes() > SLOW_BYTES) continue;
      const holdsControls = client.id === holder;
      const controlsHeldByOther = holder !== undefined && !holdsControls;
      send(client, { kind: 'status', status: { ...status, holdsControls, controlsHeldByOther } });
    }
  };
  const gone = (client: Client) => {
    if (!clients.delete(client)) return;
    client.streams.close();
    controls.windowGone(client.id, admitted());
  };
  return {
    add: (client: Client) => clients.add(client),
    has: (client: Client) => clients.has(client),
    /** Number of admitted windows. */
    admitted,
    /** Sends one message, unless the window does not read. */
    send,
    broadcast: (message: OutgoingMessage) => {
      const transient = message.kind === 'setPoint' || message.kind === 'status';
      const takers = [...clients].filter(
        ({ admitted, socket }) => admitted && !(transient && socket.bufferedBytes() > SLOW_BYTES),
      );
      const text = takers.length > 0 ? JSON.stringify(message) : '';
      for (const client of takers) sendText(client, text);
    },
    /** Sends the status to one window, or to all. */
    sendStatus,
    /** Sends one status to all windows at the end of this turn, however often it is called in it. */
    statusChanged: () => {
      if (statusDue || clients.size === 0) return;
      statusDue = true;
      queueMicrotask(() => {
        statusDue = false;
        sendStatus();
      });
    },
    /** Closes the connection with a reason. */
    dismiss: (client: Client, code: number, reason: string) => {
      client.dismissed = true;
      client.socket.close(code, reason);
      gone(client);
    },
    /** Forgets a window whose connection has ended. */
    gone,
  };
}
