/**
 * Tests that the engine continues whatever a window sends. It answers another window in time, and no rejection or
 * exception is unhandled. Messages are nested, repeated, cut short, of wrong types, huge, binary, and too many. The
 * seed is printed; FUZZ_SEED repeats one, FUZZ_RUNS makes more.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { openStoreReader } from '../../data/reading/reader.ts';
import { openStoreWriter, type QueuedStoreWriter } from '../../data/recording/writer.ts';
import { systemClock } from '../../main/api/clock.ts';
import { CALLS, CLOSE_CODES } from '../../main/api/window/messages.ts';
import { createWindowPuck } from '../../main/engine/pucks.ts';
import { type EngineServer, serveEngine } from '../../main/engine/server/server.ts';
import { done, type ExportService } from '../../main/engine/services.ts';
import { createClassifierService } from '../../main/runs/jobs/classifier-service.ts';
import { createPolicyCatalogue } from '../../main/runs/policies/policy-catalogue.ts';
import { openRunRows, type RunRows } from '../../main/runs/run-rows.ts';
import { createRunService } from '../../main/runs/run-service.ts';
import { createFakeCell } from '../native/fake-cell.ts';
import { createFakeLauncher } from '../runs/fake-trainer.ts';
import { bench } from './rig.ts';
import { closeWindows, connect, enter, opened, type TestWindow } from './test-window.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? systemClock.wallTimeMs() % 2 ** 31);
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 40);
/** Time limit for the engine's answer to another window. This machine may be busy. */
const ANSWER_WITHIN_MS = 2000;

const folder = await mkdtemp(join(tmpdir(), 'fuzz-'));
const unowned: unknown[] = [];
const note = (error: unknown) => unowned.push(error);
let server: EngineServer;
let writer: QueuedStoreWriter;
let rows: RunRows;
let closeReader: () => Promise<void>;
let calm: TestWindow;

/** Serves an engine with everything that calls can reach: a real store, runs, classifiers. It starts no processes. */
before(async () => {
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
  writer = await openStoreWriter({ folder, reserveBytes: 0 });
  const reader = await openStoreReader(folder);
  closeReader = () => reader.close();
  rows = openRunRows(folder);
  const exports: ExportService = {
    start: async () => done({ exportId: 1, directory: folder, episodes: 0, leftOut: undefined }),
    onProgress: () => () => {},
  };
  const counts = { rlTransitions: 5000, demoTransitions: 900, demonstrations: 25, interventionSteps: 99, episodes: 60 };
  const task = () => 'insert' as const;
  const about = { projectFolder: folder, task, encoderManifestPath: undefined, clock: systemClock } as const;
  const rig = await bench({
    cell: createFakeCell(),
    writer,
    reader,
    exports,
    shelf: createPolicyCatalogue(folder, rows),
    runs: createRunService({
      ...about,
      rows,
      launch: createFakeLauncher().launch,
      counts: () => counts,
      policyInUse: () => undefined,
      policiesHeld: () => [],
    }),
    classifiers: createClassifierService({
      ...about,
      observation: 'pixels',
      writer,
      launch: () => ({ ended: new Promise(() => {}), cancel: async () => {} }),
    }),
  });
  const windowPuck = createWindowPuck(rig.cell.clock);
  server = await serveEngine({ engine: rig.engine, windowPuck, windowFolder: folder });
  calm = await enter(server);
});
after(async () => {
  closeWindows();
  await server.close();
  await rows[Symbol.asyncDispose]();
  await closeReader();
  await writer.close();
  process.off('unhandledRejection', note);
  process.off('uncaughtException', note);
  await rm(folder, { recursive: true });
});

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Checks that another window gets answers, from Stop and from a call that waits for a thread. */
async function engineAnswers(): Promise<void> {
  const startMs = systemClock.nowMs();
  assert.equal((await calm.call('control.stop')).kind, 'answer');
  assert.equal((await calm.call('run.list')).kind, 'answer');
  const tookMs = systemClock.nowMs() - startMs;
  assert.ok(tookMs < ANSWER_WITHIN_MS, `answered after ${Math.round(tookMs)} ms`);
  await turn();
  assert.deepEqual(unowned, []);
}

const nested = (depth: number, open: string, close: string, core: string) =>
  open.repeat(depth) + core + close.repeat(depth);
const callOf = (name: string, parameters: string) =>
  `{"kind":"call","id":1,"name":${JSON.stringify(name)},"parameters":${parameters}}`;
const names = Object.keys(CALLS);

/** Messages of the shapes that schemas expect, with values of any type, size and sign in them. */
const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 6 }),
  fc.constantFrom<unknown>(Number.MAX_VALUE, -Number.MAX_VALUE, 2 ** 53, -1, 1e-320, '', '\u0000', '__proto__', [], {}),
  fc.string({ unit: 'binary', maxLength: 2000 }),
);
const parameters = fc.oneof(
  odd,
  fc.dictionary(
    fc.constantFrom(
      ...['spec', 'name', 'episodeId', 'runId', 'limit', 'beforeId', 'index', 'points', 'names', 'axes', 'buttons'],
      ...['source', 'takeover', 'teleop', 'limits', 'success', 'threshold', 'label', 'frame', 'format', 'directory'],
      ...['verdict', 'mode', 'engaged', 'command', 'autoStart', 'actingNoiseStd', '__proto__', 'constructor'],
    ),
    fc.oneof(
      odd,
      fc.integer(),
      fc.constantFrom('success', 'run', 'open', 'screen', 'lerobot-v3', 'positive', 'insert', 'conrft', 'offline'),
      fc.record({ stage: fc.constant('offline'), algorithm: fc.constantFrom('conrft', 'rlpd', 'ppo'), settings: odd }),
    ),
  ),
);
const call = fc
  .tuple(fc.constantFrom(...names), parameters, fc.oneof(fc.nat(), odd))
  .map(([name, given, id]) => JSON.stringify({ kind: 'call', id, name, parameters: given }));
