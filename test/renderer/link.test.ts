/**
 * The window's link to an engine that is started again: a newer code, an older socket that must not be heard, what was
 * known before.
 */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { CLOSE_CODES, createVirtualClock, type EpisodeSummary } from '../../main/api/index.ts';
import { type CallError, EngineClient, type LinkState } from '../../renderer/engine/engine-client.ts';
import { createSession } from '../../renderer/engine/session.ts';
import {
  forgetProject,
  liveStatus,
  markExportsUnknown,
  putEpisodePage,
  putEpisodes,
  putExport,
  useEngine,
} from '../../renderer/state/engine-store.ts';

/** A browser's socket as far as the client uses it; a test opens it, speaks and closes. */
class FakeSocket {
  binaryType = '';
  readyState: number = WebSocket.CONNECTING;
  onopen: (() => void) | null = null;
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  onclose: ((event: { readonly code: number }) => void) | null = null;
  readonly sent: Record<string, unknown>[] = [];

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.readyState = WebSocket.CLOSING;
  }
  opens(): void {
    this.readyState = WebSocket.OPEN;
    this.onopen?.();
  }
  says(message: Record<string, unknown>): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  ends(code = 1006): void {
    this.readyState = WebSocket.CLOSED;
    this.onclose?.({ code });
  }
}

function keptHere() {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
}

function bench(code?: string) {
  const clock = createVirtualClock();
  const sockets: FakeSocket[] = [];
  const links: LinkState[] = [];
  const session = createSession(code, keptHere());
  const client = new EngineClient({
    url: 'ws://127.0.0.1:4711/socket',
    session,
    clock,
    openSocket: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      // The fake has the members of a WebSocket that the client uses.
      return socket as unknown as WebSocket;
    },
    onLink: (link) => links.push(link),
    onMessage: () => {},
    onStream: () => {},
    onMalformed: (what) => assert.fail(what),
  });
  const newest = () => sockets.at(-1)!;
  const welcome = (token: string) => newest().says({ kind: 'welcome', token, clientId: 1, protocol: 1 });
  return { clock, client, session, sockets, links, newest, welcome };
}

test('a newer code comes before the token of an engine that is gone; refused, the token is tried again', () => {
  const session = createSession('one', keptHere());
  session.welcomed('token-1');
  session.offered('two');
  assert.deepEqual(session.credentials(), { code: 'two' });
  session.refused();
  assert.deepEqual(session.credentials(), { token: 'token-1' });
  session.offered('three');
  session.welcomed('token-2');
  assert.deepEqual(session.credentials(), { token: 'token-2' });
});

test('a window whose engine was started again is rescued by the new code', () => {
  const { client, session, clock, links, newest, welcome, sockets } = bench('one');
  client.start();
  newest().opens();
  welcome('token-1');
  newest().ends();
  clock.advanceToMs(250);
  newest().opens();
  assert.deepEqual(newest().sent, [{ kind: 'hello', token: 'token-1' }]);
  newest().ends(CLOSE_CODES.badToken);
  assert.equal(links.at(-1)?.state, 'refused');

  session.offered('two');
  client.start();
  newest().opens();
  assert.deepEqual(newest().sent, [{ kind: 'hello', code: 'two' }]);
  welcome('token-2');
  assert.equal(links.at(-1)?.state, 'open');
  assert.equal(sockets.length, 3);
});

test('connecting anew drops the older socket: nothing that it still says or does counts', async () => {
  const { client, clock, links, newest, welcome, sockets } = bench('one');
  client.start();
  newest().opens();
  welcome('token-1');
  const asked = client.call('run.list', {});
  client.start();
  await assert.rejects(asked, (error: CallError) => error.linkLost);
  const [older] = sockets;
  assert.equal(older?.readyState, WebSocket.CLOSING);
  newest().opens();
  older?.says({ kind: 'welcome', token: 'of-the-older', clientId: 1, protocol: 1 });
  older?.opens();
  older?.ends();
  clock.advanceToMs(10_000);
  assert.equal(sockets.length, 2, 'the end of the older one opens no third');
  assert.deepEqual(newest().sent, [{ kind: 'hello', token: 'token-1' }]);
  assert.deepEqual(
    links.map(({ state }) => state),
    ['connecting', 'open', 'connecting'],
  );
});

test('a try that waits is not made beside the new one', () => {
  const { client, clock, newest, sockets } = bench('one');
  client.start();
  newest().ends();
  client.start();
  clock.advanceToMs(10_000);
  assert.equal(sockets.length, 2);
});

const episode = (id: number): EpisodeSummary => ({
  id,
  sessionId: 1,
  task: 'insert',
  mode: 'run',
  observation: 'pixels',
  seed: id,
  policyIsCandidate: false,
  startedAtMs: 0,
  steps: 50,
  humanSteps: 0,
  takeovers: 0,
  return: 0,
  outcome: 'success',
  discarded: false,
});
const page = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => episode(to - 1 - index));

beforeEach(() => forgetProject());

test('older episodes are asked for until a page is not full, and a newest page asked again changes nothing of that', () => {
  const known = () => useEngine.getState().episodes.map(({ id }) => id);
  const before = () => useEngine.getState().episodesBefore;
  putEpisodes([episode(12)]);
  putEpisodePage(page(8, 13), 5);
  assert.deepEqual([known(), before()], [[8, 9, 10, 11, 12], true]);
  putEpisodePage(page(3, 8), 5);
  assert.deepEqual([known()[0], before()], [3, true]);
  putEpisodePage(page(1, 3), 5);
  assert.deepEqual([known()[0], before()], [1, false]);
  putEpisodePage(page(9, 14), 5);
  assert.deepEqual([known().length, before()], [13, false]);
});

test('an export that ran when the link was lost is doubted in words, until it is heard of again', () => {
  const message = { kind: 'export', exportId: 1, fraction: 0.4, directory: 'exports/insert' } as const;
  putExport({ ...message, state: 'running' });
  putExport({ ...message, exportId: 2, state: 'finished' });
  markExportsUnknown();
  const [finished, doubted] = useEngine.getState().exports;
  assert.equal(finished?.state, 'finished');
  assert.equal(doubted?.state, 'unknown');
  assert.match(doubted?.message ?? '', /link was lost/);
  putExport({ ...message, state: 'running', fraction: 0.6 });
  assert.equal(useEngine.getState().exports[0]?.state, 'running');
});

test('without a link there is no status that counts', () => {
  const { status } = useEngine.getState();
  assert.equal(liveStatus({ link: { state: 'lost', retryAtMs: 0, attempt: 1 }, status }), undefined);
});
