/** Records demonstrations by the scripted operator of the simulated cell. */
import { systemClock } from '../api/clock.ts';
import type { ObservationKind } from '../api/observation.ts';
import { episodeSeed, type TaskId } from '../api/task.ts';
import { openSession } from './session.ts';

/** A scripted operator that fails this often in a row is broken, not unlucky. */
const MAX_ATTEMPTS_PER_DEMONSTRATION = 5;

export interface DemonstrationRequest {
  readonly projectFolder: string;
  readonly task: TaskId;
  readonly observation: ObservationKind;
  /** Seed of the session, see `episodeSeed`. */
  readonly seed: number;
  /** Number of successful demonstrations. */
  readonly count: number;
  readonly maxAttempts?: number;
}

/** Discards failed attempts. Throws when `maxAttempts` attempts were not enough. */
export async function recordDemonstrations(
  { seed, count, maxAttempts = MAX_ATTEMPTS_PER_DEMONSTRATION * count, ...cell }: DemonstrationRequest,
  onAttempt: (demonstrations: number) => void = () => {},
) {
  const startMs = systemClock.nowMs();
  await using session = await openSession({ ...cell, record: true });
  let demonstrations = 0;
  let attempts = 0;
  let transitions = 0;
  while (demonstrations < count) {
    if (attempts >= maxAttempts) throw brokenOperator(demonstrations, attempts);
    const episode = await session.episode(episodeSeed('training', attempts++, seed), 'demonstrate');
    if (episode.outcome === 'success') {
      demonstrations++;
      transitions += episode.steps;
    } else session.writer?.discardEpisode(episode.id);
    onAttempt(demonstrations);
  }
  await session.writer?.drained();
  return { demonstrations, attempts, transitions, wallSec: (systemClock.nowMs() - startMs) / 1000 };
}

export const brokenOperator = (demonstrations: number, attempts: number): Error =>
  new Error(
    `only ${demonstrations} of ${attempts} scripted demonstrations succeeded; expected nearly all. Run \`npx takeover doctor\`, and check the cell's settings.`,
  );
