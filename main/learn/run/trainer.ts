/**
 * The life of one training run: reads what was recorded, makes blocks of updates, publishes policies, checkpoints.
 * A block is recorded before its first update, with the newest event it may read; everything random comes from one stream
 * whose state is checkpointed. So a run that was killed repeats what it had recorded, with the same losses, and goes on.
 * Talks to nobody: `trainer-process.ts` brings messages in and reports out.
 */
import type { LearningSource } from '../../../data/learning/learning.ts';
import type { TransitionBatch } from '../../../data/learning/pool-types.ts';
import type { TransitionPool } from '../../../data/learning/transition-pool.ts';
import type { RunStore } from '../../../data/runs.ts';
import type { Clock } from '../../api/clock.ts';
import type { FromTrainer, GrantLimit, TrainerConfig } from '../../api/processes/trainer-messages.ts';
import type { RunStatus } from '../../api/run.ts';
import type { Learner, Metrics, OwnSteps, TrainingSettings } from '../algorithms/algorithm.ts';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { expectFinite } from './expect-finite.ts';
import { createMeter } from './meter.ts';
import type { RestorableRng } from './restorable-rng.ts';
import { appendBlock, type BlockRecord, type RunFolder, repairBlocks } from './run-folder.ts';
import { drawMixed } from './sampler.ts';
import { TrainingError } from './training-error.ts';

export interface TrainerParts {
  readonly trainer: TrainerConfig;
  readonly settings: TrainingSettings;
  readonly clock: Clock;
  /** The same one that the learner draws its noise from. */
  readonly rng: RestorableRng;
  readonly learner: Learner;
  readonly hasCritics: boolean;
  readonly pool: TransitionPool;
  readonly source: LearningSource;
  readonly runs: RunStore;
  readonly files: RunFolder;
  /** Fills in embeddings that the store lacks. */
  readonly embedMissing: () => Promise<void>;
  /** What the newest policies did: see `own-steps.ts`. */
  readonly ownSteps: (episodes: number) => OwnSteps;
  /** Writes the policy folder, returns its manifest's path. */
  readonly exportPolicy: (step: number) => string;
  readonly report: (message: FromTrainer) => void;
  /** A note for the person while the run continues. */
  readonly note?: string | undefined;
}

const PUBLISH_EVERY_MS = 5000;
const CHECKPOINT_EVERY_MS = 30_000;
const REPORT_EVERY_MS = 1000;
const POLL_MS = 250;
/** Longest block of a run that paces itself: how often it looks for new episodes. */
const PACED_BLOCK = 200;

export type Trainer = Awaited<ReturnType<typeof createTrainer>>;

