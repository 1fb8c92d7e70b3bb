/**
 * The whole loop without people: demonstrations by the scripted operator, the offline stage, then rounds of episodes in
 * which the operator corrects the policy while a trainer fine-tunes it.
 *
 * An interrupted session is resumed at the episode after the last one that counts, with the policy that it would have
 * had. The episode that was interrupted is discarded, and its seed is recorded again. A session with a report is over,
 * because the report's seeds are used once.
 */
import { brokenOperator } from '../demonstrations.ts';
import { learnOffline, learnOnline } from './hil-learning.ts';
import { createHilRecord, type HilContext, type HilOptions, measureRound } from './hil-record.ts';
import { FIRST_ONLINE_INDEX, type HilResult, isOver, REPORT, readHilState, resultOf } from './hil-state.ts';

/** Name of the round that reports the policy of the offline stage. */
const OFFLINE_REPORT = 'report of the offline stage';

export async function runHil(options: HilOptions): Promise<HilResult> {
  const { state } = options;
  if (isOver(state)) return resultOf(state);
  const record = createHilRecord(options);
  const session: HilContext = { ...options, record };
  await discardLeftovers(session);
  await demonstrate(session);
  const offlinePolicy = state.scratch ? undefined : await learnOffline(session);
  if (offlinePolicy !== undefined && record.state().rounds.length === 0)
    await measureRound(session, 'offline', offlinePolicy, 'selection', state.selectionEpisodes);
  await learnOnline(session, offlinePolicy);
  await report(session, offlinePolicy);
  return resultOf(record.state());
}

/**
 * Discards what an interruption has left, before anything is recorded or granted. An episode that was cut off, or
 * recorded whole and not yet counted, is stored. The trainer would learn from it beside the one that is now recorded
 * with its seed.
 */
async function discardLeftovers({ projectFolder, rig, record, onProgress }: HilContext): Promise<void> {
  const newer = await rig.recordedAfter(record.state().newestEpisodeId);
  // Episodes from before the session do not belong to it.
  if (!readHilState(projectFolder))
    return record.change({ newestEpisodeId: Math.max(0, ...newer.map(({ id }) => id)) });
  for (const { id } of newer.filter(({ seed, discarded }) => seed === record.nextSeed() && !discarded)) {
    rig.discard(id);
    onProgress(`episode ${id}, which an interruption has left, is discarded`, 0, 1, 'it is recorded again');
  }
  await rig.drained();
}

async function demonstrate({ rig, record, onProgress }: HilContext): Promise<void> {
  const { demos } = record.state();
  while (record.state().demosDone < demos) {
    const { demoAttempts, demosDone } = record.state();
    if (demoAttempts >= FIRST_ONLINE_INDEX) throw brokenOperator(demosDone, demoAttempts);
    const episode = await rig.record({ seed: record.nextSeed(), help: 'demonstrate' });
    const success = episode.outcome === 'success';
    if (!success) rig.discard(episode.id);
    await rig.drained();
    const done = demosDone + (success ? 1 : 0);
    const robotTime = record.robotTimeWith('demonstrationSec', episode.steps);
    record.change({ demoAttempts: demoAttempts + 1, demosDone: done, newestEpisodeId: episode.id, ...robotTime });
    onProgress('demonstrations', done, demos, '');
  }
}

/** Reports the policy that was best on the selection seeds; the newest of equals. */
async function report(session: HilContext, offlinePolicy: string | undefined): Promise<void> {
  const { record, reportEpisodes, reportOffline } = session;
  const rounds = () => record.state().rounds;
  if (rounds().length === 0)
    throw new Error('there is nothing to report: a session without an offline stage needs at least one episode');
  const isReported = rounds().some(({ name }) => name === OFFLINE_REPORT);
  if (reportOffline && offlinePolicy !== undefined && !isReported)
    await measureRound(session, OFFLINE_REPORT, offlinePolicy, 'report', reportEpisodes);
  const chosen = rounds().filter(({ name }) => name !== OFFLINE_REPORT);
  const best = chosen.reduce((a, b) => (b.successRate >= a.successRate ? b : a));
  await measureRound(session, REPORT, best.policy, 'report', reportEpisodes);
}
