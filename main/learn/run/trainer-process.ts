/**
 * Entry of a trainer process: `node trainer-process.ts`. Reads its `TrainerConfig` as JSON from standard input and
 * communicates over IPC (`main/api/processes/trainer-messages.ts`). It assembles the run and passes messages to `trainer/trainer.ts`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { systemClock } from '../../api/clock.ts';
import type { FromTrainer, ToTrainer, TrainerConfig } from '../../api/processes/trainer-messages.ts';
import { assembleTrainer } from './assemble.ts';
import type { Trainer } from './trainer/trainer.ts';
import { failureWords } from './training-error.ts';

const STANDARD_INPUT = 0;

const send = (message: FromTrainer) =>
  new Promise<void>((resolve) => {
    if (!process.send || !process.connected) return resolve();
    process.send(message, undefined, undefined, () => resolve());
  });

function lowerPriority(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW);
  } catch {
    // Some systems do not permit it; the run then only gets more processor time than it should.
  }
}

/** Takes messages in order; resolves when the run is over. */
async function serve(
  config: TrainerConfig,
  trainer: Trainer,
  messages: ReturnType<typeof createQueue>,
): Promise<'finished' | 'cancelled'> {
  await trainer.restore();
  trainer.progress(config.pace === 'granted' ? 'waiting' : 'running');
  const pacing = config.pace === 'paced' ? trainer.pace().then(() => ({ kind: 'finish' }) as const) : undefined;
  for (;;) {
    const message = await (pacing ? Promise.race([pacing, messages.next()]) : messages.next());
    if (message.kind === 'grant') {
      await trainer.grant(message, message.updates);
      continue;
    }
    trainer.stop();
    await pacing;
    return message.kind === 'finish' ? 'finished' : 'cancelled';
  }
}

function createQueue() {
  const messages: ToTrainer[] = [];
  let arrival = Promise.withResolvers<void>();
  return {
    push: (message: ToTrainer) => {
      messages.push(message);
      arrival.resolve();
    },
    next: async (): Promise<ToTrainer> => {
      for (;;) {
        const message = messages.shift();
        if (message) return message;
        arrival = Promise.withResolvers();
        await arrival.promise;
      }
    },
  };
}

async function main(): Promise<void> {
  lowerPriority();
  // The launcher is this program at the same version, so it sends a `TrainerConfig`.
  const config = JSON.parse(readFileSync(STANDARD_INPUT, 'utf8')) as TrainerConfig;
  const messages = createQueue();
  let trainer: Trainer | undefined;
  let ending = false;
  const end = (message: ToTrainer) => {
    ending = true;
    trainer?.stop();
    messages.push(message);
  };
  process.on('message', (message: ToTrainer) => {
    // A cancellation must also end the block that is running.
    if (message.kind === 'cancel') end(message);
    else messages.push(message);
  });
  // When the launcher is gone, the run ends and keeps its work. Registered first, because assembling takes seconds.
  process.on('disconnect', () => end({ kind: 'cancel' }));
  if (process.connected === false) end({ kind: 'cancel' });
  const run = await assembleTrainer(config, systemClock, (message) => {
    send(message).catch(() => {}); // Never rejects; 'disconnect' reports a launcher that is gone.
  });
  ({ trainer } = run);
  if (ending) trainer.stop();
  try {
    run.runs.updateRun(config.runId, { state: 'running' });
    const ended = await serve(config, run.trainer, messages);
    if (ended === 'finished') run.trainer.publish();
    run.trainer.checkpoint();
    run.runs.updateRun(config.runId, { state: ended, step: run.trainer.updates() });
    run.trainer.progress(ended);
    await send({ kind: 'finished', step: run.trainer.updates(), checkpoint: run.checkpoint });
  } catch (error) {
    const { message, remedy } = failureWords(error);
    run.runs.updateRun(config.runId, { state: 'failed', message, remedy });
    throw error;
  } finally {
    await run.close();
  }
}

try {
  await main();
} catch (error) {
  writeFileSync(2, `${error instanceof Error ? error.stack : String(error)}\n`);
  await send({ kind: 'failed', ...failureWords(error) });
  process.exitCode = 1;
}
if (process.connected) process.disconnect();
