/** Options that several verbs have in the same words. */
import { observationKindSchema } from '../../api/observation.ts';
import { taskIdSchema } from '../../api/task.ts';
import { ENCODERS } from '../../models/assets.ts';
import { option } from './parse-verb.ts';
import { noiseNumber, nonEmptyText } from './values.ts';

export const TASK = option('insert, pick-insert or lift', taskIdSchema, 'insert');
export const OBSERVATION = option('pixels, state or blind', observationKindSchema, 'pixels');
export const ENCODER_HELP = `encoder of the pictures: ${[...ENCODERS.keys()].join(', ')}, or the path of a manifest (default cell)`;
export const ENCODER = option(ENCODER_HELP, nonEmptyText.optional());
export const POLICY_NOISE = option(
  'standard deviation of acting noise (default: what the policy asks for)',
  noiseNumber.optional(),
);
