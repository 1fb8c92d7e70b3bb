/** Sends malformed messages on sockets of its own, and tries to enter the engine with wrong credentials. */
import { request } from 'node:http';
import { WebSocket } from 'ws';
import type { Clock } from '../../../main/api/clock.ts';
import { createRng, type Rng } from '../../../main/api/rng.ts';
import type { EngineSite } from './engine-site.ts';
import { fuzzMessage } from './fuzz-messages.ts';
import type { Tally } from './tally.ts';

const WELCOME_WITHIN_MS = 15_000;
const CLOSED_WITHIN_MS = 15_000;
const HTTP_WITHIN_MS = 10_000;

export interface Fuzzer {
  /** A burst of messages over admitted sockets, a new one whenever the engine closes one. */
  burst(messages: number, seed: number): Promise<void>;
  /** Wrong codes, tokens, hosts and origins; none may be welcomed. */
  strangers(seed: number): Promise<void>;
}

export function createFuzzer(options: {
  readonly clock: Clock;
  readonly site: EngineSite;
  readonly tally: Tally;
}): Fuzzer {
  const { clock, site, tally } = options;
  const admitted = async (): Promise<WebSocket | undefined> => {
    const door = site.door();
    if (!door) return undefined;
    const { host, origin } = new URL(door.url);
    const socket = connect(host, { origin });
    socket.once('open', () => socket.send(JSON.stringify({ kind: 'hello', token: door.token })));
    return (await answerOf(clock, socket, WELCOME_WITHIN_MS)) === 'welcome' ? socket : undefined;
  };
  const stranger = async (rng: Rng) => {
    const door = site.door();
    if (!door) return;
    const { host, origin, hash } = new URL(door.url);
    const used = hash.replace('#code=', '');
    const wrong = Array.from({ length: 43 }, () => 'abcdefghijklmnopqrstuvwxyz'[rng.integer(26)]).join('');
    const trials: readonly (() => WebSocket)[] = [
      () => connect(host, { origin, hello: { code: used } }),
      () => connect(host, { origin, hello: { code: wrong } }),
      () => connect(host, { origin, hello: { token: wrong } }),
      () => connect(host, { origin, hello: { token: `${door.token}x` } }),
      () => connect(host, { origin, hello: { token: door.token.slice(0, -1) } }),
      () => connect(host, { origin, hello: { token: '' } }),
      () => connect(host, { origin, hello: {} }),
      () => connect(host, { origin: 'http://evil.example', hello: { token: door.token } }),
      () =>
        connect(host, {
          origin: `http://127.0.0.1:${Number(new URL(door.url).port) + 1}`,
          hello: { token: door.token },
        }),
      () => connect(host, { origin: 'null', hello: { token: door.token } }),
      () => connect(host, { origin, hello: { token: door.token }, host: 'evil.example' }),
      () => connect(host, { origin: 'http://rebound.example', hello: { token: door.token }, host: 'rebound.example' }),
    ];
    const socket = trials[rng.integer(trials.length)]!(); // The list is never empty.
    const answer = await answerOf(clock, socket, WELCOME_WITHIN_MS);
    socket.terminate();
    if (answer === 'welcome') tally.strangers.admitted++;
    else if (site.door() === door) tally.strangers[answer === 'closed' ? 'refused' : 'silent']++;
  };
  return {
    burst: async (messages, seed) => {
      const rng = createRng(seed);
      let socket: WebSocket | undefined;
      try {
        for (let index = 0; index < messages; index++) {
          if (socket?.readyState !== WebSocket.OPEN) socket = await admitted();
          if (!socket) return;
          const message = fuzzMessage(rng, index);
          const times = rng.uniform() < 0.05 ? 50 : 1;
          for (let time = 0; time < times; time++) await sent(socket, message);
          tally.fuzzed += times;
        }
      } finally {
        socket?.terminate();
      }
    },
    strangers: async (seed) => {
      const rng = createRng(seed);
      const door = site.door();
      if (!door) return;
      for (let trial = 0; trial < 3; trial++) await stranger(rng);
      await page(new URL(door.url), rng, tally);
    },
  };
}

function connect(
  address: string,
  options: { readonly origin: string; readonly hello?: object; readonly host?: string },
): WebSocket {
  const socket = new WebSocket(`ws://${address}/socket`, {
    origin: options.origin,
    ...(options.host === undefined ? {} : { headers: { Host: options.host } }),
    handshakeTimeout: CLOSED_WITHIN_MS,
  });
  socket.on('error', () => {}); // 'close' follows
  const { hello } = options;
  if (hello) socket.once('open', () => socket.send(JSON.stringify({ kind: 'hello', ...hello })));
  return socket;
}

async function answerOf(clock: Clock, socket: WebSocket, withinMs: number): Promise<'welcome' | 'closed' | 'silent'> {
  const answer = Promise.withResolvers<'welcome' | 'closed' | 'silent'>();
  const cancel = clock.at(clock.nowMs() + withinMs, () => answer.resolve('silent'));
  const onMessage = (data: Buffer, isBinary: boolean) => {
    if (!isBinary && data.toString('utf8').includes('"kind":"welcome"')) answer.resolve('welcome');
  };
  socket.on('message', onMessage);
  socket.once('close', () => answer.resolve('closed'));
  const first = await answer.promise;
  cancel();
  socket.off('message', onMessage);
  if (first === 'silent') socket.terminate();
  return first;
}

/** Resolves when the message has left, or the socket is gone. */
function sent(socket: WebSocket, message: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState !== WebSocket.OPEN) return resolve();
    socket.once('close', resolve);
    socket.send(message, () => {
      socket.off('close', resolve);
      resolve();
    });
  });
}

const PATHS = [
  '/../../../../etc/passwd',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/%00',
  '/%',
  '//',
  '/socket',
  `/${'a'.repeat(9000)}`,
];
const METHODS = ['GET', 'POST', 'DELETE', 'OPTIONS'];

/** An HTTP request that must get an answer, and no file from outside of the window's folder. */
function page(url: URL, rng: Rng, tally: Tally): Promise<void> {
  return new Promise((resolve) => {
    const path = PATHS[rng.integer(PATHS.length)] ?? '/';
    const method = METHODS[rng.integer(METHODS.length)] ?? 'GET';
    const asked = request({ host: url.hostname, port: url.port, path, method, timeout: HTTP_WITHIN_MS }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        if (body.length < 10_000) body += part;
      });
      response.once('close', () => {
        if (body.includes('root:')) tally.strangers.admitted++;
        else tally.strangers.refused++;
        resolve();
      });
    });
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => resolve());
    asked.end();
  });
}
