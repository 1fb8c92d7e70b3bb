/**
 * Kinds of values that several verbs take. A number out of range is refused with the range and its reason; `parseVerb`
 * adds the option and the value.
 */
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { SEED_RANGES } from '../../api/task.ts';

/** Largest seed of a run. Each seed has its own part of the training scenes, see `episodeSeed`. */
const MAX_SEED = 900;

interface NumberKind {
  readonly words: 'a whole number' | 'a number';
  readonly fits: (value: number) => boolean;
}

const WHOLE: NumberKind = { words: 'a whole number', fits: Number.isSafeInteger };
const ANY: NumberKind = { words: 'a number', fits: Number.isFinite };

function numberOption({ words, fits }: NumberKind, from: number, to: number, why: string) {
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

export const seedNumber = wholeNumber(
  0,
  MAX_SEED,
  `each seed has its own part of the ${SEED_RANGES.training.count / 1e6} million training scenes, and there are ${MAX_SEED + 1} parts`,
);
export const noiseNumber = anyNumber(
  0,
  0.5,
  'it is added to actions between -1 and 1, and more would hide what the policy does',
);
/** Number of episodes that one call records. */
export const recordedEpisodes = (most: number) => wholeNumber(1, most, 'for more, call it again with another --seed');
/** Number of episodes that an evaluation plays. More episodes would not narrow its interval usefully. */
export const evaluatedEpisodes = (most: number) =>
  wholeNumber(1, most, `${most} already give a 95 % interval of at most ±${(98 / Math.sqrt(most)).toFixed(1)} points`);

/** A name or a path. */
export const nonEmptyText = z.string().min(1);

/** A list with commas between its values. */
export const listOf = <Item>(item: z.ZodType<Item, string>) =>
  z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(item));

/** The default port is fixed, so that a browser remembers the window's layout for this origin. */
export const DEFAULT_PORT = 4817;

/** Ports that browsers refuse to open, because other protocols use them: the Fetch standard's list, "bad port". */
const REFUSED_BY_BROWSERS: ReadonlySet<number> = new Set([
  ...[1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109],
  ...[110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530],
  ...[531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190],
  ...[5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080],
]);

export const portNumber = wholeNumber(0, 65_535, 'ports of TCP end there, and 0 takes any free one').refine(
  (port) => !REFUSED_BY_BROWSERS.has(port),
  `browsers refuse to open this port, because another protocol uses it; choose another, such as ${DEFAULT_PORT}, or 0 for any free one`,
);

/** More threads gain little, because nets for robots are small. */
const MAX_DEFAULT_THREADS = 4;

export const threadsNumber = wholeNumber(1, 64, 'the nets are too small to gain from more');

/** Default number of threads that learn when nothing else runs. */
export const threadsAlone = (cores = availableParallelism()): number => Math.min(cores, MAX_DEFAULT_THREADS);

/** Default number of threads that learn beside a control loop, a cell and a window. */
export const threadsBeside = (cores = availableParallelism()): number =>
  Math.max(1, Math.min(Math.floor(cores / 4), MAX_DEFAULT_THREADS));
