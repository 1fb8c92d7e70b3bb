/**
 * The training data of the reward classifier: every labelled observation of one task and one kind of observation.
 * Discarded and running episodes are left out. The training process reads through its own read-only connection.
 */
import type { FrameLabel } from '../../main/api/classifier.ts';
import type { CameraFrame, ObservationKind } from '../../main/api/observation.ts';
import type { TaskId } from '../../main/api/task.ts';
import { float32Of } from '../blobs.ts';
import { openForReading } from '../database.ts';
import { createQueries } from '../reading/queries.ts';
import { hasEnded, isDiscarded } from '../reading/standing.ts';
import { createLabelQueries } from './reward-labels.ts';

export interface LabelledFrame extends FrameLabel {
  /** [PROPRIOCEPTION_SIZE] */
  readonly proprioception: Float32Array;
  /** Undefined when it was not computed, or was computed by another encoder than the one asked for. */
  readonly embedding: Float32Array | undefined;
}

export interface LabelledEpisode {
  readonly id: number;
  readonly frames: readonly LabelledFrame[];
}

export interface LabelledFramesQuery {
  readonly task: TaskId;
  readonly observation: ObservationKind;
  /** Embeddings of another encoder count as missing. */
  readonly encoderSha256: string | undefined;
  /** True: also the labels that the rule derives from verdicts; false: only labels given by hand. */
  readonly rule: boolean;
}

export type LabelledFramesSource = ReturnType<typeof openLabelledFrames>;

export function openLabelledFrames(folder: string) {
  const database = openForReading(folder);
  const queries = createQueries(database);
  const labels = createLabelQueries(database);
  const episodeIds = database.prepare<[string, string], { readonly id: number; readonly encoderSha256: string | null }>(
    `SELECT id, encoder_sha256 AS encoderSha256 FROM episode WHERE task = ? AND observation = ?
     AND ${hasEnded('episode.id')}
     AND NOT ${isDiscarded('episode.id')} ORDER BY id`,
  );
  const observations = database.prepare<
    [number],
    { readonly index: number; readonly proprioception: Uint8Array; readonly vector: Uint8Array | null }
  >(
    `SELECT observation_index AS "index", proprioception, vector FROM observation
     LEFT JOIN embedding ON embedding.observation_id = observation.id WHERE episode_id = ?`,
  );
  return {
    episodes: ({ task, observation, encoderSha256, rule }: LabelledFramesQuery): LabelledEpisode[] =>
      episodeIds.all(task, observation).flatMap((episode): LabelledEpisode[] => {
        const given = rule ? labels.frameLabels(episode.id) : labels.labelsByHand(episode.id);
        if (given.length === 0) return [];
        const usable = observation !== 'pixels' || episode.encoderSha256 === encoderSha256;
        const stored = new Map(observations.all(episode.id).map((row) => [row.index, row]));
        const frames = given.flatMap(({ index, label, source }): LabelledFrame[] => {
          const row = stored.get(index);
          if (!row) return [];
          const embedding = row.vector && usable ? float32Of(row.vector) : undefined;
          return [{ index, label, source, proprioception: float32Of(row.proprioception), embedding }];
        });
        return [{ id: episode.id, frames }];
      }),
    readFrames: (episodeId: number, index: number): readonly CameraFrame[] =>
      queries.pictures(episodeId, index)?.frames ?? [],
    close: (): void => {
      database.close();
    },
  };
}
