/**
 * A running session: what it works with, and its state. Each change is written to the project folder at once, to be
 * resumed from.
 */
import type { Clock } from '../../api/clock.ts';
import { type EpisodeSummary, interventionRate } from '../../api/episode.ts';
import { episodeSeed } from '../../api/task.ts';
import type { RunLauncher } from '../../runs/launchers/launcher.ts';
import type { RunRows } from '../../runs/run-rows.ts';
import { type Evaluation, type EvaluationRange, evaluate } from '../evaluation.ts';
import { type RobotTime, secondsOf } from '../robot-time.ts';
import { mean } from '../statistics.ts';
import { FIRST_ONLINE_INDEX, type HilRound, type HilState, writeHilState } from './hil-state.ts';

/** The part of a headless engine that the loop uses. */
export interface HilRig {
  /** Time of one step. */
  readonly periodMs: number;
  /** Records one episode. */
  record(request: { readonly seed: number; readonly help: 'demonstrate' | 'supervise' }): Promise<EpisodeSummary>;
  discard(episodeId: number): void;
  /** Stored episodes newer than this one, also those that the session has not recorded. */
  recordedAfter(episodeId: number): Promise<readonly Pick<EpisodeSummary, 'id' | 'seed' | 'discarded'>[]>;
  /** Runs one episode of a policy alone, without recording. */
  attempt(seed: number, actingNoiseStd: number): Promise<EpisodeSummary>;
  /** The policy drives from the next recorded episode on. */
  usePolicy(name: string, manifestPath: string): Promise<void>;
  /** The policy drives from the next attempt on. */
  judgePolicy(name: string, manifestPath: string): Promise<void>;
  /** Resolves when everything recorded is committed. */
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
  /** Report the policy of the offline stage too. */
  readonly reportOffline?: boolean;
  readonly maxMinutes: number;
  /** Threads of the trainer. Default: 1. */
  readonly threads?: number;
  readonly onProgress: (title: string, done: number, total: number, note: string) => void;
  readonly onRound: (round: HilRound) => void;
}

/** A session while it runs. */
export type HilContext = HilOptions & { readonly record: ReturnType<typeof createHilRecord> };

const MS_PER_SEC = 1000;
const SEC_PER_MIN = 60;

export function createHilRecord({ projectFolder, rig, state: first, maxMinutes, clock }: HilOptions) {
  let state = first;
  const startedMs = clock.nowMs() - first.wallSec * MS_PER_SEC;
  const wallSec = () => (clock.nowMs() - startedMs) / MS_PER_SEC;
  const change = (changed: Partial<HilState>) => {
    state = { ...state, ...changed, wallSec: wallSec() };
    writeHilState(projectFolder, state);
  };
  return {
    state: () => state,
    change,
    /** Returns the session's robot time with one more episode, to be stored together with that episode. */
    robotTimeWith: (part: keyof RobotTime, steps: number): Pick<HilState, 'robotTime'> => {
      const { robotTime } = state;
      return { robotTime: robotTime && { ...robotTime, [part]: robotTime[part] + secondsOf(steps, rig.periodMs) } };
    },
    /** Closes a round. It is stored together with the emptied list of its episodes. */
    addRound: (name: string, policy: string, { successRate, ci95, meanSteps, episodes, totalSteps }: Evaluation) => {
      const trained = state.openRound;
      const round: HilRound = {
        name,
        successRate,
        ci95,
        meanSteps,
        interventionRate: mean(trained.map(interventionRate)),
        unaidedRate: mean(trained.map((episode) => (episode.unaidedSuccess ? 1 : 0))),
        episodes: state.onlineEpisodes,
        wallSec: wallSec(),
        robotTime: state.robotTime,
        policy,
        evaluation: { episodes, noiseStd: state.noise, robotSec: secondsOf(totalSteps, rig.periodMs) },
      };
      change({ rounds: [...state.rounds, round], openRound: [] });
      return round;
    },
    /** Seed of the next episode to record. */
    nextSeed: () => {
      const online = state.demosDone >= state.demos;
      const index = online ? FIRST_ONLINE_INDEX + state.onlineEpisodes : state.demoAttempts;
      return episodeSeed('training', index, state.seed);
    },
    isOutOfTime: () => clock.nowMs() - startedMs > maxMinutes * SEC_PER_MIN * MS_PER_SEC,
  };
}

/** Evaluates a policy alone and closes the round with the result. */
export async function measureRound(
  { rig, record, manifestPathOf, onProgress, onRound }: HilContext,
  name: string,
  policy: string,
  range: EvaluationRange,
  count: number,
): Promise<void> {
  await rig.judgePolicy(policy, manifestPathOf(policy));
  const attempt = (seed: number) => rig.attempt(seed, record.state().noise);
  const evaluation = await evaluate(attempt, range, count, (done, { successes }) =>
    onProgress(`evaluating on ${range}`, done, count, `${successes} solved`),
  );
  onRound(record.addRound(name, policy, evaluation));
}
