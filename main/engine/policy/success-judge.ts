/** Judges success: chooses the reward classifier in use, feeds its detector, and stores the labels that people give. */
import type { StoreWriter } from '../../../data/records.ts';
import type { RobotInfo } from '../../../native/device.ts';
import {
  DEFAULT_SUCCESS_TICKS,
  type RewardLabel,
  SUCCESS_GUARDS,
  type SuccessBy,
  type SuccessSettings,
} from '../../api/classifier.ts';
import type { Phase } from '../../api/episode.ts';
import type { TaskId } from '../../api/task.ts';
import { type Answer, type ClassifierService, done, refused } from '../services.ts';
import type { PolicySource } from './policy-source.ts';
import { createSuccessDetector } from './success-detector.ts';

/** Returns the judge that ends an episode as a success when a person has not chosen one. */
export const judgeOf = ({ simulated }: Pick<RobotInfo, 'simulated'>): SuccessBy => (simulated ? 'simulator' : 'human');

export function successFor(
  robot: Pick<RobotInfo, 'simulated'>,
  task: TaskId,
  chosen: SuccessSettings | undefined,
): SuccessSettings {
  const own = { by: judgeOf(robot), ticks: DEFAULT_SUCCESS_TICKS, guard: SUCCESS_GUARDS[task] };
  // The settings may come from another robot, and this one may have no simulator.
  return chosen ? { ...chosen, by: chosen.by === 'simulator' ? own.by : chosen.by } : own;
}

export interface LabelledFrame {
  readonly episodeId: number;
  readonly index: number;
}

const WITH_SERVE = 'Start the engine with `npx takeover serve`, which brings them.';

export type SuccessJudge = ReturnType<typeof createSuccessJudge>;

export function createSuccessJudge(options: {
  readonly policy: PolicySource;
  readonly writer: StoreWriter | undefined;
  readonly classifiers: ClassifierService | undefined;
  readonly settings: () => SuccessSettings;
  readonly phase: () => Phase;
  /** Returns the newest observation of the episode that is being recorded; `undefined` while none is. */
  readonly newest: () => LabelledFrame | undefined;
}) {
  const { policy, writer, classifiers } = options;
  let classifier: { readonly name: string; readonly threshold: number } | undefined;
  const detector = createSuccessDetector({ settings: options.settings, threshold: () => classifier?.threshold });
  const use = async (manifestPath: string): Promise<Answer<undefined>> => {
    const reply = await policy.loadClassifier(manifestPath);
    if (reply.kind === 'refused') return refused(reply.message, reply.remedy);
    classifier = { name: reply.name, threshold: reply.threshold };
    return done(undefined);
  };
  return {
    detector,
    /** Name of the classifier that gives its opinion. It decides only when the settings say so. */
    inUse: () => classifier?.name,
    use,
    /** Uses the classifier of this name with this threshold, which its manifest keeps. */
    choose: async (name: string, threshold: number) => {
      const chosen =
        classifiers?.setThreshold(name, threshold) ?? refused('There are no classifiers here.', WITH_SERVE);
      return chosen.kind === 'refused' ? chosen : use(chosen.value.manifestPath);
    },
    /** Drops the classifier in use. Call it when another task was chosen, because a classifier knows one task. */
    forget: () => {
      classifier = undefined;
    },
    /** Uses the newest classifier, unless another one decides already. */
    useNewest: async () => {
      const newest = classifiers?.newest();
      const decides = classifier !== undefined && options.settings().by === 'classifier';
      return newest === undefined || decides || newest.manifest.name === classifier?.name
        ? done(undefined)
        : use(newest.manifestPath);
    },
    state: () => ({
      ...(classifiers?.state() ?? { training: false, classifiers: [] }),
      ...(classifier ? { inUse: classifier.name } : {}),
    }),
    /** Labels a stored observation. Without `frame` it labels the newest one of the episode that is being recorded. */
    label: (label: RewardLabel, frame: LabelledFrame | undefined) => {
      if (!writer)
        return refused('Nothing is stored here, so nothing can be labelled.', 'Start with a project folder.');
      const labelled = frame ?? options.newest();
      if (!labelled)
        return refused(
          `Nothing is recorded now (${options.phase().toUpperCase()}), so there is no picture to label.`,
          'Press the key while an episode runs, or in a replay of one.',
        );
      writer.labelObservation(labelled.episodeId, labelled.index, label, frame ? 'episode' : 'live');
      return done(labelled);
    },
    status: () => {
      const probability = detector.probability();
      return {
        ...(classifier ? { classifier: classifier.name, threshold: classifier.threshold } : {}),
        ...(probability === undefined ? {} : { probability }),
        guardMet: detector.guardMet(),
        streak: detector.streak(),
      };
    },
  };
}
