/**
 * Measures how far a reward classifier agrees with the simulator on fresh episodes. The classifier ends them; the
 * simulator only observes. A false success is one that the simulator had not seen by the end. A missed success is one
 * that the simulator saw while the classifier let the episode run into its time limit. The distance left at a false
 * success tells a close call from a wrong one.
 */
import { curvePointAt } from '../../api/classifier.ts';
import type { EpisodeSummary } from '../../api/episode.ts';
import { episodeSeed } from '../../api/task.ts';
import type { Engine } from '../../engine/engine.ts';
import { type MadeClassifier, withThreshold } from '../../learn/classifier/classifier-folder.ts';
import { findPolicy } from '../../runs/policies/policy-registry.ts';
import { openSession } from '../session.ts';
import { mean } from '../statistics.ts';
import { letClassifierDecide } from './project-classifier.ts';

export interface CheckedEpisode {
  readonly byClassifier: boolean;
  /** Index of the first observation that the simulator calls a success; undefined when there was none. */
  readonly simulatorAt: number | undefined;
  readonly steps: number;
  /** Distance to the goal at the end, by the simulator. */
  readonly remainingM: number;
}

export type SuccessCheck = ReturnType<typeof sumUp>;

export function sumUp(episodes: readonly CheckedEpisode[]) {
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
    /** Largest distance to the goal at a false success; undefined when there was none. */
    worstFalseM: falseM.length > 0 ? Math.max(...falseM) : undefined,
    /** Mean number of ticks from the simulator's success to the episode's end, where both agree on success. */
    meanLateTicks: late.length > 0 ? mean(late) : undefined,
  };
}

/** Runs `count` report episodes, which the engine's classifier ends. */
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

/** Writes the point of the classifier's curve that is nearest to `threshold` into its manifest. */
export function atThreshold(classifier: MadeClassifier, threshold: number): MadeClassifier {
  return withThreshold(classifier, curvePointAt(classifier.manifest.curve, threshold)?.threshold ?? threshold);
}

/** Checks a classifier in a headless session of its own, in which the named policy drives. Records nothing. */
export async function checkClassifier(
  projectFolder: string,
  classifier: MadeClassifier,
  { policy: name, operator }: { readonly policy: string; readonly operator: 'none' | 'scripted' },
  episodes: number,
  onEpisode: (done: number) => void,
): Promise<SuccessCheck> {
  const { task, observation } = classifier.manifest;
  const policy = findPolicy(projectFolder, name, task);
  const { actingNoiseStd } = policy.manifest;
  await using session = await openSession({ projectFolder, task, observation, record: false, policy, actingNoiseStd });
  const { engine } = session.rig;
  await letClassifierDecide(engine, classifier);
  const help = operator === 'scripted' ? 'supervise' : 'alone';
  // Awaited here, because the session must outlive the check.
  return await checkSuccess(engine, (seed) => session.episode(seed, help), episodes, onEpisode);
}