const deep = fc
  .tuple(
    fc.constantFrom(...names),
    fc.integer({ min: 1, max: 5000 }),
    fc.constantFrom<readonly [string, string]>(['[', ']'], ['{"a":', '}'], ['[{"settings":', '}]']),
  )
  .map(([name, depth, [open, close]]) =>
    callOf(name, `{"spec":{"settings":{"x":${nested(depth, open, close, '0')}}}}`),
  );
const text = fc.oneof(
  call,
  deep,
  fc.tuple(call, fc.nat({ max: 200 })).map(([whole, end]) => whole.slice(0, end)),
  fc
    .tuple(call, fc.nat({ max: 60 }), odd)
    .map(([whole, at, put]) => whole.slice(0, at) + String(put) + whole.slice(at)),
  odd.map((value) => JSON.stringify(value) ?? ''),
  odd.map((value) => JSON.stringify({ kind: 'subscribe', streams: value, maxHz: value })),
  odd.map((value) => JSON.stringify({ kind: 'hello', code: value, token: value })),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.constant('é'.repeat(30_000)),
  fc.constant('[0,'.repeat(20_000)),
  fc.constant(' '.repeat(200_000)),
);
const message = fc.oneof({ weight: 8, arbitrary: text }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 3000 }) });

test(`whatever a window sends, another is answered (seed ${SEED})`, { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(message, { minLength: 1, maxLength: 40 }),
      fc.boolean(),
      fc.nat({ max: 3 }),
      async (messages, admitted, repeats) => {
        const window = admitted ? await enter(server) : connect(server);
        if (!admitted) await opened(window);
        for (const each of messages)
          for (let repeat = 0; repeat <= repeats; repeat++)
            if (window.socket.readyState === window.socket.OPEN) window.socket.send(each);
        await engineAnswers();
        window.socket.terminate();
        await window.closed;
      },
    ),
    { seed: SEED, numRuns: RUNS, endOnFailure: false },
  );
});

test('a run whose settings nest a thousand levels deep is refused, and so is one of every depth before it', {
  timeout: 30_000,
}, async () => {
  const { send, closed } = await enter(server);
  for (const depth of [33, 1468, 5000]) {
    const window = await enter(server);
    window.send(callOf('run.plan', `{"spec":{"settings":{"x":${nested(depth, '[', ']', '')}}}}`));
    assert.equal(await window.closed, CLOSE_CODES.malformed);
    await engineAnswers();
  }
  const plain = await enter(server);
  const deepest = await plain.call('run.plan', { spec: { settings: JSON.parse(`{"x":${nested(20, '[', ']', '')}}`) } });
  assert.ok(deepest.kind === 'refusal' || deepest.kind === 'answer');
  send('{');
  assert.equal(await closed, CLOSE_CODES.malformed);
});

test('a flood: the window is closed, others are answered; many calls at once are refused beyond a number', {
  timeout: 30_000,
}, async () => {
  const flooding = await enter(server);
  for (let index = 0; index < 5000; index++)
    flooding.socket.send(callOf('episode.list', '{"limit":1000}').replace('"id":1', `"id":${index}`));
  await engineAnswers();
  assert.equal(await flooding.closed, CLOSE_CODES.flooded);
  const eager = await enter(server);
  const answers = await Promise.all(Array.from({ length: 200 }, () => eager.call('run.list')));
  assert.ok(answers.some((answer) => answer.kind === 'refusal' && /wait for their answer/.test(answer.message)));
  assert.equal((await eager.call('control.stop')).kind, 'answer');
  await engineAnswers();
});

test('a reason of many bytes, a second hello, and messages after the farewell end nothing but their window', {
  timeout: 30_000,
}, async () => {
  for (const raw of ['é'.repeat(100), '漢'.repeat(100), '😀'.repeat(100), '{"kind":"hello","code":"x"}']) {
    const window = await enter(server);
    window.send(raw);
    for (let index = 0; index < 50; index++)
      window.send({ kind: 'call', id: index, name: 'control.resume', parameters: {} });
    assert.equal(await window.closed, CLOSE_CODES.malformed);
  }
  await engineAnswers();
});

test('HTTP and upgrades that are no HTTP: refused or closed', { timeout: 30_000 }, async () => {
  const lines = [
    'GET /socket HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    'GET http://[::1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
    `GET /${'a'.repeat(30_000)} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`,
    `GET /%ff%00/..;/ HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`,
    `POST / HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: 99999999\r\n\r\nx`,
    '\u0000\u0001\u0002\r\n\r\n',
  ];
  for (const line of lines) {
    const socket = connectTcp(server.port, '127.0.0.1');
    socket.on('error', () => {});
    await new Promise<void>((resolve) => {
      socket.once('data', () => resolve());
      socket.once('close', () => resolve());
      socket.write(line);
    });
    socket.destroy();
  }
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: server.port, path: '/' }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', reject);
    asked.end();
  });
  assert.equal(status, 200);
  await engineAnswers();
});
