/** The policy heads by name: their options as data, and the loss that each is trained with by default. */
import { z } from 'zod';
import type { HeadName } from '../../api/policy.ts';
import type { LossName } from '../losses/loss-registry.ts';
import { autoregressiveHead, autoregressiveSchema, categoricalHead, categoricalSchema } from './categorical.ts';
import { consistencyHead, consistencySchema } from './consistency.ts';
import { diffusionHead, diffusionSchema } from './diffusion.ts';
import { flowHead, flowSchema } from './flow.ts';
import { gaussianHead, gaussianSchema } from './gaussian.ts';
import { gmmHead, gmmSchema } from './gmm.ts';
import type { Head, HeadFrame } from './head.ts';
import { mseHead, mseSchema } from './mse.ts';

export const headOptionsSchema = z.discriminatedUnion('name', [
  mseSchema,
  gaussianSchema,
  gmmSchema,
  categoricalSchema,
  autoregressiveSchema,
  diffusionSchema,
  flowSchema,
  consistencySchema,
]);
export type HeadOptions = z.infer<typeof headOptionsSchema>;

export function createHead(options: HeadOptions, frame: HeadFrame): Head {
  if (!frame.space.bounded && (options.name === 'categorical' || options.name === 'categorical-autoregressive'))
    throw new RangeError(
      `bins need actions within [−1, 1]; the normaliser \`${frame.space.kind}\` gives others. Use min-max or quantile.`,
    );
  switch (options.name) {
    case 'mse':
      return mseHead(frame);
    case 'gaussian':
      return gaussianHead(options, frame);
    case 'gmm':
      return gmmHead(options, frame);
    case 'categorical':
      return categoricalHead(options, frame);
    case 'categorical-autoregressive':
      return autoregressiveHead(options, frame);
    case 'diffusion':
      return diffusionHead(options, frame);
    case 'flow':
      return flowHead(options, frame);
    case 'consistency':
      return consistencyHead(frame);
    default:
      throw new Error(`no head ${options satisfies never}`);
  }
}

/** The loss that each head was designed for. */
export const OWN_LOSS: Readonly<Record<HeadOptions['name'], LossName>> = {
  mse: 'mse',
  gaussian: 'gaussian-nll',
  gmm: 'gmm-nll',
  categorical: 'binned-cross-entropy',
  'categorical-autoregressive': 'binned-cross-entropy',
  diffusion: 'diffusion',
  flow: 'flow-matching',
  consistency: 'consistency',
} satisfies Partial<Record<HeadName, LossName>>;
