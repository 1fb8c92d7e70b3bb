/**
 * SQL for how an episode stands now, after all verdicts, discards and undos. `id` is an expression for the episode's id.
 */

/** True for an episode that has ended. */
export const hasEnded = (id: string): string =>
  `EXISTS (SELECT 1 FROM verdict AS ending WHERE ending.episode_id = ${id} AND ending.kind = 'end')`;

/** Selects from the newest verdict that was not taken back. `id` occurs twice. */
export const standingVerdict = (columns: string, id: string): string =>
  `SELECT ${columns} FROM verdict WHERE episode_id = ${id} AND kind IN ('end', 'relabel')
   AND sequence NOT IN (SELECT refers_to FROM verdict WHERE episode_id = ${id} AND kind = 'withdraw')
   ORDER BY sequence DESC LIMIT 1`;

/** 1 for a discarded episode, otherwise 0. */
export const isDiscarded = (id: string): string =>
  `coalesce((SELECT kind = 'discard' FROM rl_buffer WHERE rl_buffer.episode_id = ${id} AND kind <> 'add'
   ORDER BY sequence DESC LIMIT 1), 0)`;
