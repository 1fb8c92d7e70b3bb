/**
 * Options that are numbers. A value out of range is refused with the range and its reason; `parseVerb` adds the option
 * and the value.
 */
import { z } from 'zod';
import { SEED_RANGES } from '../api/task.ts';

/** Largest seed of a run. Each seed has its own part of the training scenes, see `episodeSeed`. */
const MAX_SEED = 900;

interface Kind {
  readonly words: 'a whole number' | 'a number';
  readonly fits: (value: number) => boolean;
}

const WHOLE: Kind = { words: 'a whole number', fits: Number.isSafeInteger };
const ANY: Kind = { words: 'a number', fits: Number.isFinite };

function numberOption({ words, fits }: Kind, from: number, to: number, why: string) {
  const range = to === Number.POSITIVE_INFINITY ? `of at least ${from}` : `from ${from} to ${to}`;
  return z.string().transform((text, context) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (fits(value) && value >= from && value <= to) return value;
    context.addIssue({ code: 'custom', message: `expected ${words} ${range}: ${why}` });
    return z.NEVER;
  });
}

/** `why`: the reason for the range, a clause that can follow a colon. */
export const wholeNumber = (from: number, to: number, why: string) => numberOption(WHOLE, from, to, why);
export const anyNumber = (from: number, to: number, why: string) => numberOption(ANY, from, to, why);

export const seedSchema = wholeNumber(
  0,
  MAX_SEED,
  `each seed has its own part of the ${SEED_RANGES.training.count / 1e6} million training scenes, and there are ${MAX_SEED + 1} parts`,
);
export const noiseSchema = anyNumber(
  0,
  0.5,
  'it is added to actions between -1 and 1, and more would hide what the policy does',
);
/** Number of episodes that one call records. */
export const recordedEpisodesSchema = (most: number) =>
  wholeNumber(1, most, 'for more, call it again with another --seed');
/** Number of episodes that an evaluation plays. More episodes would not narrow its interval usefully. */
export const evaluatedEpisodesSchema = (most: number) =>
  wholeNumber(1, most, `${most} already give a 95 % interval of at most ±${(98 / Math.sqrt(most)).toFixed(1)} points`);
