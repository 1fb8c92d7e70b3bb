/**
 * A headless session in memory, deterministic like the real one: episodes follow from seed and policy, a block's policy
 * from the episodes that it could see. What is recorded, and what the trainer has on record, survives an interruption.
 */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { EpisodeSummary } from '../../main/api/episode.ts';
import type { HilOptions, HilRig } from '../../main/study/hil/hil-record.ts';
import { type HilPlan, type HilState, newHilState, readHilState } from '../../main/study/hil/hil-state.ts';
import { createFakeLauncher, createFakeRows, type FakeTrainer, statusOf, virtualClock } from './fake-trainer.ts';

export function episode(id: number, more: Partial<EpisodeSummary> = {}): EpisodeSummary {
  return {
    ...{ id, sessionId: 1, task: 'insert', mode: 'run', observation: 'state', seed: id, policyIsCandidate: false },
    ...{ startedAtMs: 0, steps: 40, humanSteps: 0, takeovers: 0, return: 8, discarded: false },
    ...{ outcome: 'success', judge: 'simulator' },
    ...more,
  };
}

/** A number in [0, 1) that follows from the text. */
function chance(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}

const EPISODE_MS = 10_000;

export interface FakeSession {
  /**
   * In order: `record <seed> by <policy>`, `stored` (a moment at which all that was recorded is committed), `grant
   * <run> <episode>`, `use <policy>`, `judge <policy>`, `attempt <seed>`.
   */
  readonly events: string[];
  readonly trainers: readonly FakeTrainer[];
  /** Options for a session. The settings of the plan apply only to a new one. */
  readonly options: (more?: Partial<HilOptions> & Partial<Pick<HilPlan, 'round' | 'selectionEpisodes'>>) => HilOptions;
  /**
   * From now on the `count`-th event (1 = the next) throws, or ends the trainer that was granted something; undefined =
   * none. A recording that is interrupted leaves its episode, cut short.
   */
  failAt(count: number | undefined): void;
  /** Episodes that are stored and not discarded. */
  readonly kept: () => readonly { readonly seed: number; readonly policy: string; readonly cut: boolean }[];
  /** Every trainer that was started has ended. */
  quiet(): boolean;
}

export function createFakeSession(
  projectFolder: string,
  wanted: Partial<HilState> = {},
  /** Whether a demonstration succeeds. */
  solves: (seed: number) => boolean = () => true,
): FakeSession {
  mkdirSync(projectFolder, { recursive: true });
  const clock = virtualClock();
  const rows = createFakeRows();
  const events: string[] = [];
  const store: { readonly id: number; readonly seed: number; readonly policy: string; readonly cut: boolean }[] = [];
  const discarded = new Set<number>();
  const kept = (throughId = Number.POSITIVE_INFINITY) =>
    store
      .filter(({ id }) => id <= throughId && !discarded.has(id))
      .map(({ seed, policy: driver, cut }) => ({ seed, policy: driver, cut }));
  const blocks = new Map<number, { readonly through: number; readonly policy: string }[]>();
  const alive = new Set<FakeTrainer>();
  let policy = 'none';
  let judged = 'none';
  let left: number | undefined;
  const happens = (event: string) => {
    events.push(event);
    if (left !== undefined && --left <= 0) {
      left = undefined;
      throw new Error(`interrupted at: ${event}`);
    }
  };
  const answer = (trainer: FakeTrainer, through: number) => {
    const { runId, spec } = trainer.config;
    const made = blocks.get(runId) ?? [];
    blocks.set(runId, made);
    if (made.at(-1)?.through !== through) {
      const seen = kept(through).map((one) => `${one.seed}${one.policy}${one.cut}`);
      made.push({ through, policy: `run-${runId}/${made.length + 1}-${Math.floor(1e6 * chance(seen.join()))}` });
    }
    const last = made.at(-1)!;
    void rows.updateRun(runId, { policy: last.policy });
    trainer.say({ kind: 'progress', status: statusOf(spec, { step: made.length }) });
    trainer.say({
      ...{ kind: 'block', index: made.length - 1, throughEpisodeId: through, updates: 1, metrics: {} },
      ...{ policy: last.policy, manifestPath: `${last.policy}.json` },
    });
  };
  const launcher = createFakeLauncher((trainer, message) => {
    if (message.kind !== 'grant') {
      alive.delete(trainer);
      return trainer.end();
    }
    let died: unknown;
    try {
      happens(`grant ${trainer.config.runId} ${message.throughEpisodeId}`);
    } catch (error) {
      died = error;
    }
    setImmediate(() => {
      if (trainer.killed()) return;
      if (!died) return answer(trainer, message.throughEpisodeId);
      alive.delete(trainer);
      trainer.end({ code: 1, lastWords: String(died) });
    });
  });
  const rig: HilRig = {
    periodMs: 100,
    record: async ({ seed, help }) => {
      const id = store.length + 1;
      try {
        happens(`record ${seed} by ${help === 'demonstrate' ? 'operator' : policy}`);
      } catch (error) {
        store.push({ id, seed, policy, cut: true });
        throw error;
      }
      clock.advanceToMs(clock.nowMs() + EPISODE_MS);
      store.push({ id, seed, policy, cut: false });
      if (help === 'demonstrate')
        return episode(id, { seed, mode: 'demonstrate', outcome: solves(seed) ? 'success' : 'truncated' });
      const humanSteps = Math.floor(40 * chance(`${seed}${policy}`));
      return episode(id, { seed, policy, humanSteps, takeovers: humanSteps > 0 ? 1 : 0 });
    },
    discard: (id) => discarded.add(id),
    recordedAfter: async (episodeId) =>
      store.filter(({ id }) => id > episodeId).map(({ id, seed }) => ({ id, seed, discarded: discarded.has(id) })),
    attempt: async (seed) => {
      happens(`attempt ${seed}`);
      return episode(seed, { seed, outcome: chance(`${seed}${judged}`) < 0.5 ? 'success' : 'truncated' });
    },
    usePolicy: async (name) => {
      happens(`use ${name}`);
      policy = name;
    },
    judgePolicy: async (name) => {
      happens(`judge ${name}`);
      judged = name;
    },
    drained: async () => happens('stored'),
    newestSequence: () => store.length + discarded.size,
  };
  const first = newHilState({
    ...{ seed: 0, demos: 2, observation: 'state', preset: 'cell' },
    ...{ round: 2, selectionEpisodes: 3, noise: 0 },
    ...wanted,
  });
  return {
    events,
    trainers: launcher.trainers,
    kept,
    failAt: (count) => {
      left = count;
    },
    quiet: () => [...alive].every((trainer) => trainer.killed()),
    options: ({ round = first.round, selectionEpisodes = first.selectionEpisodes, ...more } = {}) => ({
      projectFolder,
      rig,
      rows,
      launch: (config) => {
        const handle = launcher.launch(config);
        alive.add(launcher.trainers.at(-1)!);
        return handle;
      },
      clock,
      state: readHilState(projectFolder) ?? { ...first, round, selectionEpisodes },
      encoderManifestPath: undefined,
      manifestPathOf: (name) => `${name}.json`,
      ...{ episodes: 4, reportEpisodes: 2, maxMinutes: 60, onProgress: () => {}, onRound: () => {} },
      ...more,
    }),
  };
}
