/**
 * Labels of the reward classifier: whether a stored observation shows success, as a person says. They are events like the
 * others. A later label of the same observation replaces an earlier one, and `withdraw` takes one back. An episode also
 * names the judge of its success, because a classifier must not learn from what only a classifier has judged.
 */
import type { Migration } from './migrate.ts';

export const rewardLabel: Migration = {
  version: 2,
  name: 'reward-label',
  sql: `
CREATE TABLE reward_label (
  sequence INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('label', 'withdraw')),
  episode_id INTEGER NOT NULL REFERENCES episode,
  observation_index INTEGER NOT NULL,
  label TEXT CHECK (label IN ('positive', 'negative')),
  source TEXT NOT NULL CHECK (source IN ('live', 'episode')),
  refers_to INTEGER,                  -- of a 'withdraw': the label that it takes back
  at_ms REAL NOT NULL
) STRICT;
CREATE INDEX reward_label_by_episode ON reward_label (episode_id, observation_index);

ALTER TABLE episode ADD COLUMN success_by TEXT NOT NULL DEFAULT 'simulator';
`,
};
