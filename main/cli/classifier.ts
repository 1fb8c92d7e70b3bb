/**
 * `takeover classifier`: the reward classifier headless. Trains on what the project's labels and verdicts say, and reports on episodes
 * that were held out; with `--check`, ends fresh episodes by it while the simulator looks on.
 */
import { z } from 'zod';
import { accuracyOf, type ClassifierManifest, curvePointAt, precisionOf, recallOf } from '../api/classifier.ts';
import { systemClock } from '../api/clock.ts';
import { errorInWords } from '../api/error-words.ts';
import { observationKindSchema } from '../api/observation.ts';
import { episodeSeed, taskIdSchema } from '../api/task.ts';
import { type MadeClassifier, makeClassifier, withThreshold } from '../learn/classifier/make-classifier.ts';
import { encoderFor } from '../runs/encoder-choice.ts';
import { findPolicy } from '../runs/policy-registry.ts';
import { letDecide, newestClassifier } from '../study/classifier/project-classifier.ts';
import { createScriptedLabeller } from '../study/classifier/scripted-labeller.ts';
import { checkSuccess, type SuccessCheck } from '../study/classifier/success-check.ts';
import { episodeOf, openSession } from '../study/session.ts';
import { type commonSchema, parseVerb } from './arguments.ts';
import { anyNumber, evaluatedEpisodesSchema, wholeNumber } from './options.ts';
import { createProgress, percent, printJson, table } from './output.ts';

/** Moments of success that the scripted person labels in an episode before she ends it: one second. */
const STAY_TICKS = 10;

const FIELDS = {
  collect: wholeNumber(0, 10_000, 'for more, call it again with another --seed').default(0),
  labels: z.enum(['all', 'hand']).default('all'),
  proprioception: z.boolean().default(false),
  report: z.boolean().default(false),
  threshold: anyNumber(0, 1, 'it is compared with a probability').optional(),
  check: evaluatedEpisodesSchema(100_000).optional(),
  policy: z.string().min(1).default('starter'),
  operator: z.enum(['none', 'scripted']).default('none'),
  task: taskIdSchema.default('insert'),
  observation: observationKindSchema.default('pixels'),
} as const;
type Options = z.output<z.ZodObject<typeof commonSchema.shape & typeof FIELDS>>;

export async function run(rest: readonly string[]): Promise<number> {
  const options = parseVerb(
    'classifier',
    {
      collect: {
        type: 'string',
        help: 'first record so many scripted demonstrations that stay at success and label it (default 0; they are demonstrations too)',
      },
      labels: {
        type: 'string',
        help: 'all, or hand: only labels that people gave, nothing from verdicts (default all)',
      },
      proprioception: { type: 'boolean', help: "the robot's state is an input too (default: pictures only)" },
      report: { type: 'boolean', help: 'train nothing; report on the newest classifier' },
      threshold: { type: 'string', help: 'use this threshold instead of the rule’s; the nearest point of the curve' },
      check: { type: 'string', help: 'then end so many fresh episodes by the classifier, the simulator looking on' },
      policy: {
        type: 'string',
        help: 'who drives in the check: starter, or a policy of this project (default starter)',
      },
      operator: { type: 'string', help: 'none or scripted: who corrects the policy in the check (default none)' },
      task: { type: 'string', help: 'insert, pick-insert or lift (default insert)' },
      observation: { type: 'string', help: 'pixels or state (default pixels)' },
    },
    FIELDS,
    rest,
  );
  if (!options) return 0;
  if (options.collect > 0) await collect(options);
  const made = options.report ? newestClassifier(options.data) : await train(options);
  const classifier = options.threshold === undefined ? made : withThreshold(made, nearest(made, options.threshold));
  if (!options.json) console.log(describe(classifier.manifest));
  const checked = options.check === undefined ? undefined : await check(options, classifier, options.check);
  if (options.json) printJson({ ...reportOf(classifier.manifest), ...(checked ? { check: checked } : {}) });
  else if (checked) console.log(describeCheck(checked, options.policy));
  return 0;
}

const quiet = (options: Options) => options.json && process.stderr.isTTY !== true;

async function collect(options: Options): Promise<void> {
  const { data, task, observation, seed } = options;
  await using session = await openSession({
    ...{ projectFolder: data, task, observation, record: true },
    policy: { kind: 'process' },
  });
  const { engine } = session.rig;
  engine.change({ success: { ...engine.rig().success, by: 'human' } });
  const labeller = createScriptedLabeller(engine, STAY_TICKS);
  const progress = createProgress('demonstrations', systemClock, quiet(options));
  for (let index = 0; index < options.collect; index++) {
    episodeOf(await session.rig.episode(episodeSeed('training', index, seed), 'demonstrate'));
    progress.update(index + 1, options.collect, `${labeller.labels()} labels`);
  }
  progress.end();
  labeller.dispose();
  await session.writer?.drained();
}

