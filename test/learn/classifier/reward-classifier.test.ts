/** The reward classifier: loss, split by episode, threshold rule, training on made-up embeddings, the exported model. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LabelledEpisode, LabelledFrame } from '../../../data/learning/labelled-frames.ts';
import { curvePointAt, recallOf } from '../../../main/api/classifier.ts';
import { createRng, type Rng } from '../../../main/api/rng.ts';
import {
  ClassifierDataError,
  featuresOf,
  framesBySource,
  HELD_OUT_SHARE,
  sideOf,
  splitByEpisode,
  withEmbeddings,
} from '../../../main/learn/classifier/classifier-data.ts';
import {
  chooseThreshold,
  confusionAt,
  MARGIN_LOGITS,
  type ScoredFrame,
  thresholdCurve,
} from '../../../main/learn/classifier/classifier-threshold.ts';
import {
  CLASSIFIER_CONFIG,
  type ClassifierConfig,
  classifierModel,
  standardisationOf,
  trainClassifier,
} from '../../../main/learn/classifier/reward-classifier.ts';
import { binaryCrossEntropy } from '../../../main/learn/losses/likelihood/binary-cross-entropy.ts';
import { createOrtBackend, loadOrtSession } from '../../../main/tensor/backends/ort.ts';
import { grad } from '../../../main/tensor/grad.ts';
import { interpreter } from '../../../main/tensor/interpret.ts';
import { defineStep } from '../../../main/tensor/step.ts';
import { constant, input } from '../../../main/tensor/tensor.ts';
import { assertNear } from '../near.ts';

test('binary cross-entropy of logits: value and gradient, and no overflow where the network is sure', async () => {
  const logits = input('logits', [4]);
  const targets = [1, 0, 1, 0];
  const loss = binaryCrossEntropy(logits, constant(targets));
  const compiled = await interpreter.compile(defineStep({ loss, gradient: grad(loss, [logits])[0]! }));
  const given = [0.3, -1.2, -0.7, 2.1];
  const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
  const result = await compiled.run({ logits: given });
  const expected = given.map((z, index) => -Math.log(targets[index] === 1 ? sigmoid(z) : 1 - sigmoid(z)));
  assertNear(Array.from(result['loss']!.data, Number), [expected.reduce((a, b) => a + b) / 4], 1e-12, 'loss');
  assertNear(
    Array.from(result['gradient']!.data, Number),
    given.map((z, index) => (sigmoid(z) - targets[index]!) / 4),
    1e-12,
    'gradient',
  );
  const sure = await compiled.run({ logits: [500, 500, -500, -500] });
  assertNear(Array.from(sure['loss']!.data, Number), [250], 1e-9, 'sure');
});

const frame = (index: number, label: LabelledFrame['label'], embedding: Float32Array): LabelledFrame => ({
  index,
  label,
  source: index % 2 === 0 ? 'rule' : 'live',
  proprioception: new Float32Array(27),
  embedding,
});

/** Episodes of 12 frames; the last of a successful one lies apart from the others along two of 8 directions. */
function madeUp(rng: Rng, episodes: number, successful: (id: number) => boolean): LabelledEpisode[] {
  return Array.from({ length: episodes }, (_, id) => ({
    id,
    frames: Array.from({ length: 12 }, (_, index) => {
      const positive = successful(id) && index >= 10;
      const embedding = Float32Array.from({ length: 8 }, (_, axis) => rng.normal() + (positive && axis < 2 ? 6 : 0));
      return frame(index, positive ? 'positive' : 'negative', embedding);
    }),
  }));
}

test('property: the split never divides an episode, loses none, follows the seed, and has both kinds on both sides', () => {
  for (let seed = 0; seed < 60; seed++) {
    const rng = createRng(seed);
    const successes = 4 + rng.integer(20);
    const failures = rng.integer(20);
    const episodes = madeUp(rng, successes + failures, (id) => id < successes);
    const split = splitByEpisode(episodes, createRng(seed));
    const [training, heldOut] = [split.training, split.heldOut].map((side) => new Set(side.map(({ id }) => id)));
    assert.equal(training!.size + heldOut!.size, episodes.length, `seed ${seed}`);
    assert.ok(
      [...training!].every((id) => !heldOut!.has(id)),
      `seed ${seed}`,
    );
    assert.deepEqual(splitByEpisode(episodes, createRng(seed)), split, `seed ${seed}`);
    for (const side of [split.training, split.heldOut]) {
      const { positives, negatives } = sideOf(side);
      assert.ok(positives > 0 && negatives > 0, `seed ${seed}`);
    }
    const expected = HELD_OUT_SHARE * episodes.length;
    assert.ok(Math.abs(heldOut!.size - expected) <= 1, `seed ${seed}: ${heldOut!.size} held out of ${episodes.length}`);
  }
});

test('too few successes, or no negatives, are refused with what to do', () => {
  const rng = createRng(1);
  const refuses = (episodes: readonly LabelledEpisode[], what: RegExp) =>
    assert.throws(
      () => splitByEpisode(episodes, createRng(0)),
      (error) => error instanceof ClassifierDataError && what.test(error.message) && error.remedy.length > 10,
    );
  refuses(
    madeUp(rng, 9, (id) => id < 3),
    /Episodes that show a success: 3; at least 4/,
  );
  const positivesOnly = madeUp(rng, 6, () => true).map(({ id, frames }) => ({ id, frames: frames.slice(10) }));
  refuses(positivesOnly, /Negatives: 0, too few/);
});

