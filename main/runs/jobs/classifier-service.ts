/** The reward classifiers of a project for the engine. One training at a time runs in a process of its own. */
import type { StoreWriter } from '../../../data/records.ts';
import { curvePointAt } from '../../api/classifier.ts';
import type { Clock } from '../../api/clock.ts';
import type { ObservationKind } from '../../api/observation.ts';
import type { TaskId } from '../../api/task.ts';
import { type ClassifierService, done, refused } from '../../engine/services.ts';
import { listClassifiers, type MadeClassifier, withThreshold } from '../../learn/classifier/classifier-folder.ts';
import type { ClassifierJob } from '../../learn/classifier/make-classifier.ts';
import { type RunningTraining, startClassifierProcess } from './classifier-process.ts';

export interface ClassifierServiceOptions {
  readonly projectFolder: string;
  /** Returns the task that is chosen. */
  readonly task: () => TaskId;
  readonly observation: ObservationKind;
  readonly encoderManifestPath: string | undefined;
  readonly writer: Pick<StoreWriter, 'drained'>;
  readonly clock: Clock;
  readonly launch?: (job: ClassifierJob) => RunningTraining;
}

/** Number of newest classifiers that the window shows. Older ones stay in their folders. */
const SHOWN = 8;

export function createClassifierService(options: ClassifierServiceOptions): ClassifierService {
  const { projectFolder, task, observation, encoderManifestPath, clock } = options;
  const launch = options.launch ?? startClassifierProcess;
  const listeners = new Set<() => void>();
  let training: 'no' | 'starting' | RunningTraining = 'no';
  let trouble: { readonly message: string; readonly remedy: string } | undefined;
  let closed = false;

  const fitting = () => classifiersFor(projectFolder, task(), observation);
  /** Read again only after a change, because the window asks more often than that. */
  let classifiers = fitting();
  const changed = () => {
    classifiers = fitting();
    for (const listener of listeners) listener();
  };

  const work = async (): Promise<void> => {
    // The training reads the store, so labels must be committed first.
    await options.writer.drained();
    if (closed) return;
    training = launch({
      projectFolder,
      task: task(),
      observation,
      encoderManifestPath,
      rule: true,
      seed: classifiers.length,
      createdAtMs: clock.wallTimeMs(),
    });
    const end = await training.ended;
    training = 'no';
    if (closed) return;
    if (end.kind === 'failed') trouble = { message: end.message, remedy: end.remedy };
    changed();
  };

  return {
    state: () => ({
      training: training !== 'no',
      classifiers: classifiers.slice(0, SHOWN).map(({ manifest }) => manifest),
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
    newest: () => classifiers[0],
    setThreshold: (name, threshold) => {
      const found = classifiers.find(({ manifest }) => manifest.name === name);
      if (!found) return refused(`There is no classifier '${name}' for this task.`, 'Choose one from the list.');
      const point = curvePointAt(found.manifest.curve, threshold);
      const chosen = withThreshold(found, point?.threshold ?? threshold);
      classifiers = fitting();
      return done(chosen);
    },
    onChanged: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    taskChanged: () => {
      trouble = undefined;
      changed();
    },
    close: async () => {
      closed = true;
      if (typeof training === 'object') await training.cancel();
    },
  };
}

function classifiersFor(projectFolder: string, task: TaskId, observation: ObservationKind): MadeClassifier[] {
  return listClassifiers(projectFolder).filter(
    ({ manifest }) => manifest.task === task && manifest.observation === observation,
  );
}
