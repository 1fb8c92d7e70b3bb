/**
 * Diffusion policy (Chi et al. 2023) on a frozen encoder's features: the chunk is denoised from pure noise by DDIM, unrolled.
 * differs from Diffusion Policy: an MLP instead of a U-Net, since chunks here are short and features are given; predicts the
 * action ('x0') by default, which is the better choice where few sampling steps are made.
 */
import { z } from 'zod';
import { cast, constant, gather, mul, reshape } from '../../tensor/tensor.ts';
import { DIFFUSION_TARGETS, denoisedAction, diffuse, diffusionTarget } from '../losses/generative/diffusion.ts';
import { DIFFUSION_STEPS, noiseSchedule } from '../losses/generative/noise-schedule.ts';
import { ddim, trailingSteps } from './ddim.ts';
import { denoiserNet } from './denoiser-net.ts';
import { chunkNoise, chunkNoiseSize, expectNoise, faded, type Head, type HeadFrame, normalChance } from './head.ts';
import { settingsObject } from './settings-object.ts';

export const diffusionSchema = settingsObject({
  name: z.literal('diffusion'),
  target: z.enum(DIFFUSION_TARGETS).default('x0'),
  trainingSteps: z.int().min(2).default(DIFFUSION_STEPS),
  /** DDIM evaluations per chunk. */
  samplingSteps: z.int().min(1).default(10),
}).readonly();
export type DiffusionOptions = z.infer<typeof diffusionSchema>;

/** What is clipped to while denoising: a bounded space's own edge, or so many standard deviations. */
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
    chance: [
      normalChance('diffusionNoise', [steps, size]),
      { name: 'diffusionStep', shape: [], draw: (rng) => rng.integer(T) },
    ],
    offer: (parameters, features, target, chance) => {
      const [noise, step] = [chance['diffusionNoise']!, chance['diffusionStep']!];
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
