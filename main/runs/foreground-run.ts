/**
 * One stage of training on what the project holds, followed to its end by the caller. A cancelled run keeps its
 * checkpoint.
 */
import { systemClock } from '../api/clock.ts';
import { inWords } from '../api/error-words.ts';
import type { RunSpec, RunStatus } from '../api/run.ts';
import { endWords, SMALLER_RUN } from './launchers/child-end.ts';
import { limitNow } from './launchers/granted-trainer.ts';
import type { TrainerHandle } from './launchers/launcher.ts';
import { launchLocalTrainer } from './launchers/local-process.ts';
import { findPolicy } from './policies/policy-registry.ts';
import { nothingToLearn } from './readiness.ts';
import { openRunRows, type RunRows } from './run-rows.ts';
import { storedEpisodes } from './stored-episodes.ts';

/**
 * PPO reinforces only what its own policies did. It imitates the demonstrations of others, as behaviour cloning does.
 */
const CLONING =
  'clones the demonstrations, and reinforces nothing: that needs new episodes of its own policies. `npx takeover hil --recipe rl-fine-tune` goes on to them.';

export interface ForegroundRequest {
  readonly projectFolder: string;
  readonly spec: RunSpec;
  readonly threads: number;
  readonly encoderManifestPath: string | undefined;
  readonly warn: (text: string) => void;
}

export interface ForegroundResult {
  /** The published policy; undefined when the run was cancelled before it published one. */
  readonly policy: { readonly name: string; readonly manifestPath: string } | undefined;
  /** Actor updates made. */
  readonly steps: number;
  readonly updatesPerSec: number;
  readonly wallSec: number;
  /** Set when PPO has only imitated. */
  readonly warning?: string;
}

/** Throws when there is nothing to learn from, or when the policy to start from does not fit. */
export async function startForegroundRun(request: ForegroundRequest) {
  const { projectFolder, spec, threads, encoderManifestPath, warn } = request;
  const limit = await limitNow(projectFolder);
  if (limit.throughEpisodeId === 0)
    throw new Error(
      `${projectFolder} holds no finished episodes: there is nothing to learn from. Record some: \`npx takeover demo\`.`,
    );
  const lack = nothingToLearn(spec, await storedEpisodes(projectFolder));
  if (lack) throw new Error(`${lack.message} ${lack.remedy}`);
  if (spec.algorithm === 'ppo' && spec.stage === 'offline') warn(`the offline stage of ppo ${CLONING}`);
  const rows = openRunRows(projectFolder, encoderManifestPath);
  try {
    await expectFit(projectFolder, spec, rows);
    const id = await rows.createRun(spec);
    const startMs = systemClock.nowMs();
    const run = { projectFolder, runId: id, spec, threads, encoderManifestPath };
    const trainer = launchLocalTrainer({ ...run, pace: 'granted' });
    return {
      id,
      /** Asks the trainer to write a checkpoint and to end. */
      cancel: () => trainer.send({ kind: 'cancel' }),
      /** Resolves when the trainer has ended. Rejects with its own words when it failed. Call it once. */
      result: async (onProgress: (status: RunStatus) => void): Promise<ForegroundResult> => {
        await using _closedAtTheEnd = rows;
        trainer.send({ kind: 'grant', ...limit, updates: spec.steps });
        const { reinforced, ...made } = await follow(trainer, onProgress);
        const clones = spec.algorithm === 'ppo' && spec.stage === 'online' && made.policy !== undefined && !reinforced;
        return {
          ...made,
          wallSec: (systemClock.nowMs() - startMs) / 1000,
          ...(clones && { warning: `no episode here is one of its own policies, so ppo ${CLONING}` }),
        };
      },
    };
  } catch (error) {
    await rows.close();
    throw error;
  }
}

async function expectFit(projectFolder: string, spec: RunSpec, rows: RunRows): Promise<void> {
  if (spec.startFrom === undefined) return;
  const misfit = await rows.misfit(spec, findPolicy(projectFolder, spec.startFrom).manifestPath);
  if (misfit !== undefined)
    throw new Error(`${spec.startFrom} does not fit: ${misfit}. Name another policy with --from, or leave it out.`);
}

/** Lets the trainer finish after its first block. `reinforced`: PPO has learned from steps of its own policies. */
async function follow(
  trainer: TrainerHandle,
  onProgress: (status: RunStatus) => void,
): Promise<Omit<ForegroundResult, 'wallSec' | 'warning'> & { readonly reinforced: boolean }> {
  let status: RunStatus | undefined;
  let failure: string | undefined;
  let policy: ForegroundResult['policy'];
  let reinforced = false;
  trainer.onMessage((message) => {
    switch (message.kind) {
      case 'progress':
        status = message.status;
        return onProgress(status);
      case 'block':
        policy = { name: message.policy, manifestPath: message.manifestPath };
        reinforced = 'ownSteps' in message.metrics;
        return trainer.send({ kind: 'finish' });
      case 'failed':
        failure = inWords(message);
        return;
      case 'published':
      case 'finished':
        return;
      default:
        return message satisfies never;
    }
  });
  const end = await trainer.ended;
  if (failure !== undefined) throw new Error(failure);
  if (end.code !== 0) {
    const { message, remedy } = endWords('the trainer', end, SMALLER_RUN);
    throw new Error(`${message}. ${remedy}`);
  }
  return { policy, reinforced, steps: status?.step ?? 0, updatesPerSec: status?.updatesPerSec ?? 0 };
}
