/** The reward classifier from recording to the check, as its users start it: scripted demonstrations labelled live, training, fresh episodes. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { z } from 'zod';
import { openForReading } from '../../data/database.ts';
import { createQueries } from '../../data/queries.ts';
import { createLabelQueries } from '../../data/reward-labels.ts';
import { classifierManifestSchema, confusionSchema } from '../../main/api/classifier.ts';
import { removeFolder, temporaryFolder } from '../data/fixture.ts';
import { lastLine, takeover } from './takeover-child.ts';

const folder = temporaryFolder();
after(() => removeFolder(folder));
const manifestOf = (number: number) =>
  classifierManifestSchema.parse(
    JSON.parse(readFileSync(join(folder, 'classifiers', String(number), 'manifest.json'), 'utf8')),
  );
const reportSchema = z.object({
  classifier: z.string(),
  frames: z.int(),
  positives: z.int(),
  negatives: z.int(),
  accuracy: z.number(),
  confusion: confusionSchema,
  threshold: z.number(),
  heldOutEpisodes: z.int(),
  check: z
    .object({
      ...{ episodes: z.int(), bothSuccess: z.int(), neitherSuccess: z.int() },
      ...{ falseSuccesses: z.int(), missedSuccesses: z.int(), worstFalseM: z.number().optional() },
    })
    .optional(),
});
const classifier = async (...args: readonly string[]) => {
  const ended = await takeover('classifier', '--data', folder, '--json', ...args);
  assert.equal(ended.status, 0, ended.stderr);
  return reportSchema.parse(lastLine(ended));
};

test('a project that is empty, or holds too little, is refused with what to do', async () => {
  const empty = await takeover('classifier', '--data', folder);
  assert.equal(empty.status, 1);
  assert.match(empty.stderr, /There is no project file .* record an episode there first/);
  const two = await takeover('classifier', '--data', folder, '--collect', '2', '--json');
  assert.equal(two.status, 1);
  assert.match(two.stderr, /Episodes that show a success: 2; at least 4 are needed.*Record more successes/);
  const none = await takeover('classifier', '--data', folder, '--report');
  assert.match(none.stderr, /holds no classifier/);
  assert.equal(existsSync(join(folder, 'classifiers')), false);
});

test('demonstrations that stay at success are labelled live; with a policy’s failures beside them, training is accurate on held-out episodes', async () => {
  // Demonstrations alone show no state that a bad policy gets into, and a classifier is fooled there.
  const rollout = await takeover('rollout', '--data', folder, '--policy', 'starter', '--episodes', '4', '--json');
  assert.equal(rollout.status, 0, rollout.stderr);
  const report = await classifier('--collect', '8', '--seed', '1');
  assert.equal(report.classifier, 'classifier-1');
  const { frames, heldOut, training, curve, threshold } = manifestOf(1);
  // Ten moments in each of 2 + 8 demonstrations; a script that slips once may lose an episode.
  assert.ok(frames.live.positives >= 90, JSON.stringify(frames));
  assert.equal(report.frames, report.positives + report.negatives);
  assert.equal(heldOut.episodes + training.episodes, 14);
  assert.deepEqual([report.heldOutEpisodes, report.threshold], [heldOut.episodes, threshold]);
  assert.equal(report.confusion.fp, 0);
  assert.ok(report.accuracy > 0.9, JSON.stringify(report));
  assert.ok(curve.length > 100);
});

test('the same seed repeats it; hand labels alone have no negatives here and are refused', async () => {
  await classifier('--seed', '1');
  const [first, second] = [manifestOf(1), manifestOf(2)];
  assert.deepEqual({ ...second, name: first.name, createdAtMs: first.createdAtMs }, first);
  const byHand = await takeover('classifier', '--data', folder, '--labels', 'hand');
  assert.equal(byHand.status, 1);
  assert.match(byHand.stderr, /Negatives: 0, too few.*Shift\+P/);
});

test('another threshold is kept; fresh episodes end by the classifier, and no success is wrong by more than a close call', async () => {
  const { curve, ruleThreshold } = manifestOf(2);
  const report = await classifier('--report', '--threshold', '0.9');
  assert.ok(Math.abs(report.threshold - 0.9) < 0.01 && curve.some(({ threshold }) => threshold === report.threshold));
  assert.equal(manifestOf(2).threshold, report.threshold);
  const args = ['--report', '--threshold', String(ruleThreshold), '--check', '6', '--operator', 'scripted'];
  const { check, threshold } = await classifier(...args);
  assert.equal(threshold, ruleThreshold);
  assert.ok(check);
  const { bothSuccess, neitherSuccess, falseSuccesses, missedSuccesses } = check;
  assert.equal(bothSuccess + neitherSuccess + falseSuccesses + missedSuccesses, 6);
  // With so few episodes it may be early by some millimetres of the 24 that count; never while the peg is beside the hole.
  assert.ok(falseSuccesses <= 1 && (check.worstFalseM ?? 0) < 0.01, JSON.stringify(check));
  assert.ok(bothSuccess >= 4, JSON.stringify(check));
});

test('a recorded rollout is judged by it: the store says so, and the rule takes nothing from it', async () => {
  const ended = await takeover(
    ...['rollout', '--data', folder, '--policy', 'starter', '--operator', 'scripted', '--episodes', '2', '--json'],
    ...['--success-by', 'classifier'],
  );
  assert.equal(ended.status, 0, ended.stderr);
  const database = openForReading(folder);
  const queries = createQueries(database);
  const labels = createLabelQueries(database);
  const [newest, before] = queries.listEpisodes(2, undefined);
  for (const episode of [newest, before]) {
    assert.ok(episode && episode.judge !== 'simulator', JSON.stringify(episode));
    assert.deepEqual(labels.frameLabels(episode.id), []);
  }
  database.close();
});
