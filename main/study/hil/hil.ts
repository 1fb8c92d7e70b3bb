/**
 * The whole loop without people: demonstrations by the scripted operator, ConRFT's offline stage, then rounds of episodes in which
 * the operator corrects the policy while a trainer fine-tunes it.
 *
 * Reproducible although rollout and training overlap: while episode n+1 runs with the policy of block n−1, the trainer makes
 * block n, which sees episodes up to n and nothing newer; the rollout waits for a trainer that lags. An interrupted session goes
 * on at the episode after the last one that counts, with the policy that it would have had; what it has left of that episode is
 * discarded, and its seed comes again. One with a report is over: the report's seeds are used once.
 */
import type { Clock } from '../../api/clock.ts';
import { type EpisodeSummary, interventionRate } from '../../api/episode.ts';
import type { RunSpec } from '../../api/run.ts';
import { episodeSeed } from '../../api/task.ts';
import { isUnaidedSuccess } from '../../engine/recording/statistics.ts';
import { type Block, followGranted } from '../../runs/launchers/granted-trainer.ts';
import type { RunLauncher } from '../../runs/launchers/launcher.ts';
import type { RunRows } from '../../runs/run-rows.ts';
import { type Evaluation, evaluate } from '../evaluation.ts';
import { type HilRound, type HilState, readHilState, type TrainedEpisode, writeHilState } from './hil-state.ts';

/** What the loop needs of a headless engine. */
export interface HilRig {
  /** Records one episode; `policy` undefined in a demonstration. */
  record(request: { readonly seed: number; readonly help: 'demonstrate' | 'supervise' }): Promise<EpisodeSummary>;
  discard(episodeId: number): void;
  /** What is stored of episodes newer than this one, whoever recorded them. */
  recordedAfter(episodeId: number): Promise<readonly Pick<EpisodeSummary, 'id' | 'seed' | 'discarded'>[]>;
  /** Runs one episode of a policy alone, without recording. */
  attempt(seed: number, actingNoiseStd: number): Promise<EpisodeSummary>;
  /** From the next recorded episode on. */
  usePolicy(name: string, manifestPath: string): Promise<void>;
  /** From the next attempt on. */
  judgePolicy(name: string, manifestPath: string): Promise<void>;
  /** Everything recorded is committed. */
  drained(): Promise<void>;
  /** Sequence number of the newest committed event. Verdicts and discards up to it are learned from. */
  newestSequence(): number;
}

export interface HilOptions {
  readonly projectFolder: string;
  readonly rig: HilRig;
  readonly rows: Pick<RunRows, 'createRun' | 'run'>;
  readonly launch: RunLauncher;
  readonly clock: Clock;
  readonly state: HilState;
  readonly encoderManifestPath: string | undefined;
  readonly manifestPathOf: (policy: string) => string;
  readonly episodes: number;
  readonly reportEpisodes: number;
  /** The policy of the offline stage is reported too. */
  readonly reportOffline?: boolean;
  readonly maxMinutes: number;
  /** Of the trainer; one if not given. */
  readonly threads?: number;
  readonly onProgress: (title: string, done: number, total: number, note: string) => void;
  readonly onRound: (round: HilRound) => void;
}

export interface HilResult {
  readonly rounds: readonly HilRound[];
  readonly finalSuccessRate: number;
  readonly wallSec: number;
}

const MS_PER_SEC = 1000;
const MS_PER_MIN = 60_000;
/** Attempts at demonstrations and online episodes count on one axis of seeds: no more attempts than this, so none is used twice. */
export const FIRST_ONLINE_INDEX = 1000;
const REPORT = 'report';
/** The offline stage's policy on the report seeds, where it is asked for. */
const OFFLINE_REPORT = 'report of the offline stage';

export const isOver = (state: HilState): boolean => state.rounds.some((round) => round.name === REPORT);

