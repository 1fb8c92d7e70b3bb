/**
 * The labels of the reward classifier that stand: for each observation the newest one that was not taken back. The
 * recorder, which writes them, and all readers use this file.
 */
import type { FrameLabel, LabelCounts, RewardLabel, SuccessBy } from '../../main/api/classifier.ts';
import type { TaskId } from '../../main/api/task.ts';
import type { Database } from '../database.ts';
import { isDiscarded, standingVerdict } from '../reading/standing.ts';
import type { Verdict } from '../rules.ts';
import { proposedLabels, withProposals } from './label-rule.ts';

/** Selects all labels that stand, or only those that meet a further condition. */
const standing = (where = '') => `
SELECT episode_id, observation_index, label, source, max(sequence) AS sequence FROM reward_label
WHERE kind = 'label' AND sequence NOT IN (SELECT refers_to FROM reward_label WHERE kind = 'withdraw') ${where}
GROUP BY episode_id, observation_index`;

export const NO_LABELS: LabelCounts = { positives: 0, negatives: 0 };

/** Counts the labels that stand, by task. Discarded episodes are left out, and tasks without labels. */
export function loadLabelCounts(database: Database): Readonly<Partial<Record<TaskId, LabelCounts>>> {
  const rows = database
    .prepare<[], { readonly task: TaskId; readonly positives: number; readonly negatives: number }>(
      `WITH standing AS (${standing()})
       SELECT episode.task AS task, sum(label = 'positive') AS positives, sum(label = 'negative') AS negatives
       FROM standing JOIN episode ON episode.id = standing.episode_id
       WHERE NOT ${isDiscarded('standing.episode_id')} GROUP BY episode.task`,
    )
    .all();
  return Object.fromEntries(rows.map(({ task, ...counts }) => [task, counts]));
}

/** A label that can still be taken back. */
export interface LabelRow {
  readonly sequence: number;
  readonly episodeId: number;
  readonly index: number;
  readonly label: RewardLabel;
}

/** Returns the labels that can still be taken back, oldest first. */
export function loadUndoableLabels(database: Database): LabelRow[] {
  return database
    .prepare<[], LabelRow>(
      `SELECT sequence, episode_id AS episodeId, observation_index AS "index", label FROM reward_label
       WHERE kind = 'label' AND sequence NOT IN (SELECT refers_to FROM reward_label WHERE kind = 'withdraw') ORDER BY sequence`,
    )
    .all();
}

export function createLabelQueries(database: Database) {
  const byHand = database.prepare<[number], FrameLabel>(
    `SELECT observation_index AS "index", label, source FROM (${standing('AND episode_id = ?')}) ORDER BY observation_index`,
  );
  const episode = database.prepare<[number], { readonly successBy: SuccessBy; readonly observations: number }>(
    `SELECT success_by AS successBy, (SELECT count(*) FROM observation WHERE episode_id = episode.id) AS observations
     FROM episode WHERE id = ?`,
  );
  const recorded = database.prepare<[number], Verdict>(
    `SELECT outcome, judge FROM verdict WHERE episode_id = ? AND kind = 'end'`,
  );
  const newestVerdict = database.prepare<[number, number], Verdict>(standingVerdict('outcome, judge', '?'));

  const labelsByHand = (episodeId: number): readonly FrameLabel[] => byHand.all(episodeId);
  return {
    labelsByHand,
    /** Returns labels given by hand, and the rule's proposals for the other observations of an ended episode, in order. */
    frameLabels(episodeId: number): readonly FrameLabel[] {
      const given = labelsByHand(episodeId);
      const facts = episode.get(episodeId);
      const ended = recorded.get(episodeId);
      const verdict = newestVerdict.get(episodeId, episodeId);
      if (!facts || !ended || !verdict) return given;
      return withProposals(given, proposedLabels({ ...facts, recorded: ended, standing: verdict }));
    },
  };
}
