/**
 * The engine's side of the live cell's two threads: starts them, sends them commands, resets and picture requests, and
 * gives up one that does not answer. Commands and state cross by shared memory.
 */
import { performance } from 'node:perf_hooks';
import { every, systemClock } from '../../../main/api/clock.ts';
import type { TaskId } from '../../../main/api/task.ts';
import type { SetPoint } from '../../device.ts';
import { createCellThreads, type startCellThread } from './cell-threads.ts';
import { createRequests } from './requests.ts';
import { createServoMover, STALLED_CHECKS } from './servo-mover.ts';
import { createSharedState } from './shared-state.ts';
import type { FromRender, FromServo, ToRender, ToServo } from './worker-messages.ts';

interface LinkOptions {
  readonly noProgressMs: number;
  readonly startThread: typeof startCellThread;
  /** Returns the cell's simulated time, at which a servo that is started again goes on. */
  readonly nowMs: () => number;
  readonly raise: (message: string) => void;
}

export function createCellLink({ noProgressMs, startThread, nowMs, raise }: LinkOptions) {
  const shared = createSharedState();
  const noProgressSec = noProgressMs / 1000;
  const resets = createRequests<void>(noProgressMs, () =>
    threads.giveUp('servo-worker', `did not reset for ${noProgressSec} s`),
  );
  const pictures = createRequests<Extract<FromRender, { kind: 'picture' }>>(noProgressMs, () =>
    threads.giveUp('render-worker', `gave no picture for ${noProgressSec} s`),
  );
  let commandNumber = 0;

  const post = (message: ToServo) => {
    threads.servo().postMessage(message);
    shared.wake();
  };
  const hearServo = (message: FromServo) => {
    if (message.kind === 'fault') raise(message.message);
    else if (message.kind === 'arrived') mover.arrived(message.substeps);
    else if (message.kind === 'reset-done') resets.answer(message.id);
  };
  const threads = createCellThreads({
    startThread,
    data: (name) =>
      name === 'servo-worker' ? { shared: shared.buffer, clockOriginMs: performance.timeOrigin } : undefined,
    servo: hearServo,
    render: (message) => {
      if (message.kind === 'picture') pictures.answer(message.id, message);
    },
    started: (name) => {
      if (name === 'servo-worker') post({ kind: 'set-time', substeps: mover.substepsAt(nowMs()) });
    },
    failed: (name, error) => {
      if (name === 'servo-worker') {
        resets.rejectAll(error);
        mover.release();
      } else pictures.rejectAll(error);
      raise(error.message);
    },
  });
  const mover = createServoMover(shared, () => threads, noProgressMs);

  return {
    shared,
    mover,
    /** Starts the threads that do not run. */
    start: threads.start,
    servoRuns: threads.servoRuns,
    /** Watches the servo's progress from now on. Returns a function that ends it. */
    watchProgress: () =>
      every(systemClock, noProgressMs / STALLED_CHECKS, mover.check, (error) =>
        raise(`the servo thread's progress cannot be checked: ${String(error)}`),
      ),
    command: (command: SetPoint | 'hold') => shared.writeCommand(command, ++commandNumber, systemClock.nowMs()),
    picture: (request: Omit<ToRender, 'id'>) => pictures.ask((id) => threads.render().postMessage({ ...request, id })),
    /**
     * Resolves when the servo has arranged the task. When `signal` aborts before the servo has begun, the arm stays
     * where it is.
     */
    arrange: (task: TaskId, seed: number, signal: AbortSignal) =>
      resets.ask(
        (id) => {
          shared.offerReset(id);
          post({ kind: 'reset', id, task, seed });
        },
        signal,
        shared.callOffReset,
      ),
    close: async () => {
      await threads.close();
      const closed = new Error('the simulated cell was closed');
      resets.rejectAll(closed);
      pictures.rejectAll(closed);
      mover.release();
    },
  };
}
