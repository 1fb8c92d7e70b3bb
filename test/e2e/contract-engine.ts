/**
 * A small scripted engine that speaks the contract exactly: serves the built window, answers every call, streams a
 * tape. Test code only. Tests read `calls`, change `status`, and cut links; it never decides anything a real engine
 * decides. Run by itself it serves until ended: node test/e2e/contract-engine.ts 5199
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  CALLS,
  type CallName,
  CLOSE_CODES,
  type ClassifierState,
  clientMessageSchema,
  type EpisodeSummary,
  encodePad,
  encodePicture,
  encodeStream,
  every,
  type OutgoingMessage,
  type Rig,
  type RunStatus,
  type Status,
  type StreamKind,
  systemClock,
  TASKS,
  type TaskId,
} from '../../main/api/index.ts';
import { contentSecurityPolicy } from '../../main/api/window/content-security-policy.ts';
import { madeUpClassifier, noClassifier } from './contract-classifier.ts';
import {
  advanced,
  contractRig,
  firstStatus,
  metricSeries,
  newRun,
  noBuffers,
  pastEpisodes,
  pastRun,
  planOf,
  runOptions,
  settingsOf,
  starterName,
  starters,
} from './contract-data.ts';
import { recordTape, type Tape } from './tape.ts';

export interface LoggedCall {
  readonly name: CallName;
  readonly parameters: Record<string, unknown>;
  readonly atMs: number;
}
export interface ContractEngine {
  /** With the one-time code in its fragment. */
  readonly url: string;
  readonly calls: LoggedCall[];
  status: Status;
  rig: Rig;
  episodes: EpisodeSummary[];
  runs: RunStatus[];
  classifier: ClassifierState;
  /** The training under way ends well. */
  finishClassifier(): void;
  send(message: OutgoingMessage): void;
  sendRaw(data: string | Uint8Array): void;
  /** Sends rig and status anew. */
  refresh(): void;
  /** Plays the tape from a step on; the phase and driver are the tape's. */
  play(fromStep?: number): void;
  pause(): void;
  /** The run that is under way makes so many updates more, and its next status is sent. */
  advanceRun(updates: number): void;
  /** A run's status is changed and sent. */
  changeRun(runId: number, change: Partial<RunStatus>): void;
  /** Cuts every link, and accepts none until `accept`. */
  cut(): void;
  accept(): void;
  /** As an engine that was started again: every link is cut, code and token are others. Returns the new address. */
  restart(): string;
  /** Calls that are refused, with what is said. */
  readonly refusals: Map<CallName, string>;
  /** How the last hello introduced itself. */
  lastHello(): 'code' | 'token' | 'nothing';
  close(): Promise<void>;
}

const DIST = join(import.meta.dirname, '../../renderer/dist');
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};
const CONTENT_SECURITY_POLICY = contentSecurityPolicy(['http://127.0.0.1:*']);

interface Client {
  readonly socket: WebSocket;
  streams: ReadonlySet<string>;
  holds: boolean;
}