test('missing embeddings are computed from the pictures; without pictures a frame is left out', async () => {
  const [one, two] = [Float32Array.of(1), Float32Array.of(2)];
  const episodes = [
    { id: 1, frames: [frame(0, 'negative', one), { ...frame(1, 'positive', one), embedding: undefined }] },
    { id: 2, frames: [{ ...frame(0, 'negative', one), embedding: undefined }] },
  ];
  const picture = { camera: 'wrist', widthPx: 1, heightPx: 1, rgb: new Uint8Array(3) };
  const source = { readFrames: (id: number) => (id === 1 ? [picture] : []) };
  const complete = await withEmbeddings(source, episodes, { embed: async () => two });
  assert.deepEqual(
    complete.map(({ id, frames }) => [id, frames.map(({ embedding }) => embedding)]),
    [[1, [one, two]]],
  );
  assert.deepEqual(framesBySource(complete).live, { positives: 1, negatives: 0 });
});

test('property: at the rule’s threshold no held-out negative passes, nor would it within the margin, and no more is given away', () => {
  for (let seed = 0; seed < 200; seed++) {
    const rng = createRng(seed);
    const apart = rng.range(0, 6);
    const frames: ScoredFrame[] = Array.from({ length: 2 + rng.integer(60) }, (_, index) => {
      const positive = index > 0 && rng.uniform() < 0.3;
      return { positive, logit: 2 * rng.normal() - 2 + (positive ? apart : 0) };
    });
    const threshold = chooseThreshold(frames);
    const name = `seed ${seed}`;
    const falseWhenNegativesRise = (logits: number) =>
      confusionAt(
        frames.map((one) => (one.positive ? one : { ...one, logit: one.logit + logits })),
        threshold,
      ).fp;
    assert.ok(threshold >= 0.5, name);
    assert.equal(falseWhenNegativesRise(MARGIN_LOGITS - 1e-6), 0, `${name}: the margin holds`);
    // … and no more than the margin is given away, or recall would be.
    if (threshold > 0.5) assert.ok(falseWhenNegativesRise(MARGIN_LOGITS + 1e-6) > 0, name);
    const curve = thresholdCurve(frames, threshold);
    assert.ok(
      curve.some((point) => point.threshold === threshold),
      name,
    );
    for (const [index, point] of curve.entries()) {
      const before = curve[index - 1];
      assert.equal(point.tp + point.fp + point.tn + point.fn, frames.length, name);
      assert.ok(
        !before || (before.threshold < point.threshold && before.tp >= point.tp && before.fp >= point.fp),
        name,
      );
    }
  }
  assert.equal(curvePointAt([], 0.5), undefined);
});

const QUICK: ClassifierConfig = { ...CLASSIFIER_CONFIG, hidden: [16, 16], updates: 120, batchSize: 64 };
const SIZES = { embedding: 8, proprioception: 0 };

async function trained(seed: number, episodes: readonly LabelledEpisode[]) {
  const frames = featuresOf(episodes, SIZES);
  const standardisation = standardisationOf(frames, SIZES);
  const weights = await trainClassifier({
    ...{ backend: createOrtBackend({ threads: 1 }), sizes: SIZES, config: QUICK, frames, standardisation },
    rng: createRng(seed),
  });
  return { weights, standardisation };
}

test('training on made-up embeddings finds held-out successes, repeats to the byte, and exports what it learned', async () => {
  const split = splitByEpisode(
    madeUp(createRng(5), 40, (id) => id % 2 === 0),
    createRng(6),
  );
  const { weights, standardisation } = await trained(7, split.training);
  assert.deepEqual((await trained(7, split.training)).weights, weights);
  assert.notDeepEqual((await trained(8, split.training)).weights, weights);
  const model = classifierModel(SIZES, QUICK, standardisation, weights);
  const session = await loadOrtSession(model, { threads: 1 });
  assert.deepEqual(Object.keys(session.inputs), ['embedding']);
  const scored: ScoredFrame[] = [];
  for (const { embedding, label } of split.heldOut.flatMap(({ frames }) => frames)) {
    const { logit } = await session.run({ embedding: { shape: [1, 8], data: embedding! } });
    scored.push({ logit: Number(logit!.data[0]), positive: label === 'positive' });
  }
  await session.dispose();
  const even = confusionAt(scored, 0.5);
  assert.ok((even.tp + even.tn) / scored.length > 0.97, JSON.stringify(even));
  const chosen = confusionAt(scored, chooseThreshold(scored));
  assert.ok(chosen.fp === 0 && recallOf(chosen) > 0.6, JSON.stringify(chosen));
});

test('where proprioception is an input, the model has it', async () => {
  const sizes = { embedding: 8, proprioception: 27 };
  const episodes = madeUp(createRng(5), 6, () => true);
  const frames = featuresOf(episodes, sizes);
  assert.equal(frames.features.length, 6 * 12 * 35);
  const config = { ...QUICK, updates: 2 };
  const standardisation = standardisationOf(frames, sizes);
  const weights = await trainClassifier({
    ...{ backend: createOrtBackend({ threads: 1 }), sizes, config, frames, standardisation },
    rng: createRng(1),
  });
  const session = await loadOrtSession(classifierModel(sizes, config, standardisation, weights), { threads: 1 });
  assert.deepEqual(Object.keys(session.inputs), ['embedding', 'proprioception']);
  await session.dispose();
});

test('embeddings of two encoders in one training are refused', () => {
  const episodes = [{ id: 1, frames: [frame(0, 'negative', Float32Array.of(1, 2))] }];
  assert.throws(() => featuresOf(episodes, SIZES), /has 2 numbers of embedding; the others have 8/);
});