async function train(options: Options): Promise<MadeClassifier> {
  const progress = createProgress('training', systemClock, quiet(options));
  try {
    return await makeClassifier({
      projectFolder: options.data,
      task: options.task,
      observation: options.observation,
      encoderManifestPath: encoderFor(options.observation),
      rule: options.labels === 'all',
      proprioception: options.proprioception,
      seed: options.seed,
      createdAtMs: systemClock.wallTimeMs(),
      onUpdate: (done, total) => progress.update(done, total, 'updates'),
    });
  } catch (error) {
    throw new Error(errorInWords(error), { cause: error });
  } finally {
    progress.end();
  }
}

const nearest = ({ manifest }: MadeClassifier, threshold: number) =>
  curvePointAt(manifest.curve, threshold)?.threshold ?? threshold;

async function check(options: Options, classifier: MadeClassifier, count: number): Promise<SuccessCheck> {
  const { task, observation } = classifier.manifest;
  const policy = findPolicy(options.data, options.policy);
  await using session = await openSession({
    ...{ projectFolder: options.data, task, observation, record: false },
    policy: { kind: 'process' },
    actingNoiseStd: policy.manifest.actingNoiseStd,
  });
  const { engine } = session.rig;
  const used = await engine.usePolicy(policy.name, policy.manifestPath);
  if (used.kind === 'refused') throw new Error(`${used.message} ${used.remedy}`);
  await letDecide(engine, classifier);
  const progress = createProgress('check', systemClock, quiet(options));
  const result = await checkSuccess(
    engine,
    async (seed) => episodeOf(await session.rig.episode(seed, options.operator === 'scripted' ? 'supervise' : 'alone')),
    count,
    (done) => progress.update(done, count, ''),
  );
  progress.end();
  return result;
}

function reportOf(manifest: ClassifierManifest) {
  const point = curvePointAt(manifest.curve, manifest.threshold) ?? { tp: 0, fp: 0, tn: 0, fn: 0 };
  const { tp, fp, tn, fn } = point;
  const positives = manifest.training.positives + manifest.heldOut.positives;
  const negatives = manifest.training.negatives + manifest.heldOut.negatives;
  return {
    classifier: manifest.name,
    frames: positives + negatives,
    positives,
    negatives,
    bySource: manifest.frames,
    accuracy: accuracyOf(point),
    confusion: { tp, fp, tn, fn },
    recall: recallOf(point),
    threshold: manifest.threshold,
    heldOutEpisodes: manifest.heldOut.episodes,
  };
}

function describe(manifest: ClassifierManifest): string {
  const report = reportOf(manifest);
  const step = Math.max(1, Math.floor(manifest.curve.length / 16));
  const points = manifest.curve.filter(
    ({ threshold }, index) => index % step === 0 || threshold === manifest.threshold,
  );
  const { tp, fp, tn, fn } = report.confusion;
  return [
    `${report.classifier}: ${report.positives} positives and ${report.negatives} negatives in ${manifest.training.episodes + manifest.heldOut.episodes} episodes.`,
    `On ${report.heldOutEpisodes} held-out episodes, at threshold ${report.threshold.toFixed(3)}: accuracy ${(100 * report.accuracy).toFixed(1)}\u202f%; ` +
      `of ${tp + fn} positives ${tp} found, of ${tn + fp} negatives ${fp} taken for success. The threshold was chosen on these frames: --check measures on fresh ones.`,
    '',
    table(
      ['threshold', 'recall', 'precision', 'missed', 'false'],
      points.map((point) => [
        `${point.threshold.toFixed(4)}${point.threshold === manifest.threshold ? ' *' : ''}`,
        percent(recallOf(point)),
        percent(precisionOf(point)),
        String(point.fn),
        String(point.fp),
      ]),
    ),
  ].join('\n');
}

function describeCheck(check: SuccessCheck, policy: string): string {
  const late =
    check.meanLateTicks === undefined ? '' : `, ended ${check.meanLateTicks.toFixed(1)} ticks after the simulator's`;
  const short =
    check.worstFalseM === undefined ? '' : ` (at most ${(1000 * check.worstFalseM).toFixed(1)}\u202fmm to go)`;
  return (
    `On ${check.episodes} fresh episodes of ${policy}, classifier and simulator agree in ${percent(check.agreement)}: ` +
    `${check.bothSuccess} successes${late}, ${check.neitherSuccess} without; ` +
    `${check.falseSuccesses} false successes${short}, ${check.missedSuccesses} missed.`
  );
}
