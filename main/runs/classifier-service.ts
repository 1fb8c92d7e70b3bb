/** Reward classifiers as the engine sees them: what the project holds, one training at a time in a process of its own, thresholds. */
import type { StoreWriter } from '../../data/records.ts';
import { curvePointAt } from '../api/classifier.ts';
import type { Clock } from '../api/clock.ts';
import type { ObservationKind } from '../api/observation.ts';
import type { TaskId } from '../api/task.ts';
import { type ClassifierService, done, refused } from '../engine/services.ts';
import {
  type ClassifierJob,
  listClassifiers,
  type MadeClassifier,
  withThreshold,
} from '../learn/classifier/make-classifier.ts';
import { type RunningTraining, startClassifierProcess } from './classifier-process.ts';

export interface ClassifierServiceOptions {
  readonly projectFolder: string;
  readonly task: TaskId;
  readonly observation: ObservationKind;
  readonly encoderManifestPath: string | undefined;
  readonly writer: Pick<StoreWriter, 'drained'>;
  readonly clock: Clock;
  readonly launch?: (job: ClassifierJob) => RunningTraining;
}

/** Classifiers that the window hears of; older ones stay in their folders. */
const SHOWN = 8;

export function createClassifierService(options: ClassifierServiceOptions): ClassifierService {
  const { projectFolder, task, observation, encoderManifestPath, clock } = options;
  const launch = options.launch ?? startClassifierProcess;
  const listeners = new Set<() => void>();
  let training: 'no' | 'starting' | RunningTraining = 'no';
  let trouble: { readonly message: string; readonly remedy: string } | undefined;
  let closed = false;

  const fitting = (): MadeClassifier[] =>
    listClassifiers(projectFolder).filter(
      ({ manifest }) => manifest.task === task && manifest.observation === observation,
    );
  /** Read again whenever something changed: the window asks more often than that. */
  let shelf = fitting();
  const changed = () => {
    shelf = fitting();
    for (const listener of listeners) listener();
  };

  const work = async (): Promise<void> => {
    // What was labelled up to now is to be learned from.
    await options.writer.drained();
    if (closed) return;
    const job = { projectFolder, task, observation, encoderManifestPath, rule: true };
    training = launch({ ...job, seed: shelf.length, createdAtMs: clock.wallTimeMs() });
    const end = await training.ended;
    training = 'no';
    if (closed) return;
    if (end.kind === 'failed') trouble = { message: end.message, remedy: end.remedy };
    changed();
  };

  return {
    state: () => ({
      training: training !== 'no',
      classifiers: shelf.slice(0, SHOWN).map(({ manifest }) => manifest),
      ...trouble,
    }),
    train: () => {
      if (training !== 'no') return refused('A classifier is being trained.', 'Wait until it has finished.');
      training = 'starting';
      trouble = undefined;
      changed();
      work().catch((error: unknown) => {
        training = 'no';
        trouble = {
          message: `The training could not be started: ${error instanceof Error ? error.message : String(error)}`,
          remedy: 'Try again; restart the engine if it stays so.',
        };
        changed();
      });
      return done(undefined);
    },
    newest: () => shelf[0],
    setThreshold: (name, threshold) => {
      const found = shelf.find(({ manifest }) => manifest.name === name);
      if (!found) return refused(`There is no classifier '${name}' for this task.`, 'Choose one from the list.');
      const point = curvePointAt(found.manifest.curve, threshold);
      const chosen = withThreshold(found, point?.threshold ?? threshold);
      shelf = fitting();
      return done(chosen);
    },
    onChanged: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      closed = true;
      if (typeof training === 'object') await training.cancel();
    },
  };
}
