/** Tests the server: access, refusals, and that no window can slow the engine or drive without the controls. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CLOSE_CODES } from '../../../main/api/window/messages.ts';
import { decodePicture, decodeStream } from '../../../main/api/window/streams.ts';
import { createWindowPuck } from '../../../main/engine/pucks.ts';
import { hostAllowed, originAllowed } from '../../../main/engine/server/access.ts';
import { type EngineServer, portRefusal, serveEngine } from '../../../main/engine/server/server.ts';
import { createStreams } from '../../../main/engine/server/window-streams.ts';
import { createFakeCell, type FakeCell } from '../../native/fake-cell.ts';
import { bench, ticks } from '../rig.ts';
import { closeWindows, codeOf, connect, enter, opened } from '../test-window.ts';

const folder = await mkdtemp(join(tmpdir(), 'window-'));
await mkdir(join(folder, 'dist', 'assets'), { recursive: true });
await writeFile(join(folder, 'dist', 'index.html'), '<!doctype html><title>window</title>');
await writeFile(join(folder, 'dist', 'assets', 'app-1.js'), 'export {};');
await writeFile(join(folder, 'secret.txt'), 'secret');
const closing: (() => Promise<void>)[] = [];
after(async () => {
  closeWindows();
  for (const close of closing) await close();
  await rm(folder, { recursive: true });
});

async function serve(cell: FakeCell = createFakeCell()) {
  const rig = await bench({ cell });
  const windowPuck = createWindowPuck(cell.clock);
  const server = await serveEngine({ engine: rig.engine, windowPuck, windowFolder: join(folder, 'dist') });
  closing.push(() => server.close());
  return { ...rig, server, windowPuck };
}

function get(server: EngineServer, path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; body: string; policy: string }>((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: server.port, path, headers }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          body,
          policy: String(response.headers['content-security-policy']),
        }),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}

test('files: the window under a strict policy; nothing outside its folder; only under this machine\u2019s name', async () => {
  const { server } = await serve();
  const page = await get(server, '/');
  assert.deepEqual([page.status, page.body], [200, '<!doctype html><title>window</title>']);
  assert.match(page.policy, /default-src 'none'; script-src 'self'/);
  assert.equal((await get(server, '/assets/app-1.js?x=1')).status, 200);
  for (const path of [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/../../secret.txt',
    '/%00',
    '/%zz',
    '/nothing',
  ])
    assert.ok([400, 404].includes((await get(server, path)).status), path);
  assert.equal((await get(server, '/', { host: 'rebound.example' })).status, 421);
});

test('a window that has not been built: a page that says what to do', async () => {
  const { engine } = await bench();
  const server = await serveEngine({ engine, windowPuck: undefined, windowFolder: join(folder, 'nowhere') });
  closing.push(() => server.close());
  const page = await get(server, '/');
  assert.equal(page.status, 200);
  assert.match(page.body, /not been built/);
});

test('a port that is taken gives way to a free one', async () => {
  const { server, engine } = await serve();
  const second = await serveEngine({ engine, windowPuck: undefined, windowFolder: folder, port: server.port });
  closing.push(() => second.close());
  assert.notEqual(second.port, server.port);
  assert.equal(server.portProblem, undefined);
  assert.match(second.portProblem ?? '', new RegExp(`^Port ${server.port} is in use .* --port\\.$`));
  assert.match(portRefusal(443, 'EACCES') ?? '', /^This user may not open port 443, .* above 1023 with --port\.$/);
  assert.equal(portRefusal(443, 'EMFILE'), undefined, 'another port would not help');
});

test('opening: a code works once, its token again and again, anything else is closed with 4401', async () => {
  const { server } = await serve();
  const code = codeOf(server.issueUrl());
  const first = connect(server);
  await opened(first);
  first.send({ kind: 'hello', code });
  const { token } = await first.next('welcome');
  assert.equal((await first.next('rig')).rig.robot, 'fake arm');
  assert.equal((await first.next('status')).status.phase, 'hold');
  for (const [hello, expected] of [
    [{ kind: 'hello', code }, CLOSE_CODES.badToken],
    [{ kind: 'hello', token: `${token}x` }, CLOSE_CODES.badToken],
    [{ kind: 'hello' }, CLOSE_CODES.badToken],
    [{ kind: 'call', id: 1, name: 'control.stop', parameters: {} }, CLOSE_CODES.badToken],
    ['{', CLOSE_CODES.malformed],
  ] as const) {
    const window = connect(server);
    await opened(window);
    window.send(hello);
    assert.equal(await window.closed, expected, JSON.stringify(hello));
  }
  const again = connect(server);
  await opened(again);
  again.send({ kind: 'hello', token });
  assert.equal((await again.next('welcome')).token, token);
});

test('a browser leaves out the port that HTTP implies, and only that', () => {
  // `IncomingMessage` is a stream of a socket, but the functions read only its headers.
  const asked = (headers: Record<string, string>) => ({ headers }) as unknown as IncomingMessage;
  for (const name of ['127.0.0.1', 'localhost'])
    for (const [port, given, allowed] of [
      [80, name, true],
      [80, `${name}:80`, true],
      [4817, `${name}:4817`, true],
      [4817, name, false],
      [4817, `${name}:80`, false],
    ] as const) {
      assert.equal(hostAllowed(asked({ host: given }), port), allowed, `${given} at ${port}`);
      assert.equal(originAllowed(asked({ origin: `http://${given}` }), port), allowed, `${given} at ${port}`);
    }
  for (const host of ['rebound.example', '127.0.0.1.example', ''])
    assert.equal(hostAllowed(asked({ host }), 80), false);
  assert.equal(originAllowed(asked({ origin: 'https://127.0.0.1' }), 80), false);
});

test('a wrong Origin and a wrong Host are closed with 4403', async () => {
  const { server } = await serve();
  for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { host: 'rebound.example' }])
    assert.equal(await connect(server, headers).closed, CLOSE_CODES.badOrigin, JSON.stringify(headers));
  const own = connect(server, { origin: `http://127.0.0.1:${server.port}` });
  await opened(own);
});

test('malformed messages: refused in words when they carry an id, closed when not; too large is closed', async () => {
  const { server, engine } = await serve();
  const window = await enter(server);
  window.send({ kind: 'call', id: 7, name: 'robot.explode', parameters: {} });
  const unknown = await window.next('refusal');
  assert.equal(unknown.id, 7);
  assert.match(unknown.message, /name/);
  const wrong = await window.call('input.puck', { source: 'screen', axes: [0, 0, 2, 0, 0, 0], buttons: 0 });
  assert.ok(wrong.kind === 'refusal' && wrong.message.includes('axes.2'));
  assert.equal((await window.call('episode.verdict', { verdict: 'maybe' })).kind, 'refusal');
  window.send('not json');
  assert.equal(await window.closed, CLOSE_CODES.malformed);
  const large = await enter(server);
  large.send({ kind: 'call', id: 1, name: 'control.stop', parameters: { padding: 'x'.repeat(100_000) } });
  assert.equal(await large.closed, 1009);
  const binary = await enter(server);
  binary.socket.send(Uint8Array.of(1, 2, 3));
  assert.equal(await binary.closed, CLOSE_CODES.malformed);
  assert.equal(engine.loop.phase(), 'hold');
});

test('one window holds the controls: another is refused, may stop, and may claim them', async () => {
  const { server, engine } = await serve();
  const first = await enter(server);
  const second = await enter(server);
  assert.equal((await first.call('controls.claim')).kind, 'answer');
  const refused = await second.call('control.resume');
  assert.ok(refused.kind === 'refusal' && refused.message.includes('Another window'));
  assert.equal((await second.call('control.stop')).kind, 'answer');
  assert.equal(engine.status().holdReason, 'Stop was pressed.');
  await second.call('controls.claim');
  assert.equal((await second.call('control.resume')).kind, 'answer');
  assert.equal(engine.loop.phase(), 'ready');
  assert.equal((await first.call('episode.start')).kind, 'refusal');
  assert.equal((await second.call('episode.start')).kind, 'answer');
});

test('the window\u2019s puck takes over; a window that goes while it drives makes the arm hold', async () => {
  const { server, engine, cell } = await serve();
  const window = await enter(server);
  await window.call('control.resume');
  engine.loop.anchor(cell.clock.nowMs());
  await window.call('episode.start');
  await ticks(engine, 2);
  assert.equal(engine.loop.driver(), 'policy');
  assert.equal(
    (await window.call('input.puck', { source: 'keyboard', axes: [0, -1, 0, 0, 0, 0], buttons: 0 })).kind,
    'answer',
  );
  window.socket.close();
  await window.closed;
  while (engine.loop.phase() === 'running') await new Promise<void>((resolve) => setImmediate(resolve));
  assert.equal(engine.loop.phase(), 'hold');
  assert.match(engine.status().fault?.what ?? '', /window/);
});

test('streams: asked for by name, decoded by the contract, named again for a replay', async () => {
  const { server, engine, cell } = await serve();
  const window = await enter(server);
  window.send({ kind: 'subscribe', streams: ['wrist', 'poses'], maxHz: 60 });
  await window.call('control.resume');
  engine.loop.anchor(cell.clock.nowMs());
  await window.call('episode.start');
  await ticks(engine, 2);
  const seen = new Set<string>();
  while (seen.size < 2) {
    const message = decodeStream(await window.binary());
    seen.add(message.name);
    if (message.kind === 'camera') assert.equal(decodePicture(message.payload).widthPx, 4);
  }
  assert.deepEqual([...seen].sort(), ['poses', 'wrist']);
  const step = await window.next('step');
  assert.equal(step.step.actor, 'policy');
});

test('a slow window loses frames, and its rate is its own', async () => {
  const { engine, cell } = await bench();
  let buffered = 0;
  const sent: Uint8Array[] = [];
  const socket = {
    sendText: () => {},
    sendBytes: (bytes: Uint8Array) => void sent.push(bytes),
    bufferedBytes: () => buffered,
    onText: () => {},
    onBinary: () => {},
    onClose: () => {},
    close: () => {},
    terminate: () => {},
  };
  const streams = createStreams({ engine, socket, clock: cell.clock, slowBytes: 1000 });
  streams.subscribe(['wrist'], 5);
  await engine.loop.reset(1);
  engine.loop.anchor(cell.clock.nowMs());
  engine.loop.start();
  await ticks(engine, 10);
  assert.equal(sent.length, 5, '10 Hz of pictures, 5 Hz asked for');
  buffered = 5000;
  await ticks(engine, 10);
  assert.equal(sent.length, 5, 'nothing is queued for a window that does not read');
  buffered = 0;
  await ticks(engine, 2);
  assert.equal(sent.length, 6);
  streams.close();
});

test('settings: an empty workspace box is refused; good ones come back with the rig', async () => {
  const { server, engine } = await serve();
  const window = await enter(server);
  const limits = engine.rig().limits;
  const empty = await window.call('settings.set', { limits: { ...limits, workspaceLowM: limits.workspaceHighM } });
  assert.ok(empty.kind === 'refusal' && empty.message.includes('empty'));
  await window.next('rig');
  assert.equal((await window.call('settings.set', { autoStart: true })).kind, 'answer');
  assert.equal((await window.next('rig')).rig.autoStart, true);
  const missing = await window.call('episode.list', { limit: 10 });
  assert.ok(missing.kind === 'refusal' && missing.message.includes('store'));
});