export async function createContractEngine(tape: Tape, port = 0): Promise<ContractEngine> {
  const clients = new Set<Client>();
  const calls: LoggedCall[] = [];
  let accepting = true;
  let starts = 1;
  let codeUsed = false;
  let hello: 'code' | 'token' | 'nothing' = 'nothing';
  let sequence = 0;
  let cursor = 0;
  let part = 0;
  let playing = false;

  const token = () => `token-of-session-${starts}`;
  const code = () => `one-time-${starts}`;
  const address = () => `http://127.0.0.1:${actualPort}/#code=${code()}`;

  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://x').pathname).replace(/^\/$/, '/index.html');
    try {
      const body = await readFile(join(DIST, path));
      response.writeHead(200, {
        'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
        'content-security-policy': CONTENT_SECURITY_POLICY,
      });
      response.end(body);
    } catch {
      response.writeHead(404).end('no such file');
    }
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (!accepting) {
      socket.destroy();
      return;
    }
    sockets.handleUpgrade(request, socket, head, (upgraded) => opened(upgraded));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const bound = server.address();
  const actualPort = typeof bound === 'object' && bound ? bound.port : port;

  const engine: ContractEngine = {
    url: address(),
    calls,
    status: firstStatus,
    rig: contractRig,
    episodes: pastEpisodes(26),
    runs: [pastRun()],
    classifier: noClassifier,
    finishClassifier: () => {
      const made = madeUpClassifier(engine.classifier.classifiers.length + 1);
      engine.classifier = { training: false, classifiers: [made, ...engine.classifier.classifiers], inUse: made.name };
      engine.send({ kind: 'classifier', state: engine.classifier });
    },
    send: (message) => engine.sendRaw(JSON.stringify(message)),
    sendRaw: (data) => {
      for (const client of clients) client.socket.send(data);
    },
    refresh: () => {
      engine.send({ kind: 'rig', rig: engine.rig });
      sendStatus();
    },
    play: (fromStep = 0) => {
      cursor = fromStep;
      playing = true;
      engine.status = { ...engine.status, phase: 'running', episodeId: engine.episodes.length + 1 };
    },
    pause: () => {
      playing = false;
    },
    advanceRun: (updates) => {
      const run = engine.runs.find(({ state }) => state === 'running' || state === 'waiting');
      if (run) engine.changeRun(run.id, advanced(run, updates));
    },
    changeRun: (runId, change) => {
      engine.runs = engine.runs.map((run) => (run.id === runId ? { ...run, ...change } : run));
      const run = engine.runs.find(({ id }) => id === runId);
      if (run) engine.send({ kind: 'run', run });
    },
    cut: () => {
      accepting = false;
      for (const client of clients) client.socket.terminate();
    },
    accept: () => {
      accepting = true;
    },
    restart: () => {
      starts++;
      codeUsed = false;
      for (const client of clients) client.socket.terminate();
      return address();
    },
    refusals: new Map(),
    lastHello: () => hello,
    close: async () => {
      endBeats();
      for (const client of clients) client.socket.terminate();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };

  function sendStatus(): void {
    for (const client of clients)
      client.socket.send(
        JSON.stringify({
          kind: 'status',
          status: { ...engine.status, timeMs: systemClock.nowMs(), holdsControls: client.holds },
        } satisfies OutgoingMessage),
      );
  }

  function stream(kind: StreamKind, name: string, payload: Uint8Array): void {
    const bytes = encodeStream({ kind, name, sequence: sequence++, timeMs: systemClock.nowMs(), payload });
    for (const client of clients) if (client.streams.has(name)) client.socket.send(bytes);
  }

  function streamStep(index: number, prefix = ''): void {
    const step = tape.steps[index];
    if (!step) return;
    for (const frame of step.frames) stream('camera', prefix + frame.camera, encodePicture(frame));
    for (const pad of step.tactile) stream('tactile', prefix + pad.pad, encodePad(pad));
  }

  function beat(): void {
    const step = tape.steps[cursor];
    const poses = step?.poses[part];
    if (poses) stream('poses', 'poses', new Uint8Array(poses.buffer, poses.byteOffset, poses.byteLength));
    part = (part + 1) % 3;
    if (part !== 0 || !step) return;
    streamStep(cursor);
    engine.status = { ...engine.status, forceInTool: step.wrench, gripperOpeningM: step.summary.gripperOpeningM };
    if (playing) {
      const { actor } = step.summary;
      const { buffers } = engine.status;
      const human = actor !== 'policy';
      engine.status = {
        ...engine.status,
        driver: human ? 'human' : 'policy',
        step: cursor,
        puckAxes: human ? [0.32, -0.41, 0.55, 0.05, -0.12, 0.2] : [0, 0, 0, 0, 0, 0],
        buffers: {
          ...buffers,
          rlTransitions: buffers.rlTransitions + 1,
          demoTransitions: buffers.demoTransitions + (actor === 'human' ? 1 : 0),
        },
      };
      engine.send({ kind: 'setPoint', baseFromTool: [...step.setPoint], driver: human ? 'human' : 'policy' });
      engine.send({
        kind: 'step',
        episodeId: engine.episodes.length + 1,
        step: step.summary,
        toolPositionM: [...step.toolPositionM],
      });
      cursor = (cursor + 1) % tape.steps.length;
    }
    sendStatus();
  }
  const endBeats = every(systemClock, 100 / 3, beat, console.error);

  function opened(socket: WebSocket): void {
    const client: Client = { socket, streams: new Set(), holds: false };
    let known = false;
    socket.on('close', () => clients.delete(client));
    socket.on('error', () => clients.delete(client));
    socket.on('message', (data) => {
      const parsed = clientMessageSchema.safeParse(JSON.parse(String(data)));
      if (!parsed.success) {
        socket.close(CLOSE_CODES.malformed);
        return;
      }
      const message = parsed.data;
      if (message.kind === 'hello') {
        hello = message.code ? 'code' : message.token ? 'token' : 'nothing';
        const good = (message.code === code() && !codeUsed) || message.token === token();
        if (!good) {
          socket.close(CLOSE_CODES.badToken);
          return;
        }
        codeUsed ||= message.code === code();
        known = true;
        clients.add(client);
        socket.send(
          JSON.stringify({ kind: 'welcome', token: token(), clientId: 1, protocol: 1 } satisfies OutgoingMessage),
        );
        socket.send(JSON.stringify({ kind: 'rig', rig: engine.rig } satisfies OutgoingMessage));
      } else if (!known) socket.close(CLOSE_CODES.badToken);
      else if (message.kind === 'subscribe') client.streams = new Set(message.streams);
      else answer(client, message.id, message.name, message.parameters);
    });
  }

  function answer(client: Client, id: number, name: CallName, parameters: unknown): void {
    const parsed = CALLS[name].parameters.safeParse(parameters);
    const reply = (message: OutgoingMessage) => client.socket.send(JSON.stringify(message));
    if (!parsed.success) {
      reply({ kind: 'refusal', id, message: `${name}: ${parsed.error.issues[0]?.message}`, remedy: 'Fix the window.' });
      return;
    }
    const given = parsed.data as Record<string, unknown>;
    calls.push({ name, parameters: given, atMs: systemClock.nowMs() });
    const refusal = engine.refusals.get(name);
    if (refusal) reply({ kind: 'refusal', id, message: refusal, remedy: 'Do it otherwise.' });
    else reply({ kind: 'answer', id, result: act(client, name, given) });
  }

  /** Only what a test needs to see happen. */
  function act(client: Client, name: CallName, given: Record<string, unknown>): unknown {
    const change = (to: Partial<Status>) => {
      engine.status = { ...engine.status, ...to };
    };
    const episode = engine.episodes.find((one) => one.id === given['episodeId']);
    const run = engine.runs.find((one) => one.id === given['runId']);
    // The contract's schema has parsed the parameters.
    const request = (given['spec'] ?? {}) as Partial<RunStatus['spec']>;
    switch (name) {
      case 'controls.claim':
        for (const other of clients) other.holds = other === client;
        change({ controlsHeldByOther: false });
        return {};
      case 'control.stop':
        playing = false;
        change({ phase: 'hold', driver: 'nobody', holdReason: 'Stopped by the operator.' });
        return {};
      case 'control.resume': {
        const { holdReason: _, fault: __, ...rest } = engine.status;
        engine.status = { ...rest, phase: 'ready' };
        return {};
      }
      case 'input.puck':
        change({ puckAxes: given['axes'] as number[] });
        return {};
      case 'episode.start':
        engine.play();
        return {};
      case 'mode.set':
        change({ mode: given['mode'] === 'demonstrate' ? 'demonstrate' : 'run' });
        return {};
      case 'task.set': {
        // The contract's schema has parsed the parameters.
        const { id, instruction, maxSteps } = TASKS[given['task'] as TaskId];
        engine.rig = { ...engine.rig, task: id, instruction, maxSteps };
        engine.send({ kind: 'rig', rig: engine.rig });
        change({ policy: { name: starterName(id), candidate: false }, buffers: noBuffers });
        return {};
      }
      case 'settings.set':
        engine.rig = { ...engine.rig, ...(given as Partial<Rig>) };
        engine.send({ kind: 'rig', rig: engine.rig });
        return {};
      case 'episode.verdict':
      case 'episode.discard':
        if (episode) {
          const changed: EpisodeSummary =
            name === 'episode.discard'
              ? { ...episode, discarded: true }
              : { ...episode, outcome: given['verdict'] === 'success' ? 'success' : 'failure', judge: 'human' };
          engine.episodes = engine.episodes.map((one) => (one.id === episode.id ? changed : one));
          engine.send({ kind: 'episode', episode: changed });
        }
        return {};
      case 'episode.list': {
        const beforeId = Number(given['beforeId'] ?? Number.POSITIVE_INFINITY);
        return { episodes: engine.episodes.filter(({ id }) => id < beforeId).slice(-Number(given['limit'])) };
      }
      case 'episode.replay':
        return {
          episode: episode ?? engine.episodes[0],
          steps: tape.steps.map((step) => step.summary),
          poses: [...tape.steps.map((step) => [...step.poses[0]!]), [...tape.steps[tape.steps.length - 1]!.poses[2]!]],
          periodMs: 100,
        };
      case 'episode.frames':
        streamStep(Math.min(tape.steps.length - 1, Number(given['index'])), 'replay/');
        return {};
      case 'policy.list':
        return {
          policies: [
            ...starters,
            { name: 'run-1/1200', task: 'insert', trainedSteps: 1200, createdAtMs: 0, successRate: 0.62 },
          ],
        };
      case 'policy.revert':
        change({ policy: { name: 'starter', candidate: false } });
        return { policy: 'starter' };
      case 'run.readiness':
        return {
          ready: true,
          needs: [
            { label: 'successes', have: 20, need: 20 },
            { label: 'demonstrations', have: 4, need: 4 },
          ],
        };
      case 'run.options':
        return runOptions;
      case 'run.plan':
        return planOf(request, engine.status);
      case 'run.settings':
        return { settings: run ? settingsOf(run) : {} };
      case 'run.start': {
        const started = newRun(engine.runs.length + 1, request);
        engine.runs = [started, ...engine.runs];
        engine.send({ kind: 'run', run: started });
        return { runId: started.id };
      }
      case 'run.cancel':
        if (run) engine.changeRun(run.id, { state: 'cancelled' });
        return {};
      case 'run.list':
        return { runs: engine.runs };
      case 'run.metrics':
        return { series: run ? metricSeries(run) : {} };
      case 'label.set': {
        const positive = given['label'] === 'positive';
        const { positives, negatives } = engine.status.labels;
        change({ labels: { positives: positives + (positive ? 1 : 0), negatives: negatives + (positive ? 0 : 1) } });
        return given['frame'] ?? { episodeId: engine.episodes.length + 1, index: cursor };
      }
      case 'label.list':
        return {
          labels: tape.steps.slice(0, -2).flatMap((_, index) => ({ index, label: 'negative', source: 'rule' })),
        };
      case 'classifier.state':
        return engine.classifier;
      case 'classifier.train':
        engine.classifier = { ...engine.classifier, training: true };
        engine.send({ kind: 'classifier', state: engine.classifier });
        return {};
      case 'classifier.use':
        engine.classifier = {
          ...engine.classifier,
          inUse: String(given['name']),
          classifiers: engine.classifier.classifiers.map((one) =>
            one.name === given['name'] ? { ...one, threshold: Number(given['threshold']) } : one,
          ),
        };
        engine.send({ kind: 'classifier', state: engine.classifier });
        return {};
      case 'data.export':
        engine.send({ kind: 'export', exportId: 1, state: 'running', fraction: 0.4, directory: 'exports/insert' });
        return { exportId: 1, directory: 'exports/insert', episodes: 12, leftOut: 'left out: 1 discarded' };
      default:
        return {};
    }
  }
  return engine;
}

if (import.meta.main) {
  const engine = await createContractEngine(await recordTape(10_000_003), Number(process.argv[2] ?? 5199));
  engine.play();
  every(systemClock, 1000, () => engine.advanceRun(14), console.error);
  console.log(engine.url);
}
