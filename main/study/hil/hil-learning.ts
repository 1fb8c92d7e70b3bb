/**
 * The learning stages of a session. Rollout and training overlap and stay reproducible: while episode n+1 runs with the
 * policy of block n−1, the trainer makes block n, which sees episodes up to n and nothing newer. The rollout waits for
 * a trainer that lags.
 */
import { type EpisodeSummary, interventionRate } from '../../api/episode.ts';
import type { RunSpec, Stage } from '../../api/run.ts';
import { isUnaidedSuccess } from '../../engine/recording/statistics.ts';
import { type Block, followGranted, type GrantedTrainer } from '../../runs/launchers/granted-trainer.ts';
import { mean } from '../statistics.ts';
import { type HilContext, measureRound } from './hil-record.ts';
import type { HilState } from './hil-state.ts';

/** Number of newest episodes whose share of human steps is shown. */
const SHOWN_EPISODES = 10;

function specOf(state: HilState, stage: Stage, startFrom?: string): RunSpec {
  const { algorithm, preset, recipe, task, observation, seed, settings } = state;
  return {
    algorithm,
    preset,
    ...(recipe && { recipe }),
    ...{ stage, task, observation, seed },
    ...(Object.keys(settings).length > 0 && { settings }),
    ...(startFrom !== undefined && { startFrom }),
  };
}

function startTrainer(session: HilContext, runId: number, spec: RunSpec): GrantedTrainer {
  const { projectFolder, threads = 1, encoderManifestPath } = session;
  return followGranted(session.launch({ projectFolder, runId, spec, threads, pace: 'granted', encoderManifestPath }));
}

/** Returns the policy of the offline stage. */
export async function learnOffline(session: HilContext): Promise<string> {
  const { rows, record, rig, onProgress } = session;
  const spec = specOf(record.state(), 'offline');
  const runId = record.state().offlineRunId ?? (await rows.createRun(spec));
  record.change({ offlineRunId: runId });
  const known = (await rows.run(runId))?.policy;
  if (known !== undefined && record.state().rounds.length > 0) return known;
  await using trainer = startTrainer(session, runId, spec);
  const stop = trainer.onProgress((step, steps) => onProgress('offline stage', step, steps, 'updates'));
  const throughEpisodeId = record.state().newestEpisodeId;
  const block = await trainer.block({ throughEpisodeId, throughSequence: rig.newestSequence() });
  stop();
  await trainer.finish();
  return block.policy;
}

/**
 * Corrected episodes in rounds, until there are enough or the time is over. `offline`: the policy of the offline stage.
 */
export async function learnOnline(session: HilContext, offline: string | undefined): Promise<void> {
  const { rows, record, rig, episodes, manifestPathOf } = session;
  const goesOn = () => record.state().onlineEpisodes < episodes && !record.isOutOfTime();
  if (!goesOn() && record.state().openRound.length === 0) return;
  const spec = specOf(record.state(), 'online', offline);
  const runId = record.state().onlineRunId ?? (await rows.createRun(spec));
  record.change({ onlineRunId: runId });
  await using trainer = startTrainer(session, runId, spec);
  const blocks = createBlocks(session, trainer);
  const first = record.state().policy ?? record.state().rounds.at(-1)?.policy ?? offline;
  if (first !== undefined) await rig.usePolicy(first, manifestPathOf(first));
  await blocks.begin(first !== undefined);
  for (;;) {
    const { openRound, round } = record.state();
    if (openRound.length > 0 && (openRound.length >= round || !goesOn())) {
      await blocks.settle();
      const policy = record.state().policy ?? first;
      if (policy === undefined) throw new Error('the trainer has published no policy');
      const name = `online ${record.state().onlineEpisodes}`;
      await measureRound(session, name, policy, 'selection', record.state().selectionEpisodes);
    }
    if (!goesOn()) break;
    const episode = await recordCorrected(session);
    await blocks.settle();
    blocks.grant(episode.id);
    showProgress(session);
  }
  await trainer.finish();
}

/** The blocks of updates that the trainer is granted, one at a time. */
function createBlocks({ record, rig }: HilContext, trainer: GrantedTrainer) {
  let pending: Promise<Block> | undefined;
  const grant = (episodeId: number) => {
    const { grantedEpisodeId, grantedSequence } = record.state();
    const again = grantedEpisodeId === episodeId ? grantedSequence : undefined;
    const throughSequence = again ?? rig.newestSequence();
    record.change({ grantedEpisodeId: episodeId, grantedSequence: throughSequence });
    pending = trainer.block({ throughEpisodeId: episodeId, throughSequence });
    // A trainer that dies is reported when its block is awaited, one episode later.
    pending.catch(() => {});
  };
  const settle = async () => {
    if (!pending) return;
    const block = await pending;
    pending = undefined;
    await rig.usePolicy(block.policy, block.manifestPath);
    record.change({ policy: block.policy });
  };
  return {
    grant,
    /** Waits for the block that was granted last, and uses its policy from the next episode on. */
    settle,
    /**
     * Grants again what an interrupted session had granted. The trainer answers from its own record, or makes the block
     * again to the same bytes. Without a policy, fresh weights drive the first episode: the trainer publishes them when
     * it is granted the demonstrations.
     */
    begin: async (hasPolicy: boolean) => {
      const { grantedEpisodeId, newestEpisodeId, onlineEpisodes } = record.state();
      if (grantedEpisodeId > 0) grant(grantedEpisodeId);
      if (onlineEpisodes > 0 && newestEpisodeId !== grantedEpisodeId) {
        await settle();
        grant(newestEpisodeId);
      }
      if (hasPolicy) return;
      if (!pending) grant(newestEpisodeId);
      await settle();
    },
  };
}

async function recordCorrected({ record, rig }: HilContext): Promise<EpisodeSummary> {
  const episode = await rig.record({ seed: record.nextSeed(), help: 'supervise' });
  await rig.drained();
  const { onlineEpisodes, openRound } = record.state();
  const { id, steps, humanSteps } = episode;
  const trained = { steps, humanSteps, unaidedSuccess: isUnaidedSuccess(episode) };
  record.change({
    onlineEpisodes: onlineEpisodes + 1,
    newestEpisodeId: id,
    openRound: [...openRound, trained],
    ...record.robotTimeWith('correctedSec', steps),
  });
  return episode;
}

function showProgress({ record, episodes, onProgress }: HilContext): void {
  const { onlineEpisodes, openRound } = record.state();
  const newest = openRound.slice(-SHOWN_EPISODES).map(interventionRate);
  const note = `last ${newest.length}: ${Math.round(100 * mean(newest))} % human`;
  onProgress('online', onlineEpisodes, episodes, note);
}