export async function createTrainer(parts: TrainerParts) {
  const { trainer, settings, clock, learner, pool, source, runs, files, report } = parts;
  const { spec, runId } = trainer;
  const batch: TransitionBatch = pool.createBatch(learner.batches * learner.batchSize, learner.chunk);
  const mixture = {
    ...{ stage: spec.stage, demoShare: settings.demoShare },
    ...(learner.imitationOnly && { imitationOnly: true }),
  };
  const wanted = spec.steps ?? (spec.stage === 'offline' ? settings.offlineSteps : undefined);
  const meter = createMeter(clock, runId, runs);
  const listed = new Set(runs.checkpoints(runId).map(({ policy }) => policy));
  let stepsServed = 0;
  let blocks = 0;
  let blockUpdates = 0;
  let stopping = false;
  let lastPolicy: string | undefined;
  let [publishedAtMs, checkpointAtMs, reportedAtMs] = [clock.nowMs(), clock.nowMs(), Number.NEGATIVE_INFINITY];
  let newestSequence = 0;

  const header = (): Checkpoint['header'] => ({
    algorithm: spec.algorithm,
    preset: spec.preset,
    stage: spec.stage,
    runId,
    counters: learner.state().counters,
    rng: parts.rng.save(),
    blocks,
    blockUpdates,
    stepsServed,
    ...meter.save(),
  });
  const checkpoint = () => {
    // First the curves: what is before a checkpoint is not made again.
    meter.flush();
    writeCheckpoint(files.checkpoint, { header: header(), arrays: learner.state().arrays });
    checkpointAtMs = clock.nowMs();
  };

  const status = (state: RunStatus['state']): RunStatus => {
    const updatesPerSec = meter.updatesPerSec();
    const step = learner.updates();
    return {
      id: runId,
      spec,
      state,
      startedAtMs: meter.startedAtWallMs,
      step,
      ...(wanted === undefined ? {} : { steps: wanted }),
      updatesPerSec,
      ...(wanted === undefined || updatesPerSec === 0
        ? {}
        : { secondsLeft: Math.max(0, wanted - step) / updatesPerSec }),
      ...(spec.stage === 'online' && { owed: Math.max(0, owed() - blockUpdates) }),
      ...meter.newest(),
      ...(lastPolicy === undefined ? {} : { policy: lastPolicy }),
      ...(parts.note === undefined ? {} : { message: parts.note }),
    };
  };
  const progress = (state: RunStatus['state'] = 'running') => {
    reportedAtMs = clock.nowMs();
    report({ kind: 'progress', status: status(state) });
  };

  const publish = () => {
    const step = learner.updates();
    const manifestPath = parts.exportPolicy(step);
    const policy = files.policyName(step);
    publishedAtMs = clock.nowMs();
    if (policy !== lastPolicy) {
      const folder = `runs/${runId}/policy-${step}`;
      // A run that goes on publishes again what it had published before.
      const untested = { successRate: undefined, episodes: undefined };
      if (!listed.has(policy)) runs.addCheckpoint({ runId, step, policy, folder, newestSequence, ...untested });
      listed.add(policy);
      runs.updateRun(runId, { step, policy });
      lastPolicy = policy;
      report({ kind: 'published', policy, manifestPath, step });
    }
    return { policy, manifestPath };
  };

  const read = async (limit?: number) => {
    newestSequence = source.load(limit).newestSequence;
    await parts.embedMissing();
    expectFinite(pool);
    if (learner.updates() === 0 && pool.size('imitation') > 0) learner.fit?.(pool.actionsOf('imitation'));
  };

  /** Actor updates that the RL buffer's new steps have earned. */
  const owed = (): number => {
    if (spec.stage === 'offline') return (wanted ?? 0) - learner.updates();
    const steps = pool.size('rl');
    if (steps < settings.trainingStarts || pool.size('demo') === 0) {
      stepsServed = Math.max(stepsServed, steps);
      return 0;
    }
    const earned = Math.max(0, Math.floor((steps - stepsServed) * settings.actorUpdatesPerStep));
    return wanted === undefined ? earned : Math.min(earned, wanted - learner.updates());
  };

  /** Actor updates per environment step so far; what earlier runs have learned from is this run's to learn from again. */
  const actorUpdatesPerStep = (): number => {
    const [updates, perStep] = [learner.updates(), settings.actorUpdatesPerStep];
    const unusable = stepsServed - (updates - blockUpdates - 1) / perStep;
    return updates / Math.max(1, pool.size('rl') - unusable);
  };

  /** How often the nets are updated per environment step. RLPD's UTD counts the critics' updates, each on a batch of its own. */
  const updateRates = (actorUpdates: number) => ({
    actorUpdatesPerStep: actorUpdates,
    ...(parts.hasCritics && { criticUpdatesPerStep: actorUpdates * learner.batches }),
  });

  const makeUpdate = async () => {
    let fromDemo = 0;
    for (let part = 0; part < learner.batches; part++)
      fromDemo += drawMixed(pool, parts.rng, mixture, learner.batchSize, batch, part * learner.batchSize);
    const { corrections, demonstrations } = pool.drivenByPeople(batch);
    const metrics = await learner.update(batch);
    const broken = Object.entries(metrics).find(([, value]) => !Number.isFinite(value));
    if (broken)
      throw new TrainingError(
        `${broken[0]} became ${broken[1]} at update ${learner.updates()}`,
        'Training has diverged. Go back to an earlier policy and start a new run from it.',
      );
    meter.count(learner.updates(), {
      ...metrics,
      demoShare: fromDemo / batch.size,
      interventionShare: corrections / batch.size,
      demonstrationShare: demonstrations / batch.size,
      ...(spec.stage === 'online' && updateRates(actorUpdatesPerStep())),
    });
  };

  /** Makes what is left of a recorded block. `between` is called after every update and says whether to go on. */
  const work = async (block: BlockRecord, between: () => Promise<boolean>): Promise<Metrics> => {
    meter.beginBlock(blockUpdates > 0);
    const { onPolicy } = learner;
    if (onPolicy && spec.stage === 'online' && blockUpdates < block.updates)
      await onPolicy.follow(parts.ownSteps(onPolicy.episodes));
    while (blockUpdates < block.updates) {
      await makeUpdate();
      blockUpdates++;
      if (!(await between()) && blockUpdates < block.updates) return meter.endBlock();
    }
    blocks = block.index + 1;
    blockUpdates = 0;
    stepsServed += block.updates / settings.actorUpdatesPerStep;
    return meter.endBlock();
  };
  /** Lets messages in, reports, checkpoints and publishes when it is time. */
  const breathe = async (publishing: boolean): Promise<boolean> => {
    await new Promise<void>((resolve) => setImmediate(resolve));
    const nowMs = clock.nowMs();
    if (nowMs - reportedAtMs >= REPORT_EVERY_MS) progress();
    if (nowMs - checkpointAtMs >= CHECKPOINT_EVERY_MS) checkpoint();
    if (publishing && nowMs - publishedAtMs >= PUBLISH_EVERY_MS) publish();
    return !stopping;
  };

  const begin = (updates: number, grant?: { throughEpisodeId: number; updates: number | undefined }): BlockRecord => {
    const block: BlockRecord = {
      index: blocks,
      ...(grant && { throughEpisodeId: grant.throughEpisodeId }),
      ...(grant?.updates !== undefined && { requested: grant.updates }),
      newestSequence,
      rlTransitions: pool.size('rl'),
      demoTransitions: pool.size('demo'),
      stepsServed,
      updates,
    };
    appendBlock(files.blocks, block);
    return block;
  };

  /** The block that a launcher may ask for again, because it never heard of its end. */
  let repeatable: { readonly block: BlockRecord; readonly metrics: Metrics } | undefined;
  const restore = async () => {
    const stored = readCheckpoint(files.checkpoint);
    if (stored) {
      if (stored.header.runId !== runId)
        throw new TrainingError(
          `${files.checkpoint} is a checkpoint of run ${stored.header.runId}, not of run ${runId}`,
          'Put back the checkpoint of this run, or delete the file to start the run from its beginning.',
        );
      learner.restore({ arrays: stored.arrays, counters: stored.header.counters });
      parts.rng.restore({ words: stored.header.rng.words, spareNormal: stored.header.rng.spareNormal });
      ({ blocks, blockUpdates, stepsServed } = stored.header);
      meter.restore(stored.header);
    }
    for (const block of repairBlocks(files.blocks)) {
      await read(block.newestSequence);
      if (block.index >= blocks) {
        // Steps that were read before there were enough have earned nothing, and earn nothing now.
        stepsServed = block.stepsServed ?? stepsServed;
        repeatable = { block, metrics: await work(block, () => breathe(false)) };
        checkpoint();
        if (stopping) return;
      } else repeatable = { block, metrics: {} };
    }
  };

  const answer = (block: BlockRecord, metrics: Metrics) => {
    const { policy, manifestPath } = publish();
    const throughEpisodeId = block.throughEpisodeId ?? 0;
    report({
      kind: 'block',
      index: block.index,
      throughEpisodeId,
      updates: block.updates,
      policy,
      manifestPath,
      metrics,
    });
    progress();
  };

  return {
    restore,
    progress,

    /** Works on one granted block. A grant that is already recorded is answered from the record. */
    async grant({ throughEpisodeId, throughSequence }: GrantLimit, updates: number | undefined): Promise<void> {
      const again = repeatable?.block;
      if (repeatable && again?.throughEpisodeId === throughEpisodeId && again.requested === updates) {
        answer(repeatable.block, repeatable.metrics);
        repeatable = undefined;
        return;
      }
      repeatable = undefined;
      await read(throughSequence);
      const earned = owed();
      const block = begin(Math.max(0, updates ?? earned), { throughEpisodeId, updates });
      if (block.updates > 0 && pool.size('demo') + pool.size('rl') === 0)
        throw new TrainingError('there is nothing to learn from', 'Record demonstrations, then start a new run.');
      const metrics = await work(block, () => breathe(false));
      checkpoint();
      if (!stopping) answer(block, metrics);
    },

    /** Follows the store by itself until it is stopped, or has made the updates asked for. */
    async pace(): Promise<void> {
      while (!stopping && (wanted === undefined || learner.updates() < wanted)) {
        await read();
        const updates = Math.min(PACED_BLOCK, owed());
        if (updates > 0 && pool.size('demo') > 0) await work(begin(updates), () => breathe(true));
        else {
          await breathe(learner.updates() > 0);
          await clock.sleepUntilMs(clock.nowMs() + POLL_MS);
        }
      }
    },

    /** Ends the block at hand at its next update. */
    stop: () => {
      stopping = true;
    },
    checkpoint,
    publish,
    updates: () => learner.updates(),
    done: () => wanted !== undefined && learner.updates() >= wanted,
  };
}
