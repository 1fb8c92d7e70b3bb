/**
 * Labels of the reward classifier as they stand: of each observation the newest one that was not taken back; discarded episodes
 * count for nothing. Shared by the recorder, which writes them, and by all who read.
 */
import type { FrameLabel, LabelCounts, RewardLabel, StoredLabelSource, SuccessBy } from '../../main/api/classifier.ts';
import type { Judge, Outcome } from '../../main/api/episode.ts';
import type { Database } from '../database.ts';
import { proposedLabels, withProposals } from './label-rule.ts';

/** All of them, or those of one episode. */
const standing = (where = '') => `
SELECT episode_id, observation_index, label, source, max(sequence) AS sequence FROM reward_label
WHERE kind = 'label' AND sequence NOT IN (SELECT refers_to FROM reward_label WHERE kind = 'withdraw') ${where}
GROUP BY episode_id, observation_index`;

const KEPT = `coalesce((SELECT kind <> 'discard' FROM rl_buffer
  WHERE rl_buffer.episode_id = standing.episode_id AND kind <> 'add' ORDER BY sequence DESC LIMIT 1), 1)`;

export function loadLabelCounts(database: Database): LabelCounts {
  const row = database
    .prepare<[], { readonly positives: number | null; readonly negatives: number | null }>(
      `WITH standing AS (${standing()}) SELECT sum(label = 'positive') AS positives, sum(label = 'negative') AS negatives
       FROM standing WHERE ${KEPT}`,
    )
    .get();
  return { positives: row?.positives ?? 0, negatives: row?.negatives ?? 0 };
}

/** Rows that can still be taken back, oldest first. */
export interface LabelRow {
  readonly sequence: number;
  readonly episodeId: number;
  readonly index: number;
  readonly label: RewardLabel;
}

export function loadUndoableLabels(database: Database): LabelRow[] {
  return database
    .prepare<[], LabelRow>(
      `SELECT sequence, episode_id AS episodeId, observation_index AS "index", label FROM reward_label
       WHERE kind = 'label' AND sequence NOT IN (SELECT refers_to FROM reward_label WHERE kind = 'withdraw') ORDER BY sequence`,
    )
    .all();
}

export function createLabelQueries(database: Database) {
  const byHand = database.prepare<
    [number],
    { readonly index: number; readonly label: RewardLabel; readonly source: StoredLabelSource }
  >(
    `SELECT observation_index AS "index", label, source FROM (${standing('AND episode_id = ?')}) ORDER BY observation_index`,
  );
  const episode = database.prepare<[number], { readonly successBy: SuccessBy; readonly observations: number }>(
    `SELECT success_by AS successBy, (SELECT count(*) FROM observation WHERE episode_id = episode.id) AS observations
     FROM episode WHERE id = ?`,
  );
  const recorded = database.prepare<[number], { readonly outcome: Outcome; readonly judge: Judge }>(
    `SELECT outcome, judge FROM verdict WHERE episode_id = ? AND kind = 'end'`,
  );
  const standingVerdict = database.prepare<[number, number], { readonly outcome: Outcome; readonly judge: Judge }>(
    `SELECT outcome, judge FROM verdict WHERE episode_id = ? AND kind IN ('end', 'relabel')
     AND sequence NOT IN (SELECT refers_to FROM verdict WHERE episode_id = ? AND kind = 'withdraw')
     ORDER BY sequence DESC LIMIT 1`,
  );

  const labelsByHand = (episodeId: number): readonly FrameLabel[] => byHand.all(episodeId);
  return {
    labelsByHand,
    /** Labels given by hand and, for the other observations of an ended episode, what the rule proposes; in order. */
    frameLabels(episodeId: number): readonly FrameLabel[] {
      const given = labelsByHand(episodeId);
      const facts = episode.get(episodeId);
      const ended = recorded.get(episodeId);
      const verdict = standingVerdict.get(episodeId, episodeId);
      if (!facts || !ended || !verdict) return given;
      return withProposals(given, proposedLabels({ ...facts, recorded: ended, standing: verdict }));
    },
  };
}
