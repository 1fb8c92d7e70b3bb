/**
 * A trainer to be killed: `node resume-child.ts '<ResumeRequest as JSON>'`. It runs by a clock that is many times too
 * fast, so that it checkpoints and publishes every few updates; tells its step over IPC, makes what it is granted (or
 * follows the store), ends.
 */
import type { Clock } from '../../main/api/clock.ts';
import { systemClock } from '../../main/api/clock.ts';
import type { GrantLimit, TrainerConfig } from '../../main/api/processes/trainer-messages.ts';
import { assembleTrainer } from '../../main/learn/run/assemble.ts';
import { readBlocks, runFolder } from '../../main/learn/run/run-folder.ts';

export interface Grant extends GrantLimit {
  readonly updates?: number;
}

export interface ResumeRequest {
  readonly config: TrainerConfig;
  /** In a run that is granted its work. */
  readonly grants: readonly Grant[];
}

const TIMES_FASTER = 1000;

export const fastClock: Clock = {
  nowMs: () => systemClock.nowMs() * TIMES_FASTER,
  wallTimeMs: () => systemClock.wallTimeMs(),
  sleepUntilMs: (timeMs) => systemClock.sleepUntilMs(timeMs / TIMES_FASTER),
  at: (timeMs, callback) => systemClock.at(timeMs / TIMES_FASTER, callback),
};

/** The whole of a run, from wherever it was left. */
export async function finishRun({ config, grants }: ResumeRequest, onStep: (step: number) => void): Promise<void> {
  const run = await assembleTrainer(config, fastClock, (message) => {
    if (message.kind === 'progress') onStep(message.status.step);
  });
  // A launcher asks again for the block whose end it may not have heard of, and for none before.
  const asked = Math.max(0, readBlocks(runFolder(config.projectFolder, config.runId).blocks).length - 1);
  await run.trainer.restore();
  if (config.pace === 'paced') await run.trainer.pace();
  else for (const grant of grants.slice(asked)) await run.trainer.grant(grant, grant.updates);
  run.trainer.publish();
  run.trainer.checkpoint();
  await run.close();
}

if (process.argv[1] === import.meta.filename) {
  const request = JSON.parse(process.argv[2] ?? 'null') as ResumeRequest; // The test sends it.
  await finishRun(request, (step) => process.send?.(step));
  process.disconnect?.();
}
