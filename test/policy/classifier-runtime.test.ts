/**
 * Tests a reward classifier: its probabilities, none for another kind of observation, and refusals that change
 * nothing.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ClassifierManifest } from '../../main/api/classifier.ts';
import { createRng } from '../../main/api/rng.ts';
import { CLASSIFIER_CONFIG, classifierModel, classifierStep } from '../../main/learn/classifier/reward-classifier.ts';
import { createClassifierRuntime } from '../../main/policy/classifier-runtime.ts';
import { loadOrtSession } from '../../main/tensor/backends/ort.ts';
import { inFolder } from '../data/fixture.ts';

const SIZES = { embedding: 5, proprioception: 27 };
const ENCODER = 'e'.repeat(64);

function write(folder: string, name: string, seed: number, change: Partial<ClassifierManifest> = {}): string {
  const rng = createRng(seed);
  const count = classifierStep(SIZES, CLASSIFIER_CONFIG).inputs['parameters']!.shape[0]!;
  const weights = Float32Array.from({ length: count }, () => 0.3 * rng.normal());
  const still = { mean: new Float32Array(32), gain: new Float32Array(32).fill(1) };
  const model = classifierModel(SIZES, CLASSIFIER_CONFIG, still, weights);
  const manifest: ClassifierManifest = {
    ...({ kind: 'classifier', name, task: 'insert', observation: 'pixels', model: 'classifier.onnx' } as const),
    sha256: createHash('sha256').update(model).digest('hex'),
    embeddingSize: 5,
    proprioceptionSize: 27,
    encoderSha256: ENCODER,
    threshold: 0.8,
    ruleThreshold: 0.8,
    seed,
    updates: 0,
    frames: {
      live: { positives: 0, negatives: 0 },
      episode: { positives: 0, negatives: 0 },
      rule: { positives: 0, negatives: 0 },
    },
    training: { positives: 0, negatives: 0, episodes: 0 },
    heldOut: { positives: 0, negatives: 0, episodes: 0 },
    curve: [],
    createdAtMs: 0,
    ...change,
  };
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'classifier.onnx'), model);
  const path = join(folder, name, 'manifest.json');
  writeFileSync(path, JSON.stringify(manifest));
  return path;
}

test('probabilities are those of the model; of another kind or size of observation it says nothing', () =>
  inFolder(async (folder) => {
    const runtime = createClassifierRuntime();
    const embedding = Float32Array.of(0.1, -0.4, 0.9, 0, 2);
    const proprioception = new Float32Array(27).fill(0.5);
    assert.equal(await runtime.probability('pixels', embedding, proprioception), undefined, 'none is loaded');
    const path = write(folder, 'one', 1);
    assert.equal((await runtime.load(path, ENCODER)).threshold, 0.8);
    const probability = await runtime.probability('pixels', embedding, proprioception);
    const session = await loadOrtSession(join(folder, 'one', 'classifier.onnx'), { threads: 1 });
    const { logit } = await session.run({
      embedding: { shape: [1, 5], data: embedding },
      proprioception: { shape: [1, 27], data: proprioception },
    });
    assert.equal(probability, 1 / (1 + Math.exp(-Number(logit!.data[0]))));
    assert.equal(await runtime.probability('state', embedding, proprioception), undefined);
    assert.equal(await runtime.probability('pixels', new Float32Array(6), proprioception), undefined);
    await session.dispose();
  }));

test('what cannot be used is refused in words, and the one in use stays', () =>
  inFolder(async (folder) => {
    const runtime = createClassifierRuntime();
    const embedding = new Float32Array(5).fill(1);
    const proprioception = new Float32Array(27);
    await runtime.load(write(folder, 'good', 2), ENCODER);
    const before = await runtime.probability('pixels', embedding, proprioception);
    const cases: readonly [string, Partial<ClassifierManifest>, string | undefined, RegExp][] = [
      ['encoder', {}, 'f'.repeat(64), /trained on the encoder eeeeeeeeeeee…, the one in use is ffffffffffff…/],
      ['blind', {}, undefined, /the one in use is none/],
      ['robot', { proprioceptionSize: 30 }, ENCODER, /takes 30 numbers of proprioception, this robot gives 27/],
      ['hash', { sha256: '0'.repeat(64) }, ENCODER, /its manifest says 0000/],
      ['size', { embeddingSize: 6 }, ENCODER, /cannot be used/],
      ['absent', { model: 'nothing.onnx' }, ENCODER, /nothing\.onnx cannot be used/],
      ['manifest', { threshold: 2 }, ENCODER, /is not a usable classifier manifest/],
    ];
    for (const [name, change, encoder, message] of cases)
      await assert.rejects(runtime.load(write(folder, name, 3, change), encoder), message, name);
    assert.equal(await runtime.probability('pixels', embedding, proprioception), before);
  }));
