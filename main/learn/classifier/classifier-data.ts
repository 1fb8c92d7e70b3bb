/**
 * Splits labelled episodes into training and held-out ones. Whole episodes go to one side, because neighbouring frames
 * are nearly the same: a classifier tested on neighbours of its training frames would look better than it is.
 */
import type { LabelledEpisode, LabelledFramesSource } from '../../../data/learning/labelled-frames.ts';
import type { LabelCounts, LabelSource } from '../../api/classifier.ts';
import { RemediedError } from '../../api/error-words.ts';
import { allFinite } from '../../api/finite.ts';
import type { Rng } from '../../api/rng.ts';
import type { EncoderRuntime } from '../../models/encoder-runtime.ts';
import { shuffledRows } from '../algorithms/rows.ts';
import type { ClassifierFrames, ClassifierSizes } from './reward-classifier.ts';

/** Thrown when a project lacks the data for a classifier. */
export class ClassifierDataError extends RemediedError {}

export const HELD_OUT_SHARE = 0.3;
/** Smallest number of episodes with a success: some to learn from, some to test on. */
const MIN_SUCCESS_EPISODES = 4;

interface Split<Episode> {
  readonly training: readonly Episode[];
  readonly heldOut: readonly Episode[];
}

const countOf = (episodes: readonly LabelledEpisode[], label: 'positive' | 'negative') =>
  episodes.reduce((sum, { frames }) => sum + frames.filter((frame) => frame.label === label).length, 0);

export const sideOf = (episodes: readonly LabelledEpisode[]): LabelCounts & { readonly episodes: number } => ({
  positives: countOf(episodes, 'positive'),
  negatives: countOf(episodes, 'negative'),
  episodes: episodes.length,
});

/** Divides episodes with positives and those without separately, so that both sides get both. */
export function splitByEpisode(episodes: readonly LabelledEpisode[], rng: Rng): Split<LabelledEpisode> {
  const hasPositives = (episode: LabelledEpisode) => episode.frames.some(({ label }) => label === 'positive');
  const parts = [true, false].map((wanted) => {
    const order = shuffled(
      episodes.filter((episode) => hasPositives(episode) === wanted),
      rng.split(wanted ? 'with positives' : 'without'),
    );
    const heldOut = Math.round(HELD_OUT_SHARE * order.length);
    return { heldOut: order.slice(0, heldOut), training: order.slice(heldOut) };
  });
  const byId = (side: 'training' | 'heldOut') => parts.flatMap((part) => part[side]).sort((a, b) => a.id - b.id);
  const split = { training: byId('training'), heldOut: byId('heldOut') };
  const lacking = (['positive', 'negative'] as const).find(
    (label) => countOf(split.training, label) === 0 || countOf(split.heldOut, label) === 0,
  );
  const withPositives = episodes.filter(hasPositives).length;
  if (withPositives < MIN_SUCCESS_EPISODES || lacking === 'positive')
    throw new ClassifierDataError(
      `Episodes that show a success: ${withPositives}; at least ${MIN_SUCCESS_EPISODES} are needed, some to learn from and some to test on.`,
      'Record more successes, or label some: P in a replay or while an episode runs.',
    );
  if (lacking)
    throw new ClassifierDataError(
      `Negatives: ${countOf(episodes, 'negative')}, too few for both sides of the split.`,
      'Record failures, or label moments that are no success with Shift+P.',
    );
  return split;
}

function shuffled<Item>(items: readonly Item[], rng: Rng): Item[] {
  return Array.from(shuffledRows(items.length, rng), (at) => items[at]!);
}

export function framesBySource(episodes: readonly LabelledEpisode[]): Record<LabelSource, LabelCounts> {
  const of = (source: LabelSource): LabelCounts => {
    const sides = episodes.map(({ id, frames }) => ({ id, frames: frames.filter((frame) => frame.source === source) }));
    return { positives: countOf(sides, 'positive'), negatives: countOf(sides, 'negative') };
  };
  return { live: of('live'), episode: of('episode'), rule: of('rule') };
}

/** Computes missing embeddings from the stored pictures, and leaves out frames without pictures. */
export async function withEmbeddings(
  source: Pick<LabelledFramesSource, 'readFrames'>,
  episodes: readonly LabelledEpisode[],
  encoder: Pick<EncoderRuntime, 'embed'> | undefined,
): Promise<LabelledEpisode[]> {
  const complete: LabelledEpisode[] = [];
  for (const { id, frames } of episodes) {
    const kept: LabelledEpisode['frames'][number][] = [];
    for (const frame of frames) {
      const pictures = frame.embedding || !encoder ? [] : source.readFrames(id, frame.index);
      const embedding = frame.embedding ?? (pictures.length > 0 ? await encoder?.embed(pictures) : undefined);
      if (embedding) kept.push({ ...frame, embedding });
    }
    if (kept.length > 0) complete.push({ id, frames: kept });
  }
  return complete;
}

/** Throws when a number that the classifier would read is not finite. The error names the episode and the observation. */
export function expectFiniteFrames(episodes: readonly LabelledEpisode[], withProprioception: boolean): void {
  for (const { id, frames } of episodes)
    for (const { index, embedding, proprioception } of frames)
      if (!allFinite(embedding ?? []) || (withProprioception && !allFinite(proprioception)))
        throw new ClassifierDataError(
          `Observation ${index} of episode ${id} holds a number that is not finite; expected finite numbers.`,
          `Open episode ${id} in the Data tab and discard it, then train again.`,
        );
}

/** The features [N, E + P]. Every frame must have its embedding, and its proprioception when P > 0. */
export function featuresOf(episodes: readonly LabelledEpisode[], sizes: ClassifierSizes): ClassifierFrames {
  const frames = episodes.flatMap((episode) => episode.frames);
  const columns = sizes.embedding + sizes.proprioception;
  const features = new Float32Array(frames.length * columns);
  frames.forEach(({ embedding, proprioception }, row) => {
    if (embedding?.length !== sizes.embedding)
      throw new ClassifierDataError(
        `A labelled frame has ${embedding?.length ?? 0} numbers of embedding; the others have ${sizes.embedding}.`,
        'Use the encoder that the project was recorded with.',
      );
    features.set(embedding, row * columns);
    features.set(proprioception.subarray(0, sizes.proprioception), row * columns + sizes.embedding);
  });
  return { features, positive: frames.map(({ label }) => label === 'positive') };
}
