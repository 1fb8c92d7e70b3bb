/** Accepts WebSockets on an HTTP server, with a size limit. This is the only file that imports `ws`. */
import type { IncomingMessage, Server } from 'node:http';
import { WebSocketServer } from 'ws';

export interface Socket {
  sendText(text: string): void;
  sendBytes(bytes: Uint8Array): void;
  /** Number of bytes accepted here and not yet taken by the network. */
  bufferedBytes(): number;
  onText(listener: (text: string) => void): void;
  /** Binary messages are not part of the protocol in this direction. */
  onBinary(listener: () => void): void;
  onClose(listener: () => void): void;
  close(code: number, reason: string): void;
  /** Ends the connection without a close frame, for a window that does not read. */
  terminate(): void;
}

/** Largest reason that a close frame may carry; ws throws above it. */
const MAX_REASON_BYTES = 123;

/** Returns the longest beginning of a text that fits into `maxBytes` of UTF-8, cut between characters. */
function withinBytes(text: string, maxBytes: number): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return new TextDecoder().decode(bytes.subarray(0, end));
}

export function acceptSockets(options: {
  readonly server: Server;
  readonly path: string;
  readonly maxBytes: number;
  readonly onSocket: (socket: Socket, request: IncomingMessage) => void;
}): { close(): void } {
  const sockets = new WebSocketServer({
    server: options.server,
    path: options.path,
    maxPayload: options.maxBytes,
    perMessageDeflate: false,
  });
  // Errors of the HTTP server pass through here. Its own listener handles them.
  sockets.on('error', () => {});
  sockets.on('connection', (peer, request) => {
    // After a broken or oversized frame, ws closes the socket itself and 'close' follows.
    peer.on('error', () => {});
    options.onSocket(
      {
        sendText: (text) => peer.send(text),
        sendBytes: (bytes) => peer.send(bytes),
        bufferedBytes: () => peer.bufferedAmount,
        onText: (listener) => {
          peer.on('message', (data, isBinary) => {
            if (!isBinary) listener(data.toString());
          });
        },
        onBinary: (listener) => {
          peer.on('message', (_data, isBinary) => {
            if (isBinary) listener();
          });
        },
        onClose: (listener) => {
          peer.on('close', () => listener());
        },
        close: (code, reason) => peer.close(code, withinBytes(reason, MAX_REASON_BYTES)),
        terminate: () => peer.terminate(),
      },
      request,
    );
  });
  return {
    close: () => {
      for (const peer of sockets.clients) peer.terminate();
      sockets.close();
    },
  };
}
