/** The policy heads of `main/learn/policies` on toy data: trained with any list of losses, then asked for chunks of actions. */
import type { Rng } from '../../../main/api/rng.ts';
import { combineLosses, type LossTerm } from '../../../main/learn/losses/combine.ts';
import { initialParameters } from '../../../main/learn/nets/parameters.ts';
import type { Head, HeadFrame } from '../../../main/learn/policies/head.ts';
import { createHead, type HeadOptions, OWN_LOSS } from '../../../main/learn/policies/heads.ts';
import { actionSpace } from '../../../main/learn/policies/normaliser.ts';
import { input } from '../../../main/tensor/tensor.ts';
import { compileModel, fit } from './fit.ts';

/** Training examples: an observation of D numbers each, and a chunk of K steps of U numbers in [−1, 1]. */
export interface ChunkData {
  /** [n, D] */
  readonly observations: Float32Array;
  /** [n, K, U] */
  readonly chunks: Float32Array;
  readonly shape: { readonly observation: number; readonly steps: number; readonly size: number };
}

export interface HeadFit {
  readonly head: HeadOptions;
  readonly data: ChunkData;
  readonly rng: Rng;
  readonly updates: number;
  readonly hidden?: readonly number[];
  readonly batchSize?: number;
  readonly learningRate?: number;
  /** Running average of the weights; generative heads need it. */
  readonly averaging?: number;
  /** The head's own loss where absent. */
  readonly losses?: readonly LossTerm[];
}

export interface FittedHead {
  readonly frame: HeadFrame;
  readonly weights: Float32Array;
}

const HIDDEN = [128, 128];

export async function fitHead(options: HeadFit): Promise<FittedHead> {
  const { data, rng, updates, hidden = HIDDEN, batchSize: B = 128, learningRate = 1e-3, averaging } = options;
  const { observation: D, steps: K, size: U } = data.shape;
  const frame = { space: actionSpace('none', new Array<boolean>(U).fill(true), K), features: D + 1, hidden };
  const head = createHead(options.head, frame);
  const draws = rng.split('batches');
  const { weights } = await fit({
    ...{ specs: head.parameters, steps: updates, learningRate },
    ...(averaging !== undefined && { averaging }),
    start: initialParameters(head.parameters, rng.split('weights')),
    loss: (parameters) => {
      const target = input('target', [B, K, U]);
      const random = Object.fromEntries(head.randomInputs.map(({ name, shape }) => [name, input(name, [B, ...shape])]));
      const { inputs } = head.forward(parameters, input('features', [B, D + 1]), target, random);
      const losses = options.losses ?? [{ name: OWN_LOSS[options.head.name], weight: 1 }];
      return combineLosses(losses, { ...inputs, target }).loss;
    },
    batch: () => drawBatch(head, data, B, draws),
  });
  return { frame, weights };
}

function drawBatch(head: Head, { observations, chunks, shape }: ChunkData, B: number, rng: Rng) {
  const [D, size] = [shape.observation, shape.steps * shape.size];
  const [seen, target] = [new Float32Array(B * D), new Float32Array(B * size)];
  for (let row = 0; row < B; row++) {
    const from = rng.integer(observations.length / D);
    seen.set(observations.subarray(from * D, (from + 1) * D), row * D);
    target.set(chunks.subarray(from * size, (from + 1) * size), row * size);
  }
  const random = head.randomInputs.map(({ name, shape: each, draw }) => [
    name,
    Float32Array.from({ length: B * each.reduce((product, part) => product * part, 1) }, () => draw(rng)),
  ]);
  return { features: featuresOf(seen, B), target, ...Object.fromEntries(random) };
}

/**
 * [B, D] → [B, D + 1], a constant beside each observation: LayerNorm behind the first Dense takes away how large its input is, so
 * that of a single number only the sign would be left.
 */
export function featuresOf(observations: Float32Array, B: number): Float32Array {
  const D = observations.length / B;
  return Float32Array.from({ length: B * (D + 1) }, (_, index) => {
    const column = index % (D + 1);
    return column === D ? 1 : observations[Math.floor(index / (D + 1)) * D + column]!;
  });
}

/** A trained head that answers for B observations at once, by the sampler that `options` name. */
export async function headPolicy({ frame, weights }: FittedHead, options: HeadOptions, B: number, rng: Rng) {
  const head = createHead(options, frame);
  const noise = head.noiseSize > 0 ? input('noise', [B, head.noiseSize]) : undefined;
  const model = await compileModel(head.parameters, weights, (parameters) => ({
    chunk: head.act(parameters, input('features', [B, frame.features]), noise),
  }));
  return {
    /** [B, D] → [B, K, U] */
    chunks: async (observations: Float32Array): Promise<Float32Array> => {
      const drawn = Float32Array.from({ length: B * head.noiseSize }, () => rng.normal());
      return (await model.run({ features: featuresOf(observations, B), ...(noise && { noise: drawn }) }))('chunk');
    },
    dispose: model.dispose,
  };
}

/** One answer to each of n observations [n, D]. */
export async function chunksOf(
  fitted: FittedHead,
  options: HeadOptions,
  observations: Float32Array,
  rng: Rng,
): Promise<Float32Array> {
  const policy = await headPolicy(fitted, options, observations.length / (fitted.frame.features - 1), rng);
  const chunks = await policy.chunks(observations);
  await policy.dispose();
  return chunks;
}
