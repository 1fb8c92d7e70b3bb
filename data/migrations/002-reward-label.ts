/**
 * Labels of the reward classifier: a person says of a stored observation that it shows success, or that it does not. Events like the
 * others, numbered with them; a later label of the same observation replaces an earlier one, `withdraw` takes one back.
 * An episode also says who was to judge its success: a classifier must not learn from what only a classifier has judged.
 */
import type { Migration } from '../migrations.ts';

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