export function resultOf({ rounds, wallSec }: HilState): HilResult {
  return { rounds, wallSec, finalSuccessRate: rounds.find((round) => round.name === REPORT)?.successRate ?? 0 };
}

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
    algorithm: state.algorithm,
    preset: state.preset,
    ...(state.recipe === undefined ? {} : { recipe: state.recipe }),
    stage,
    task: state.task,
    observation: state.observation,
    seed: state.seed,
    ...(Object.keys(state.settings).length === 0 ? {} : { settings: state.settings }),
    ...(startFrom === undefined ? {} : { startFrom }),
  });
  const start = (runId: number, spec: RunSpec) =>
    followGranted(
      options.launch({
        projectFolder,
        runId,
        spec,
        threads: options.threads ?? 1,
        pace: 'granted',
        encoderManifestPath: options.encoderManifestPath,
      }),
    );
  const judge = async (policy: string, range: 'selection' | 'report', count: number): Promise<Evaluation> => {
    await rig.judgePolicy(policy, options.manifestPathOf(policy));
    return evaluate(
      (seed) => rig.attempt(seed, state.noise),
      range,
      count,
      (done, so_far) => options.onProgress(`evaluating on ${range}`, done, count, `${so_far.successes} solved`),
    );
  };
  /** Closes a round; it is stored together with the emptied list of its episodes. */
  const addRound = (name: string, policy: string, evaluation: Evaluation) => {
    const trained = state.openRound;
    const round: HilRound = {
      name,
      successRate: evaluation.successRate,
      ci95: evaluation.ci95,
      meanSteps: evaluation.meanSteps,
      interventionRate: meanOf(trained.map(interventionRate)),
      unaidedRate: meanOf(trained.map((episode) => (episode.unaidedSuccess ? 1 : 0))),
      episodes: state.onlineEpisodes,
      wallSec: wallSec(),
      policy,
      evaluation: { episodes: evaluation.episodes, noiseStd: state.noise },
    };
    keep({ rounds: [...state.rounds, round], openRound: [] });
    options.onRound(round);
  };

  if (!isOver(state)) {
    await takeUp();
    await demonstrate();
    const offlinePolicy = state.scratch ? undefined : await learnOffline();
    if (offlinePolicy !== undefined && state.rounds.length === 0)
      addRound('offline', offlinePolicy, await judge(offlinePolicy, 'selection', state.selectionEpisodes));
    await learnOnline(offlinePolicy);
    if (state.rounds.length === 0)
      throw new Error('there is nothing to report: a session without an offline stage needs at least one episode');
    if (
      options.reportOffline &&
      offlinePolicy !== undefined &&
      !state.rounds.some(({ name }) => name === OFFLINE_REPORT)
    )
      addRound(OFFLINE_REPORT, offlinePolicy, await judge(offlinePolicy, 'report', options.reportEpisodes));
    const chosen = state.rounds.filter(({ name }) => name !== OFFLINE_REPORT);
    const best = chosen.reduce((a, b) => (b.successRate >= a.successRate ? b : a));
    addRound(REPORT, best.policy, await judge(best.policy, 'report', options.reportEpisodes));
  }
  return resultOf(state);

  function nextSeed(): number {
    const online = state.demosDone >= state.demos;
    const index = online ? FIRST_ONLINE_INDEX + state.onlineEpisodes : state.demoAttempts;
    return episodeSeed('training', index, state.seed);
  }

  /**
   * Before anything is recorded or granted. An episode that was cut off, or that was recorded whole and not yet counted, is stored, and
   * would be learned from beside the one that is recorded with its seed now.
   */
  async function takeUp(): Promise<void> {
    const newer = await rig.recordedAfter(state.newestEpisodeId);
    // What was recorded before the session is none of its own.
    if (!readHilState(projectFolder)) return keep({ newestEpisodeId: Math.max(0, ...newer.map(({ id }) => id)) });
    for (const { id } of newer.filter(({ seed, discarded }) => seed === nextSeed() && !discarded)) {
      rig.discard(id);
      options.onProgress(`episode ${id}, which an interruption has left, is discarded`, 0, 1, 'it is recorded again');
    }
    await rig.drained();
  }

  async function demonstrate(): Promise<void> {
    while (state.demosDone < state.demos) {
      if (state.demoAttempts >= FIRST_ONLINE_INDEX)
        throw new Error(
          `only ${state.demosDone} of ${state.demoAttempts} scripted demonstrations succeeded; expected nearly all. Run \`npx takeover doctor\`, and check the cell's settings.`,
        );
      const episode = await rig.record({ seed: nextSeed(), help: 'demonstrate' });
      const success = episode.outcome === 'success';
      if (!success) rig.discard(episode.id);
      await rig.drained();
      keep({
        demoAttempts: state.demoAttempts + 1,
        demosDone: state.demosDone + (success ? 1 : 0),
        newestEpisodeId: episode.id,
      });
      options.onProgress('demonstrations', state.demosDone, state.demos, '');
    }
  }

  async function learnOffline(): Promise<string> {
    const spec = specOf('offline');
    const runId = state.offlineRunId ?? (await rows.createRun(spec));
    keep({ offlineRunId: runId });
    const known = (await rows.run(runId))?.policy;
    if (known !== undefined && state.rounds.length > 0) return known;
    await using trainer = start(runId, spec);
    const stop = trainer.onProgress((step, steps) => options.onProgress('offline stage', step, steps, 'updates'));
    const block = await trainer.block({
      throughEpisodeId: state.newestEpisodeId,
      throughSequence: rig.newestSequence(),
    });
    stop();
    await trainer.finish();
    return block.policy;
  }

  async function learnOnline(offline: string | undefined): Promise<void> {
    const goesOn = () => state.onlineEpisodes < options.episodes && !outOfTime();
    if (!goesOn() && state.openRound.length === 0) return;
    const spec = specOf('online', offline);
    const runId = state.onlineRunId ?? (await rows.createRun(spec));
    keep({ onlineRunId: runId });
    await using trainer = start(runId, spec);
    let pending: Promise<Block> | undefined;
    const grant = (episodeId: number) => {
      const again = state.grantedEpisodeId === episodeId ? state.grantedSequence : undefined;
      const throughSequence = again ?? rig.newestSequence();
      keep({ grantedEpisodeId: episodeId, grantedSequence: throughSequence });
      pending = trainer.block({ throughEpisodeId: episodeId, throughSequence });
      // A trainer that dies is met when its block is awaited, one episode later.
      pending.catch(() => {});
    };
    const settle = async () => {
      if (!pending) return;
      const block = await pending;
      pending = undefined;
      await rig.usePolicy(block.policy, block.manifestPath);
      keep({ policy: block.policy });
    };
    const first = state.policy ?? state.rounds.at(-1)?.policy ?? offline;
    if (first !== undefined) await rig.usePolicy(first, options.manifestPathOf(first));
    // After an interruption: what was granted is answered from the trainer's own record, or made again to the same bytes.
    if (state.grantedEpisodeId > 0) grant(state.grantedEpisodeId);
    if (state.onlineEpisodes > 0 && state.newestEpisodeId !== state.grantedEpisodeId) {
      await settle();
      grant(state.newestEpisodeId);
    }
    if (first === undefined) {
      // Fresh weights drive the first episode: the trainer publishes them when it is granted the demonstrations.
      if (!pending) grant(state.newestEpisodeId);
      await settle();
    }
    const newestPolicy = () => {
      const policy = state.policy ?? first;
      if (policy === undefined) throw new Error('the trainer has published no policy');
      return policy;
    };
    for (;;) {
      if (state.openRound.length > 0 && (state.openRound.length >= state.round || !goesOn())) {
        await settle();
        const policy = newestPolicy();
        const evaluation = await judge(policy, 'selection', state.selectionEpisodes);
        addRound(`online ${state.onlineEpisodes}`, policy, evaluation);
      }
      if (!goesOn()) break;
      const episode = await rig.record({ seed: nextSeed(), help: 'supervise' });
      await rig.drained();
      keep({
        onlineEpisodes: state.onlineEpisodes + 1,
        newestEpisodeId: episode.id,
        openRound: [...state.openRound, trainedEpisode(episode)],
      });
      await settle();
      grant(episode.id);
      const newest = state.openRound.slice(-10).map(interventionRate);
      const note = `last ${newest.length}: ${Math.round(100 * meanOf(newest))} % human`;
      options.onProgress('online', state.onlineEpisodes, options.episodes, note);
    }
    await trainer.finish();
  }
}

const trainedEpisode = (episode: EpisodeSummary): TrainedEpisode => ({
  steps: episode.steps,
  humanSteps: episode.humanSteps,
  unaidedSuccess: isUnaidedSuccess(episode),
});

const meanOf = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
