/** Every loss file with the operands on which its gradient is checked. A file without a row fails `all-losses.test.ts`. */
import type { LossRow } from './harness.ts';
import { ALIGNMENT_ROWS } from './rows/alignment-rows.ts';
import { GENERAL_ROWS } from './rows/general-rows.ts';
import { GENERATIVE_ROWS } from './rows/generative-rows.ts';
import { LIKELIHOOD_ROWS } from './rows/likelihood-rows.ts';
import { REINFORCEMENT_ROWS } from './rows/reinforcement-rows.ts';

export const ROWS: Readonly<Record<string, readonly LossRow[]>> = {
  ...GENERAL_ROWS,
  ...GENERATIVE_ROWS,
  ...LIKELIHOOD_ROWS,
  ...REINFORCEMENT_ROWS,
  ...ALIGNMENT_ROWS,
};
