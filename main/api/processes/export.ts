/**
 * Says which recorded episodes an export takes, for the window and the command line, and describes what it leaves out.
 */
import { z } from 'zod';
import { outcomeSchema } from '../episode.ts';
import { observationKindSchema } from '../observation.ts';
import { taskIdSchema } from '../task.ts';

/** Maximum number of ranges: more than a person types, and few enough for one message. */
const MAX_RANGES = 5000;

/** Selects the episodes with at least one step in this buffer. They are exported whole. */
export const exportBufferSchema = z.enum(['rl', 'demo']);

/** Numbers of the first and the last episode; the range includes both. */
const episodeRangeSchema = z.tuple([z.int().min(1), z.int().min(1)]).readonly();
export type EpisodeRange = z.infer<typeof episodeRangeSchema>;

/** An episode is chosen when it meets every condition that is given. */
export const episodeChoiceSchema = z
  .object({
    task: taskIdSchema.optional(),
    observation: observationKindSchema.optional(),
    buffer: exportBufferSchema.optional(),
    outcome: outcomeSchema.optional(),
    episodes: z.array(episodeRangeSchema).min(1).max(MAX_RANGES).readonly().optional(),
  })
  .readonly();
export type EpisodeChoice = z.infer<typeof episodeChoiceSchema>;

type ParsedRanges =
  | { readonly kind: 'ranges'; readonly ranges: readonly EpisodeRange[] }
  | { readonly kind: 'wrong'; readonly message: string };

/** Reads episode numbers as people type them: "1-5,8". */
export function parseEpisodeRanges(text: string): ParsedRanges {
  const expected = 'expected episode numbers and ranges, for example 1-5,8';
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.length === 0) return { kind: 'wrong', message: `No episode is named; ${expected}.` };
  if (parts.length > MAX_RANGES)
    return { kind: 'wrong', message: `${parts.length} ranges are too many; expected at most ${MAX_RANGES}.` };
  const ranges: EpisodeRange[] = [];
  for (const part of parts) {
    const match = /^(\d{1,15})(?:\s*[-–]\s*(\d{1,15}))?$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (!match || first < 1) return { kind: 'wrong', message: `"${part.slice(0, 40)}" names no episode; ${expected}.` };
    if (last < first) return { kind: 'wrong', message: `${part} runs backwards; expected ${last}-${first}.` };
    ranges.push([first, last]);
  }
  return { kind: 'ranges', ranges };
}

/** Writes ascending episode numbers as `parseEpisodeRanges` reads them. `more` counts those beyond `maxRanges`. */
export function episodeRangesText(ids: readonly number[], maxRanges = MAX_RANGES) {
  const ranges: [number, number][] = [];
  for (const id of ids) {
    const newest = ranges.at(-1);
    if (newest && id === newest[1] + 1) newest[1] = id;
    else ranges.push([id, id]);
  }
  const shown = ranges.slice(0, maxRanges);
  const count = shown.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  const text = shown.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
  return { text, more: ids.length - count };
}

/** Number of episodes that an export leaves out, by the first reason that applies. */
const leftOutSchema = z
  .object({ notChosen: z.int(), notEnded: z.int(), discarded: z.int(), withoutSteps: z.int() })
  .readonly();
export type LeftOut = z.infer<typeof leftOutSchema>;

/** Returns for example "left out: 3 not chosen, 1 discarded"; `undefined` when nothing is left out. */
export function leftOutText(leftOut: LeftOut): string | undefined {
  const parts = [
    ...(leftOut.notChosen > 0 ? [`${leftOut.notChosen} not chosen`] : []),
    ...(leftOut.notEnded > 0 ? [`${leftOut.notEnded} not ended`] : []),
    ...(leftOut.discarded > 0 ? [`${leftOut.discarded} discarded`] : []),
    ...(leftOut.withoutSteps > 0 ? [`${leftOut.withoutSteps} without steps`] : []),
  ];
  return parts.length === 0 ? undefined : `left out: ${parts.join(', ')}`;
}

export const episodesText = (count: number): string => (count === 1 ? '1 episode' : `${count} episodes`);

const count = z.int().nonnegative();
/**
 * Lines that an export process prints, one JSON object each: `chosen` once, `progress` per episode, then `done` or
 * `error`.
 */
export const exportLineSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('chosen'), episodes: count, leftOut: leftOutSchema }),
  z.object({ kind: z.literal('progress'), doneEpisodes: count, totalEpisodes: count, doneFrames: count }),
  z.object({ kind: z.literal('warning'), message: z.string() }),
  z.object({
    kind: z.literal('done'),
    format: z.string(),
    out: z.string(),
    leftOut: leftOutSchema,
    episodes: count,
    frames: count,
    bytes: count,
    problems: z.array(z.string()).readonly(),
  }),
  z.object({ kind: z.literal('error'), message: z.string(), remedy: z.string(), cancelled: z.boolean() }),
]);
export type ExportLine = z.infer<typeof exportLineSchema>;
