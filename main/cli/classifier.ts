/**
 * `takeover classifier`: trains the reward classifier on the project's labels and verdicts, and reports on episodes
 * that were held out. With `--check` it then ends fresh episodes, which the simulator judges too.
 */
import { z } from 'zod';
import { expectProject } from '../../data/database.ts';
import { accuracyOf, type ClassifierManifest, curvePointAt, precisionOf, recallOf } from '../api/classifier.ts';
import { systemClock } from '../api/clock.ts';
import { errorInWords } from '../api/error-words.ts';
import { observationKindSchema } from '../api/observation.ts';
import type { MadeClassifier } from '../learn/classifier/classifier-folder.ts';
import { encoderFor } from '../runs/encoder-choice.ts';
import type { SuccessCheck } from '../study/classifier/success-check.ts';
import { flag, option, parseVerb, type VerbOptions } from './options/parse-verb.ts';
import { ENCODER, TASK } from './options/shared.ts';
import { anyNumber, evaluatedEpisodes, nonEmptyText, wholeNumber } from './options/values.ts';
import { type Progress, percent, printJson, progressBar, table } from './output.ts';

const OPTIONS = {
  collect: option(
    'first record so many scripted demonstrations that stay at success and label it (default 0; they are demonstrations too)',
    wholeNumber(0, 10_000, 'for more, call it again with another --seed').default(0),
  ),
  labels: option('all, or hand: only labels that people gave, nothing from verdicts', z.enum(['all', 'hand']), 'all'),
  proprioception: flag("the robot's state is an input too (default: pictures only)"),
  report: flag('train nothing; report on the newest classifier'),
  threshold: option(
    'use this threshold instead of the rule’s; the nearest point of the curve',
    anyNumber(0, 1, 'it is compared with a probability').optional(),
  ),
  check: option(
    'then end so many fresh episodes by the classifier, the simulator looking on',
    evaluatedEpisodes(100_000).optional(),
  ),
  policy: option('who drives in the check: starter, or a policy of this project', nonEmptyText, 'starter'),
  operator: option('none or scripted: who corrects the policy in the check', z.enum(['none', 'scripted']), 'none'),
  task: TASK,
  observation: option('pixels or state', observationKindSchema, 'pixels'),
  encoder: ENCODER,
};
type ClassifierOptions = VerbOptions<typeof OPTIONS>;

export async function run(rest: readonly string[]): Promise<number> {
  const options = parseVerb('classifier', OPTIONS, rest);
  if (!options) return 0;
  const { data: projectFolder, json, policy, collect, check, task, observation, seed } = options;
  const { newestClassifier } = await import('../study/classifier/project-classifier.ts');
  const { atThreshold, checkClassifier } = await import('../study/classifier/success-check.ts');
  if (collect > 0) {
    const { collectLabels } = await import('../study/classifier/collect-labels.ts');
    await withProgress('demonstrations', json, (progress) =>
      collectLabels({ projectFolder, task, observation, seed, count: collect }, (done, labels) =>
        progress.update(done, collect, `${labels} labels`),
      ),
    );
  }
  const made = options.report ? newestClassifier(projectFolder) : await train(options);
  const classifier = options.threshold === undefined ? made : atThreshold(made, options.threshold);
  if (!json) console.log(describe(classifier.manifest));
  const checked =
    check === undefined
      ? undefined
      : await withProgress('check', json, (progress) =>
          checkClassifier(projectFolder, classifier, options, check, (done) => progress.update(done, check, '')),
        );
  if (json) printJson({ ...reportOf(classifier.manifest), ...(checked ? { check: checked } : {}) });
  else if (checked) console.log(describeCheck(checked, policy));
  return 0;
}

async function withProgress<Value>(
  title: string,
  json: boolean,
  work: (progress: Progress) => Promise<Value>,
): Promise<Value> {
  const progress = progressBar(title, json);
  try {
    return await work(progress);
  } finally {
    progress.end();
  }
}

async function train(options: ClassifierOptions): Promise<MadeClassifier> {
  const { makeClassifier } = await import('../learn/classifier/make-classifier.ts');
  const { data: projectFolder, task, observation, proprioception, seed } = options;
  expectProject(projectFolder);
  try {
    return await withProgress('training', options.json, (progress) =>
      makeClassifier({
        projectFolder,
        task,
        observation,
        encoderManifestPath: encoderFor(observation, options.encoder, projectFolder),
        rule: options.labels === 'all',
        proprioception,
        seed,
        createdAtMs: systemClock.wallTimeMs(),
        onUpdate: (done, total) => progress.update(done, total, 'updates'),
      }),
    );
  } catch (error) {
    throw new Error(errorInWords(error), { cause: error });
  }
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
