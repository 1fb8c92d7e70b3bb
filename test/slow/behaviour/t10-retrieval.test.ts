/**
 * T10: pictures and texts of the same things find each other. 16 hidden numbers describe a thing; frozen encoders turn them into 32
 * features each, with noise of their own; two linear heads are trained by symmetric InfoNCE, 64 pairs at a time. Judged on 64 new things.
 */
import type { Rng } from '../../../main/api/rng.ts';
import { infoNce, LOG_SCALE_START } from '../../../main/learn/losses/alignment/info-nce.ts';
import { initialParameters, type ParameterSpec, type Parameters } from '../../../main/learn/nets/parameters.ts';
import type { Node } from '../../../main/tensor/ir.ts';
import { add, input, matmul, reshape } from '../../../main/tensor/tensor.ts';
import { behaviour } from './behaviour.ts';
import { evaluate, fit } from './fit.ts';

const [HIDDEN, FEATURES, SHARED, PAIRS, THINGS] = [16, 32, 16, 64, 1024];
const NOISE = 0.1;
const initial = { fanIn: FEATURES, fanOut: SHARED };
const specs: readonly ParameterSpec[] = [
  { name: 'picture', shape: [FEATURES, SHARED], initial },
  { name: 'text', shape: [FEATURES, SHARED], initial },
  { name: 'logScale', shape: [1], initial: 'zeros' },
];

const embedded = (parameters: Parameters, name: 'picture' | 'text'): Node =>
  matmul(input(name, [PAIRS, FEATURES]), parameters(name));

/** Frozen encoders: features of things [n, 16], a picture's and a text's. */
function createEncoders(rng: Rng) {
  const matrix = () => Float64Array.from({ length: HIDDEN * FEATURES }, () => rng.normal() / Math.sqrt(HIDDEN));
  const [picture, text] = [matrix(), matrix()];
  const encode = (encoder: Float64Array, thing: Float64Array, noise: Rng) =>
    Array.from(
      { length: FEATURES },
      (_, feature) =>
        thing.reduce((sum, value, index) => sum + value * encoder[index * FEATURES + feature]!, 0) +
        NOISE * noise.normal(),
    );
  return {
    pictures: (things: readonly Float64Array[], noise: Rng) => things.flatMap((thing) => encode(picture, thing, noise)),
    texts: (things: readonly Float64Array[], noise: Rng) => things.flatMap((thing) => encode(text, thing, noise)),
  };
}

const thingsOf = (count: number, rng: Rng) =>
  Array.from({ length: count }, () => Float64Array.from({ length: HIDDEN }, () => rng.normal()));

/** Share of rows whose nearest column, by cosine, is their own. */
function topOne(queries: Float32Array, keys: Float32Array): number {
  const row = (values: Float32Array, index: number) => values.subarray(index * SHARED, (index + 1) * SHARED);
  const cosine = (a: Float32Array, b: Float32Array) =>
    a.reduce((sum, value, index) => sum + value * b[index]!, 0) / (Math.hypot(...a) * Math.hypot(...b));
  const right = Array.from({ length: PAIRS }, (_, query) => {
    const scores = Array.from({ length: PAIRS }, (_, key) => cosine(row(queries, query), row(keys, key)));
    return Number(scores.indexOf(Math.max(...scores)) === query);
  });
  return right.reduce((sum, each) => sum + each, 0) / PAIRS;
}

async function retrieval(rng: Rng, steps: number, texts: 'own' | 'of another') {
  const encoders = createEncoders(rng.split('encoders'));
  const things = thingsOf(THINGS, rng.split('things'));
  const noise = rng.split('noise');
  const draws = rng.split('batches');
  const { weights } = await fit({
    ...{ specs, start: initialParameters(specs, rng.split('weights')), steps, learningRate: 1e-2 },
    loss: (parameters) =>
      infoNce(
        embedded(parameters, 'picture'),
        embedded(parameters, 'text'),
        add(reshape(parameters('logScale'), []), LOG_SCALE_START),
      ),
    batch: () => {
      const picked = Array.from({ length: PAIRS }, () => draws.integer(THINGS));
      const shown = picked.map((index) => things[index]!);
      const told = picked.map((index) => things[texts === 'own' ? index : (index + 1) % THINGS]!);
      return { picture: encoders.pictures(shown, noise), text: encoders.texts(told, noise) };
    },
  });
  const fresh = thingsOf(PAIRS, rng.split('fresh'));
  const read = await evaluate(
    specs,
    weights,
    (parameters) => ({ pictures: embedded(parameters, 'picture'), texts: embedded(parameters, 'text') }),
    { picture: encoders.pictures(fresh, noise), text: encoders.texts(fresh, noise) },
  );
  return { text: topOne(read('pictures'), read('texts')), picture: topOne(read('texts'), read('pictures')) };
}

behaviour({
  id: 'T10',
  claim: 'contrastive alignment of frozen features',
  expectations: [
    { measure: 'before', label: 'before training: right text first', role: 'control', atMost: 0.2 },
    { measure: 'text', label: 'right text first, of 64', role: 'claim', atLeast: 0.9 },
    { measure: 'picture', label: 'right picture first, of 64', role: 'claim', atLeast: 0.9 },
    { measure: 'shuffled', label: 'trained on texts of other things: right text first', role: 'control', atMost: 0.2 },
  ],
  measure: async (rng) => {
    const [before, trained, shuffled] = [
      await retrieval(rng, 0, 'own'),
      await retrieval(rng, 400, 'own'),
      await retrieval(rng, 400, 'of another'),
    ];
    return { before: before.text, ...trained, shuffled: shuffled.text };
  },
});
