/**
 * Diffusion policy (Chi et al. 2023) on a frozen encoder's features: DDIM denoises the chunk from pure noise, unrolled
 * in the graph. DDIM without noise (Song et al. 2021, η = 0), with ᾱ = 1 at the end:
 *   â = prediction at (x, t), clipped        ε̂ = (x − √ᾱ_t â)/√(1 − ᾱ_t), from the clipped â        x ← √ᾱ_s â + √(1 − ᾱ_s) ε̂
 * Differs from Diffusion Policy: an MLP replaces the U-Net, because chunks are short and features are given. The net
 * predicts the action ('x0') by default, which is the better target for few sampling steps. It embeds the time as
 * 1000 t/(T − 1), where theirs embeds t. Sampling steps that fall on a half are rounded up; numpy rounds them to even.
 * Letters: B batch, K steps, U used dimensions.
 */
import { z } from 'zod';
import type { Node } from '../../tensor/ir.ts';
import { add, cast, clip, constant, gather, mul, reshape } from '../../tensor/tensor.ts';
import {
  DIFFUSION_TARGETS,
  denoisedAction,
  diffuse,
  diffusionTarget,
  impliedNoise,
} from '../losses/generative/diffusion.ts';
import { DIFFUSION_STEPS, noiseSchedule } from '../losses/generative/noise-schedule.ts';
import { denoiserNet } from './denoiser-net.ts';
import { chunkNoise, chunkNoiseSize, expectNoise, faded, type Head, type HeadFrame, normalInput } from './head.ts';
import { settingsObject } from './settings-object.ts';

export const diffusionSchema = settingsObject({
  name: z.literal('diffusion'),
  target: z.enum(DIFFUSION_TARGETS).default('x0'),
  trainingSteps: z.int().min(2).default(DIFFUSION_STEPS),
  /** DDIM evaluations per chunk. */
  samplingSteps: z.int().min(1).default(10),
}).readonly();
type DiffusionOptions = z.infer<typeof diffusionSchema>;

/** Denoised actions are clipped to this: the edge of a bounded space, else a number of standard deviations. */
const EDGE = { bounded: 1, unbounded: 5 };

export function diffusionHead(options: DiffusionOptions, frame: HeadFrame): Head {
  const { target: kind, trainingSteps: T, samplingSteps } = options;
  const { alphaBars } = noiseSchedule({ kind: 'cosine', steps: T });
  const net = denoiserNet(frame);
  const { steps, size, bounded } = frame.space;
  return {
    name: 'diffusion',
    parameters: net.parameters,
    noiseSize: chunkNoiseSize(frame),
    randomInputs: [
      normalInput('diffusionNoise', [steps, size]),
      { name: 'diffusionStep', shape: [], draw: (rng) => rng.integer(T) },
    ],
    forward: (parameters, features, target, random) => {
      const [noise, step] = [random['diffusionNoise']!, random['diffusionStep']!];
      const alphaBar = gather(constant(alphaBars), cast(step, 'int64'), 0);
      const x = diffuse(target, noise, alphaBar);
      const denoiser = net.at(parameters, features)(x, reshape(mul(step, 1 / (T - 1)), [step.shape[0]!, 1]));
      return {
        inputs: {
          denoiser,
          denoiserTarget: diffusionTarget(kind, target, noise, alphaBar),
          denoised: faded(denoisedAction(kind, denoiser, x, alphaBar), alphaBar),
        },
        metrics: {},
      };
    },
    act: (parameters, features, noise) => {
      const denoise = net.at(parameters, features);
      return ddim(
        (x, alphaBar, step) => {
          const prediction = denoise(x, constant([step / (T - 1)], [1, 1]));
          return denoisedAction(kind, prediction, x, constant([alphaBar]));
        },
        chunkNoise(frame, expectNoise(noise, 'diffusion')),
        alphaBars,
        trailingSteps(T, samplingSteps),
        bounded ? EDGE.bounded : EDGE.unbounded,
      );
    },
  };
}

/**
 * `t` of each of N evaluations, noisiest first: round(T − i T/N) − 1. This "trailing" spacing begins at the noisiest level,
 * which "leading" spacing never visits.
 */
export function trailingSteps(trainingSteps: number, count: number): number[] {
  if (count < 1 || count > trainingSteps)
    throw new RangeError(`${count} sampling steps of a diffusion with ${trainingSteps}: use 1 to ${trainingSteps}`);
  return Array.from({ length: count }, (_, index) => Math.round(trainingSteps - (index * trainingSteps) / count) - 1);
}

/** The action â [B, K, U] that x_t implies; `alphaBar` is ᾱ_t, `step` t. */
type Denoiser = (x: Node, alphaBar: number, step: number) => Node;

/** `noise` [B, K, U] → actions [B, K, U], each clipped to ±`bound`. */
export function ddim(
  denoiser: Denoiser,
  noise: Node,
  alphaBars: readonly number[],
  steps: readonly number[],
  bound = 1,
): Node {
  let x = noise;
  steps.forEach((step, index) => {
    const alphaBar = alphaBars[step]!;
    const denoised = clip(denoiser(x, alphaBar, step), -bound, bound);
    const next = steps[index + 1];
    if (next === undefined) x = denoised;
    else {
      const epsilon = impliedNoise(denoised, x, constant([alphaBar]));
      x = add(mul(denoised, Math.sqrt(alphaBars[next]!)), mul(epsilon, Math.sqrt(1 - alphaBars[next]!)));
    }
  });
  return x;
}
