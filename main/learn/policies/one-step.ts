/**
 * ConRFT's consistency head (`consistency.ts`) as one of the heads of imitation: single actions, one evaluation. Its parameters are
 * those of ConRFT's actor, so that with the normaliser 'none' either algorithm can go on from the other's policy.
 */
import { z } from 'zod';
import type { Node } from '../../tensor/ir.ts';
import { add, mul, reshape } from '../../tensor/tensor.ts';
import {
  clipAction,
  consistencyHead,
  consistencyParameters,
  denoise,
  projectObservation,
  SIGMA_STEPS,
  SIGMAS,
  sample,
} from './consistency.ts';
import { chunkNoiseSize, expectNoise, type Head, type HeadFrame, normalChance } from './head.ts';
import { restoreAll, selectUsed } from './normaliser.ts';
import { settingsObject } from './settings-object.ts';

export const consistencySchema = settingsObject({ name: z.literal('consistency') }).readonly();

export function oneStepHead({ space, features: size, hidden }: HeadFrame): Head {
  if (space.steps !== 1)
    throw new RangeError(
      `the consistency head predicts one action at a time, not ${space.steps}. Set the chunk's size to 1.`,
    );
  const head = consistencyHead(size, space.mask, hidden);
  const A = space.mask.length;
  /** Between [B, 1, U] and [B, A]. */
  const flat = (x: Node) => reshape(restoreAll(space, x), [x.shape[0]!, A]);
  const chunk = (x: Node) => selectUsed(space, reshape(x, [x.shape[0]!, 1, A]));
  return {
    name: 'consistency',
    parameters: consistencyParameters(head),
    noiseSize: chunkNoiseSize({ space, features: size, hidden }),
    chance: [
      normalChance('imitationNoise', [A]),
      // the smallest σ is never drawn, as in the released code
      { name: 'sigma', shape: [1], draw: (rng) => SIGMAS[rng.integer(SIGMA_STEPS - 1)]! },
    ],
    offer: (parameters, features, target, chance) => {
      const sigma = chance['sigma']!;
      const share = projectObservation(parameters, head, features);
      const noised = add(flat(target), mul(chance['imitationNoise']!, sigma));
      const denoised = chunk(clipAction(denoise(parameters, head, share, noised, sigma)));
      return { inputs: { denoised, sigma }, metrics: {} };
    },
    act: (parameters, features, noise) => {
      const share = projectObservation(parameters, head, features);
      return chunk(clipAction(sample(parameters, head, share, expectNoise(noise, 'consistency'))));
    },
  };
}
