/**
 * The first schema. An episode of T steps has T+1 observations. Records are written once. Later ends, verdicts, discards
 * and undos are event rows; their sequence numbers grow over all event tables together.
 */
import type { Migration } from './migrate.ts';

export const first: Migration = {
  version: 1,
  name: 'first',
  // Both take effect only on a file without tables, and outside a transaction.
  pragmas: ['page_size = 8192', 'auto_vacuum = INCREMENTAL'],
  sql: `
CREATE TABLE session (
  id INTEGER PRIMARY KEY,
  started_at_ms REAL NOT NULL
) STRICT;

CREATE TABLE episode (
  id INTEGER PRIMARY KEY,
  session_id INTEGER NOT NULL REFERENCES session,
  task TEXT NOT NULL,
  mode TEXT NOT NULL CHECK (mode IN ('run', 'demonstrate')),
  observation TEXT NOT NULL,
  seed INTEGER NOT NULL,
  policy TEXT,
  policy_is_candidate INTEGER NOT NULL,
  acting_noise_std REAL NOT NULL,
  period_ms REAL NOT NULL,
  started_at_ms REAL NOT NULL,
  encoder_sha256 TEXT
) STRICT;

CREATE TABLE observation (
  id INTEGER PRIMARY KEY,
  episode_id INTEGER NOT NULL REFERENCES episode,
  observation_index INTEGER NOT NULL,
  time_ms REAL NOT NULL,
  robot_state BLOB NOT NULL,          -- float64: position 3 (m), orientation xyzw 4, twist 6, wrench 6, gripper opening (m)
  joint_positions_rad BLOB NOT NULL,  -- float64
  proprioception BLOB NOT NULL,       -- float32
  scene_poses BLOB NOT NULL,          -- float32, 7 per body
  UNIQUE (episode_id, observation_index)
) STRICT;

CREATE TABLE frame (
  observation_id INTEGER NOT NULL REFERENCES observation,
  slot INTEGER NOT NULL,
  camera TEXT NOT NULL,
  width_px INTEGER NOT NULL,
  height_px INTEGER NOT NULL,
  encoding TEXT NOT NULL,             -- 'rgb-zstd'
  data BLOB NOT NULL,
  PRIMARY KEY (observation_id, slot)
) STRICT;

CREATE TABLE tactile (
  observation_id INTEGER NOT NULL REFERENCES observation,
  slot INTEGER NOT NULL,
  pad TEXT NOT NULL,
  row_count INTEGER NOT NULL,
  column_count INTEGER NOT NULL,
  total BLOB NOT NULL,                -- float64: normal force, shear x, shear z (N), torsion (Nm)
  encoding TEXT NOT NULL,             -- 'f32-planes-zstd': the four bytes of the floats in four planes
  data BLOB NOT NULL,
  PRIMARY KEY (observation_id, slot)
) STRICT;

CREATE TABLE embedding (
  observation_id INTEGER PRIMARY KEY REFERENCES observation,
  vector BLOB NOT NULL                -- float32
) STRICT;

CREATE TABLE "transition" (
  episode_id INTEGER NOT NULL REFERENCES episode,
  step_index INTEGER NOT NULL,
  actor TEXT NOT NULL CHECK (actor IN ('policy', 'human', 'mixed')),
  idle INTEGER NOT NULL,
  action BLOB NOT NULL,               -- float32, as executed
  policy_action BLOB,
  human_action BLOB,
  takeover_substep INTEGER,
  reward REAL NOT NULL,
  terminated INTEGER NOT NULL,
  truncated INTEGER NOT NULL,
  effect_delay_ms REAL NOT NULL,
  late INTEGER NOT NULL,
  safety TEXT NOT NULL,               -- JSON list
  PRIMARY KEY (episode_id, step_index)
) STRICT, WITHOUT ROWID;

-- Events. 'add' refers to steps [first_step, end_step); 'discard' and 'restore' rule over the whole episode, the newest one wins.
CREATE TABLE rl_buffer (
  sequence INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('add', 'discard', 'restore')),
  episode_id INTEGER NOT NULL REFERENCES episode,
  first_step INTEGER NOT NULL,
  end_step INTEGER NOT NULL,
  refers_to INTEGER,                  -- of a 'restore': the discard that it takes back
  at_ms REAL NOT NULL
) STRICT;
CREATE INDEX rl_buffer_by_episode ON rl_buffer (episode_id);

CREATE TABLE demo_buffer (
  sequence INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('add', 'discard', 'restore')),
  episode_id INTEGER NOT NULL REFERENCES episode,
  first_step INTEGER NOT NULL,
  end_step INTEGER NOT NULL,
  refers_to INTEGER,
  at_ms REAL NOT NULL
) STRICT;
CREATE INDEX demo_buffer_by_episode ON demo_buffer (episode_id);

CREATE TABLE verdict (
  sequence INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('end', 'relabel', 'withdraw')),
  episode_id INTEGER NOT NULL REFERENCES episode,
  outcome TEXT,
  judge TEXT,
  refers_to INTEGER,                  -- of a 'withdraw': the relabel that it takes back
  at_ms REAL NOT NULL
) STRICT;
CREATE INDEX verdict_by_episode ON verdict (episode_id);

CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  spec TEXT NOT NULL,                 -- JSON
  state TEXT NOT NULL,
  started_at_ms REAL NOT NULL,
  ended_at_ms REAL,
  step INTEGER NOT NULL DEFAULT 0,
  policy TEXT,
  message TEXT,
  remedy TEXT
) STRICT;

CREATE TABLE run_metric (
  run_id INTEGER NOT NULL REFERENCES run,
  name TEXT NOT NULL,
  step INTEGER NOT NULL,
  value REAL,                         -- NULL: not a number
  at_ms REAL NOT NULL,
  PRIMARY KEY (run_id, name, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoint (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run,
  step INTEGER NOT NULL,
  policy TEXT NOT NULL,
  folder TEXT NOT NULL,               -- relative to the project folder
  newest_sequence INTEGER NOT NULL,   -- the newest event that the training had read
  success_rate REAL,
  episodes INTEGER,
  created_at_ms REAL NOT NULL
) STRICT;
CREATE INDEX checkpoint_by_run ON checkpoint (run_id, step);
`,
};
