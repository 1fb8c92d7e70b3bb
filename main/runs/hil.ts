/**
 * The whole loop without people: demonstrations by the scripted operator, ConRFT's offline stage, then rounds of episodes in which
 * the operator corrects the policy while a trainer fine-tunes it.
 *
 * Reproducible although rollout and training overlap: while episode n+1 runs with the policy of block n−1, the trainer makes
 * block n, which sees episodes up to n and nothing newer; the rollout waits for a trainer that lags. Interrupted sessions
 * go on at the episode after the last one that was granted.
 */
import type { Clock } from '../api/clock.ts';
import { type EpisodeSummary, interventionRate } from '../api/episode.ts';
import type { RunSpec } from '../api/run.ts';
import { episodeSeed } from '../api/task.ts';
import type { FromTrainer } from '../api/trainer-process.ts';
import { type Evaluation, evaluate, evaluationOf } from './evaluation.ts';
import { type HilRound, type HilState, writeHilState } from './hil-state.ts';
import type { RunLauncher, TrainerHandle } from './launcher.ts';
import type { RunRows } from './run-rows.ts';

/** What the loop needs of a headless engine. */
export interface HilRig {
  /** Records one episode; `policy` undefined in a demonstration. */
  record(request: { readonly seed: number; readonly help: 'demonstrate' | 'supervise' }): Promise<EpisodeSummary>;
  discard(episodeId: number): void;
  /** Runs one episode of a policy alone, without recording. */
  attempt(seed: number, actingNoiseStd: number): Promise<EpisodeSummary>;
  /** From the next recorded episode on. */
  usePolicy(name: string, manifestPath: string): Promise<void>;
  /** From the next attempt on. */
  judgePolicy(name: string, manifestPath: string): Promise<void>;
  /** Everything recorded is committed. */
  drained(): Promise<void>;
}

export interface HilOptions {
  readonly projectFolder: string;
  readonly rig: HilRig;
  readonly rows: RunRows;
  readonly launch: RunLauncher;
  readonly clock: Clock;
  readonly state: HilState;
  readonly encoderManifestPath: string | undefined;
  readonly manifestPathOf: (policy: string) => string;
  readonly episodes: number;
  readonly episodesPerRound: number;
  readonly selectionEpisodes: number;
  readonly reportEpisodes: number;
  /** Acting noise of the evaluations; of the training episodes it is the engine's setting. */
  readonly evaluationNoiseStd: number;
  readonly maxMinutes: number;
  readonly onProgress: (title: string, done: number, total: number, note: string) => void;
  readonly onRound: (round: HilRound) => void;
}

export interface HilResult {
  readonly rounds: readonly HilRound[];
  readonly finalSuccessRate: number;
  readonly wallSec: number;
}

type Block = Extract<FromTrainer, { kind: 'block' }>;
const MS_PER_SEC = 1000;
const MS_PER_MIN = 60_000;

