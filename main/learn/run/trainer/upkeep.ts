/** A running trainer's checkpoints, published policies and status reports, each written when it is due. */
import type { RunState, RunStatus } from '../../../api/run.ts';
import { type CheckpointHeader, readCheckpoint, writeCheckpoint } from '../checkpoint.ts';
import { TrainingError } from '../training-error.ts';
import type { Blocks } from './blocks.ts';
import type { Meter } from './meter.ts';
import type { TrainerParts } from './trainer-parts.ts';
import type { UpdateBudget } from './update-budget.ts';

const PUBLISH_EVERY_MS = 5000;
const CHECKPOINT_EVERY_MS = 30_000;
const REPORT_EVERY_MS = 1000;

interface Progress {
  readonly budget: UpdateBudget;
  readonly meter: Meter;
  readonly blocks: Blocks;
}

export function createUpkeep(parts: TrainerParts, progress: Progress) {
  const { clock } = parts;
  const { budget, meter, blocks } = progress;
  const publisher = createPublisher(parts);
  const reports = createReports(parts, progress, publisher.newest);
  const checkpoints = createCheckpoints(parts, () => ({
    blocks: blocks.finished(),
    blockUpdates: blocks.unfinishedUpdates(),
    stepsServed: budget.stepsServed(),
    ...meter.save(),
  }));
  const publish = () => publisher.publish(blocks.newestSequence());
  const checkpoint = () => {
    // The curves first, because metrics before a checkpoint are not made again.
    meter.flush();
    checkpoints.write();
  };
  return {
    publish,
    checkpoint,
    report: reports.report,
    /** Continues from the checkpoint, if there is one. */
    restore: () => {
      const header = checkpoints.restore();
      if (!header) return;
      blocks.restore(header);
      budget.restore(header.stepsServed);
      meter.restore(header);
    },
    /** Reports, checkpoints and publishes when the time has come. */
    whenDue: (publishing: boolean) => {
      const nowMs = clock.nowMs();
      if (nowMs - reports.reportedAtMs() >= REPORT_EVERY_MS) reports.report();
      if (nowMs - checkpoints.writtenAtMs() >= CHECKPOINT_EVERY_MS) checkpoint();
      if (publishing && nowMs - publisher.publishedAtMs() >= PUBLISH_EVERY_MS) publish();
    },
  };
}

function createPublisher({ trainer: { runId }, clock, learner, runs, files, report, exportPolicy }: TrainerParts) {
  const listed = new Set(runs.checkpoints(runId).map(({ policy }) => policy));
  let newest: string | undefined;
  let publishedAtMs = clock.nowMs();
  return {
    newest: () => newest,
    publishedAtMs: () => publishedAtMs,
    /** Writes the newest policy. `newestSequence` is the newest event of the store that it has learned from. */
    publish: (newestSequence: number) => {
      const step = learner.updates();
      const manifestPath = exportPolicy(step);
      const policy = files.policyName(step);
      publishedAtMs = clock.nowMs();
      if (policy !== newest) {
        const folder = `runs/${runId}/policy-${step}`;
        const untested = { successRate: undefined, episodes: undefined };
        // A resumed run publishes a policy again that is already listed.
        if (!listed.has(policy)) runs.addCheckpoint({ runId, step, policy, folder, newestSequence, ...untested });
        listed.add(policy);
        runs.updateRun(runId, { step, policy });
        newest = policy;
        report({ kind: 'published', policy, manifestPath, step });
      }
      return { policy, manifestPath };
    },
  };
}

function createReports(
  { trainer: { spec, runId }, clock, learner, report, note }: TrainerParts,
  { budget, meter, blocks }: Progress,
  newestPolicy: () => string | undefined,
) {
  let reportedAtMs = Number.NEGATIVE_INFINITY;
  const status = (state: RunState): RunStatus => {
    const updatesPerSec = meter.updatesPerSec();
    const step = learner.updates();
    const { wanted } = budget;
    const policy = newestPolicy();
    return {
      id: runId,
      spec,
      state,
      startedAtMs: meter.startedAtWallMs,
      step,
      ...(wanted !== undefined && { steps: wanted }),
      updatesPerSec,
      ...(wanted !== undefined && updatesPerSec !== 0 && { secondsLeft: Math.max(0, wanted - step) / updatesPerSec }),
      ...(spec.stage === 'online' && { owed: Math.max(0, budget.owed() - blocks.unfinishedUpdates()) }),
      ...meter.newest(),
      ...(policy !== undefined && { policy }),
      ...(note !== undefined && { message: note }),
    };
  };
  return {
    reportedAtMs: () => reportedAtMs,
    report: (state: RunState = 'running') => {
      reportedAtMs = clock.nowMs();
      report({ kind: 'progress', status: status(state) });
    },
  };
}

/** Writes and reads the run's checkpoint. `position` says how far the run has come, for the checkpoint's header. */
function createCheckpoints(
  { trainer: { spec, runId }, clock, learner, rng, files }: TrainerParts,
  position: () => Pick<CheckpointHeader, 'blocks' | 'blockUpdates' | 'stepsServed' | 'blockSums' | 'pointSums'>,
) {
  const { algorithm, preset, stage } = spec;
  let writtenAtMs = clock.nowMs();
  return {
    writtenAtMs: () => writtenAtMs,
    write: () => {
      const { arrays, counters } = learner.state();
      const header = { algorithm, preset, stage, runId, counters, rng: rng.save(), ...position() };
      writeCheckpoint(files.checkpoint, { header, arrays });
      writtenAtMs = clock.nowMs();
    },
    /** Restores learner and random stream. Returns the header, or `undefined` when there is no checkpoint. */
    restore: () => {
      const stored = readCheckpoint(files.checkpoint);
      if (!stored) return undefined;
      const { header, arrays } = stored;
      if (header.runId !== runId)
        throw new TrainingError(
          `${files.checkpoint} is a checkpoint of run ${header.runId}, not of run ${runId}`,
          'Put back the checkpoint of this run, or delete the file to start the run from its beginning.',
        );
      learner.restore({ arrays, counters: header.counters });
      rng.restore({ words: header.rng.words, spareNormal: header.rng.spareNormal });
      return header;
    },
  };
}
