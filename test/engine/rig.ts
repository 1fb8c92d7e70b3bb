/** Shared parts of the engine's tests: a fake cell, a puck on a fake HID bus, a policy with given answers, a writer. */
import type { EpisodeEnd, EpisodeStart, StepRecord, StorePressure, StoreWriter } from '../../data/records.ts';
import type { BufferCounts } from '../../main/api/episode.ts';
import { DEFAULT_TAKEOVER } from '../../main/api/teleop.ts';
import type { Fault } from '../../main/api/window/status.ts';
import { createEngine, type Engine, type EngineOptions } from '../../main/engine/engine.ts';
import type { PolicyObservation, PolicyReply, PolicySource } from '../../main/engine/policy/policy-source.ts';
import type { Pace } from '../../main/engine/policy/proposals.ts';
import { createFakeHid, type FakeHid } from '../../native/fake-hid.ts';
import { createSpaceMouse } from '../../native/spacemouse.ts';
import { createFakeCell, type FakeCell } from '../native/fake-cell.ts';

export interface FakeWriter extends StoreWriter {
  readonly episodes: { readonly start: EpisodeStart; readonly steps: StepRecord[]; end: EpisodeEnd | undefined }[];
  readonly events: string[];
  readonly embeddings: (readonly [number, number])[];
  pressureIs(pressure: Partial<StorePressure>): void;
}

export function createFakeWriter(): FakeWriter {
  const episodes: FakeWriter['episodes'] = [];
  const events: string[] = [];
  const embeddings: [number, number][] = [];
  const counts: BufferCounts = {
    rlTransitions: 0,
    demoTransitions: 0,
    demonstrations: 0,
    interventionSteps: 0,
    episodes: 0,
  };
  let pressure: StorePressure = {
    queuedSteps: 0,
    capacitySteps: 100,
    bytesWritten: 0,
    stepsWritten: 0,
    diskFreeBytes: 1e12,
    full: false,
    unreachable: false,
    stopped: false,
  };
  return {
    sessionId: 1,
    episodes,
    events,
    embeddings,
    beginEpisode: (start) => episodes.push({ start, steps: [], end: undefined }),
    appendStep: (id, step) => void episodes[id - 1]?.steps.push(step),
    endEpisode: (id, end) => {
      const episode = episodes[id - 1];
      if (episode) episode.end = end;
    },
    relabelEpisode: (id, verdict) => void events.push(`relabel ${id} ${verdict}`),
    discardEpisode: (id) => void events.push(`discard ${id}`),
    labelObservation: (id, index, label, source) => void events.push(`label ${id} ${index} ${label} ${source}`),
    labelCounts: () => ({ positives: 0, negatives: 0 }),
    undo: async () => undefined,
    setEmbedding: (id, index) => void embeddings.push([id, index]),
    counts: () => counts,
    pressure: () => pressure,
    drained: async () => {
      events.push('drained');
      pressure = { ...pressure, queuedSteps: 0 };
    },
    onProblem: () => () => {},
    close: async () => {},
    pressureIs: (next) => {
      pressure = { ...pressure, ...next };
    },
  };
}

export interface FakePolicy extends PolicySource {
  say(reply: (observation: PolicyObservation) => PolicyReply | Promise<PolicyReply>): void;
  readonly seen: PolicyObservation[];
}

export const proposal = (action: readonly number[], saturation = 0): PolicyReply => ({
  kind: 'proposal',
  action: Float32Array.from({ length: 7 }, (_, index) => action[index] ?? 0),
  embedding: Float32Array.of(1, 2),
  computeMs: 1,
  saturation,
});

export function createFakePolicy(): FakePolicy {
  let name = 'starter';
  let reply: (observation: PolicyObservation) => PolicyReply | Promise<PolicyReply> = () => proposal([0.5]);
  const seen: PolicyObservation[] = [];
  return {
    seen,
    say: (next) => {
      reply = next;
    },
    name: () => name,
    encoderSha256: () => undefined,
    load: async (path) => {
      name = path;
      return { kind: 'loaded', name: path, actingNoiseStd: 0, encoderSha256: undefined };
    },
    loadClassifier: async (path) => ({ kind: 'loaded', name: path, threshold: 0.7 }),
    startEpisode: () => {},
    propose: async (observation) => {
      seen.push(observation);
      return reply(observation);
    },
    onTrouble: () => () => {},
    close: async () => {},
  };
}

export interface Bench {
  readonly cell: FakeCell;
  readonly hid: FakeHid;
  readonly policy: FakePolicy;
  readonly writer: FakeWriter;
  readonly engine: Engine;
  readonly messages: unknown[];
  /** Every fault that the status has shown, oldest first. */
  readonly faults: Fault[];
  /** Pushes the puck to these axes at `timeMs`. */
  puckAt(timeMs: number, axes: readonly number[]): void;
  buttonsAt(timeMs: number, buttons: number): void;
  /** Resets, anchors and starts. The next tick is step 0 at the returned time. */
  begin(mode?: 'run' | 'demonstrate'): Promise<number>;
}

export async function bench(
  options: { readonly pace?: Pace; readonly cell?: FakeCell } & Partial<EngineOptions> = {},
): Promise<Bench> {
  const cell = options.cell ?? createFakeCell();
  const hid = createFakeHid();
  const puck = createSpaceMouse({ transport: hid, clock: cell.clock, takeover: () => DEFAULT_TAKEOVER });
  const policy = createFakePolicy();
  const writer = createFakeWriter();
  const engine = createEngine({
    projectFolder: 'nowhere',
    pace: { kind: 'simulated', latencyMs: 0 },
    headless: options.pace?.kind !== 'host',
    policy,
    writer,
    policyManifestPath: 'starter',
    ...options,
    cell,
    puck,
  });
  const messages: unknown[] = [];
  engine.onMessage((message) => messages.push(message));
  const faults: Fault[] = [];
  engine.onChanged(() => {
    const { fault } = engine.status();
    if (fault && fault !== faults.at(-1)) faults.push(fault);
  });
  await engine.open();
  return {
    cell,
    hid,
    policy,
    writer,
    engine,
    messages,
    faults,
    puckAt: (timeMs, axes) => void cell.clock.at(timeMs, () => hid.push(axesReport(axes))),
    buttonsAt: (timeMs, buttons) => void cell.clock.at(timeMs, () => hid.push(Uint8Array.of(3, buttons, 0))),
    begin: async (mode = 'run') => {
      engine.setMode(mode);
      engine.loop.release();
      await engine.loop.reset(7);
      engine.loop.anchor(cell.clock.nowMs());
      engine.loop.start();
      return cell.clock.nowMs();
    },
  };
}

export function axesReport(axes: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(13);
  const view = new DataView(bytes.buffer);
  bytes[0] = 1;
  for (let index = 0; index < 6; index++) view.setInt16(1 + 2 * index, Math.round(350 * (axes[index] ?? 0)), true);
  return bytes;
}

export async function ticks(engine: Engine, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await engine.loop.tick();
}
