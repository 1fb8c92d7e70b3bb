/**
 * How far the success detector agrees with the simulator, on episodes that neither has seen: the classifier ends them, the simulator
 * only looks on. A false success is one that the simulator had not seen by the end; a missed one is one that it saw and the
 * classifier let run into the time limit. How much was left to go at a false one tells a close call from a wrong one.
 */
import type { EpisodeSummary } from '../../api/episode.ts';
import { episodeSeed } from '../../api/task.ts';
import type { Engine } from '../../engine/engine.ts';

export interface CheckedEpisode {
  readonly byClassifier: boolean;
  /** The first observation that the simulator calls a success; undefined when there was none. */
  readonly simulatorAt: number | undefined;
  readonly steps: number;
  /** What the simulator says was left to go at the end. */
  readonly remainingM: number;
}

export interface SuccessCheck {
  readonly episodes: number;
  readonly bothSuccess: number;
  readonly neitherSuccess: number;
  readonly falseSuccesses: number;
  readonly missedSuccesses: number;
  readonly agreement: number;
  /** The most that was left to go at a false success; undefined when there was none. */
  readonly worstFalseM: number | undefined;
  /** Mean number of ticks from the simulator's success to the episode's end, where both agree on success. */
  readonly meanLateTicks: number | undefined;
}

export function sumUp(episodes: readonly CheckedEpisode[]): SuccessCheck {
  const count = (classifier: boolean, simulator: boolean) =>
    episodes.filter((one) => one.byClassifier === classifier && (one.simulatorAt !== undefined) === simulator).length;
  const late = episodes.flatMap(({ byClassifier, simulatorAt, steps }) =>
    byClassifier && simulatorAt !== undefined ? [steps - simulatorAt] : [],
  );
  const falseM = episodes.flatMap(({ byClassifier, simulatorAt, remainingM }) =>
    byClassifier && simulatorAt === undefined ? [remainingM] : [],
  );
  const [bothSuccess, neitherSuccess] = [count(true, true), count(false, false)];
  return {
    episodes: episodes.length,
    bothSuccess,
    neitherSuccess,
    falseSuccesses: count(true, false),
    missedSuccesses: count(false, true),
    agreement: episodes.length > 0 ? (bothSuccess + neitherSuccess) / episodes.length : 0,
    worstFalseM: falseM.length > 0 ? Math.max(...falseM) : undefined,
    meanLateTicks: late.length > 0 ? late.reduce((sum, ticks) => sum + ticks, 0) / late.length : undefined,
  };
}

/** Runs `count` report episodes, which the engine's classifier is to end. */
export async function checkSuccess(
  engine: Engine,
  episode: (seed: number) => Promise<EpisodeSummary>,
  count: number,
  onEpisode: (done: number) => void,
): Promise<SuccessCheck> {
  let observations = 0;
  let simulatorAt: number | undefined;
  let remainingM = 0;
  const off = engine.onSnapshot(({ task }) => {
    if (task?.success) simulatorAt ??= observations;
    remainingM = task?.remainingM ?? 0;
    observations++;
  });
  try {
    const checked: CheckedEpisode[] = [];
    for (let index = 0; index < count; index++) {
      observations = 0;
      simulatorAt = undefined;
      const { judge, steps } = await episode(episodeSeed('report', index));
      checked.push({ byClassifier: judge === 'classifier', simulatorAt, steps, remainingM });
      onEpisode(index + 1);
    }
    return sumUp(checked);
  } finally {
    off();
  }
}