export async function runHil(options: HilOptions): Promise<HilResult> {
  const { rig, clock, rows, projectFolder } = options;
  let state = options.state;
  const startedMs = clock.nowMs() - state.wallSec * MS_PER_SEC;
  const wallSec = () => (clock.nowMs() - startedMs) / MS_PER_SEC;
  const keep = (change: Partial<HilState>) => {
    state = { ...state, ...change, wallSec: wallSec() };
    writeHilState(projectFolder, state);
  };
  const outOfTime = () => clock.nowMs() - startedMs > options.maxMinutes * MS_PER_MIN;
  const specOf = (stage: 'offline' | 'online', startFrom?: string): RunSpec => ({
    algorithm: 'conrft',
    preset: state.preset,
    stage,
    task: 'insert',
    observation: state.observation,
    seed: state.seed,
    ...(startFrom === undefined ? {} : { startFrom }),
  });
  const start = (runId: number, spec: RunSpec) =>
    follow(
      options.launch({
        projectFolder,
        runId,
        spec,
        threads: 1,
        pace: 'granted',
        encoderManifestPath: options.encoderManifestPath,
      }),
    );
  const judge = async (policy: string, range: 'selection' | 'report', count: number): Promise<Evaluation> => {
    await rig.judgePolicy(policy, options.manifestPathOf(policy));
    return evaluate(
      (seed) => rig.attempt(seed, options.evaluationNoiseStd),
      range,
      count,
      (done, so_far) => options.onProgress(`evaluating on ${range}`, done, count, `${so_far.successes} solved`),
    );
  };
  const addRound = (name: string, policy: string, evaluation: Evaluation, trained: readonly EpisodeSummary[]) => {
    const round: HilRound = {
      name,
      successRate: evaluation.successRate,
      ci95: evaluation.ci95,
      meanSteps: evaluation.meanSteps,
      interventionRate: evaluationOf(trained).interventionRate,
      unaidedRate:
        trained.filter((episode) => episode.outcome === 'success' && episode.humanSteps === 0).length /
        Math.max(1, trained.length),
      episodes: state.onlineEpisodes,
      wallSec: wallSec(),
      policy,
    };
    keep({ rounds: [...state.rounds, round] });
    options.onRound(round);
  };

  await demonstrate();
  const offlinePolicy = await learnOffline();
  if (state.rounds.length === 0)
    addRound('offline', offlinePolicy, await judge(offlinePolicy, 'selection', options.selectionEpisodes), []);
  await learnOnline(offlinePolicy);
  const best = state.rounds
    .filter((round) => round.name !== 'report')
    .reduce((a, b) => (b.successRate >= a.successRate ? b : a));
  if (!state.rounds.some((round) => round.name === 'report'))
    addRound('report', best.policy, await judge(best.policy, 'report', options.reportEpisodes), []);
  return { rounds: state.rounds, finalSuccessRate: state.rounds.at(-1)?.successRate ?? 0, wallSec: state.wallSec };

  async function demonstrate(): Promise<void> {
    while (state.demosDone < state.demos) {
      const episode = await rig.record({
        seed: episodeSeed('training', state.demoAttempts, state.seed),
        help: 'demonstrate',
      });
      const success = episode.outcome === 'success';
      if (!success) rig.discard(episode.id);
      keep({
        demoAttempts: state.demoAttempts + 1,
        demosDone: state.demosDone + (success ? 1 : 0),
        newestEpisodeId: episode.id,
      });
      options.onProgress('demonstrations', state.demosDone, state.demos, '');
    }
    await rig.drained();
  }

  async function learnOffline(): Promise<string> {
    const spec = specOf('offline');
    const runId = state.offlineRunId ?? (await rows.createRun(spec));
    keep({ offlineRunId: runId });
    const known = (await rows.run(runId))?.policy;
    if (known !== undefined && state.rounds.length > 0) return known;
    const trainer = start(runId, spec);
    const stop = trainer.onProgress((step, steps) => options.onProgress('offline stage', step, steps, 'updates'));
    const block = await trainer.block(state.newestEpisodeId);
    stop();
    await trainer.finish();
    return block.policy;
  }

  async function learnOnline(offline: string): Promise<void> {
    const spec = specOf('online', offline);
    const runId = state.onlineRunId ?? (await rows.createRun(spec));
    keep({ onlineRunId: runId });
    const trainer = start(runId, spec);
    const newest = state.rounds.at(-1)?.policy ?? offline;
    await rig.usePolicy(newest, options.manifestPathOf(newest));
    let pending: Promise<Block> | undefined;
    let round: EpisodeSummary[] = [];
    let policy = newest;
    const settle = async () => {
      if (!pending) return;
      const block = await pending;
      pending = undefined;
      policy = block.policy;
      await rig.usePolicy(block.policy, block.manifestPath);
    };
    while (state.onlineEpisodes < options.episodes && !outOfTime()) {
      // Attempts at demonstrations and online episodes count on the same axis of seeds, so none is used twice.
      const index = 1000 + state.onlineEpisodes;
      const episode = await rig.record({ seed: episodeSeed('training', index, state.seed), help: 'supervise' });
      round.push(episode);
      await rig.drained();
      await settle();
      pending = trainer.block(episode.id);
      // A trainer that dies is met when its block is awaited, one episode later.
      pending.catch(() => {});
      keep({ onlineEpisodes: state.onlineEpisodes + 1, newestEpisodeId: episode.id });
      options.onProgress(
        'online',
        state.onlineEpisodes,
        options.episodes,
        `last 10: ${Math.round(100 * meanOf(round.slice(-10).map(interventionRate)))} % human`,
      );
      if (round.length >= options.episodesPerRound || state.onlineEpisodes >= options.episodes) {
        await settle();
        addRound(
          `online ${state.onlineEpisodes}`,
          policy,
          await judge(policy, 'selection', options.selectionEpisodes),
          round,
        );
        round = [];
      }
    }
    if (pending) await pending;
    await trainer.finish();
  }
}

/** A trainer's messages as promises: one block at a time, and an error that says why when it dies instead. */
function follow(trainer: TrainerHandle) {
  let waiting: { resolve(block: Block): void; reject(error: Error): void } | undefined;
  let failure: string | undefined;
  const progress = new Set<(step: number, steps: number) => void>();
  trainer.onMessage((message) => {
    if (message.kind === 'block') {
      waiting?.resolve(message);
      waiting = undefined;
    } else if (message.kind === 'progress') {
      for (const listener of progress) listener(message.status.step, message.status.steps ?? message.status.step);
    } else if (message.kind === 'failed') failure = `${message.message} ${message.remedy}`;
  });
  void trainer.ended.then(({ code, signal, lastWords }) => {
    waiting?.reject(new Error(`the trainer ended (${signal ?? `code ${code}`}): ${failure ?? lastWords.trim()}`));
    waiting = undefined;
  });
  return {
    block: (throughEpisodeId: number) =>
      new Promise<Block>((resolve, reject) => {
        waiting = { resolve, reject };
        trainer.send({ kind: 'grant', throughEpisodeId, updates: undefined });
      }),
    onProgress: (listener: (step: number, steps: number) => void) => {
      progress.add(listener);
      return () => progress.delete(listener);
    },
    finish: async () => {
      trainer.send({ kind: 'finish' });
      await trainer.ended;
    },
  };
}

const meanOf = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
