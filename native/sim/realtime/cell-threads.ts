/** Starts and watches the live cell's servo and render threads, and starts one again after it has failed. */
import { Worker } from 'node:worker_threads';
import { type FromRender, type FromServo, type ServoStart, workerUrl } from './worker-messages.ts';

export type CellThreads = ReturnType<typeof createCellThreads>;

const THREADS = ['servo-worker', 'render-worker'] as const;
type ThreadName = (typeof THREADS)[number];

export const startCellThread = (name: ThreadName, workerData: ServoStart | undefined): Worker =>
  new Worker(workerUrl(name), { workerData });

export function createCellThreads(tell: {
  readonly startThread: typeof startCellThread;
  readonly data: (name: ThreadName) => ServoStart | undefined;
  readonly servo: (message: FromServo) => void;
  readonly render: (message: FromRender) => void;
  readonly started: (name: ThreadName) => void;
  readonly failed: (name: ThreadName, error: Error) => void;
}) {
  const running = new Map<ThreadName, Worker>();
  /** Threads that are started but not ready yet. A cell may be closed while it opens. */
  const starting = new Set<Worker>();
  let closing = false;

  const failed = (name: ThreadName, worker: Worker, error: Error) => {
    if (closing || running.get(name) !== worker) return;
    running.delete(name);
    tell.failed(name, error);
  };
  const start = (name: ThreadName) =>
    new Promise<void>((resolve, reject) => {
      const worker = tell.startThread(name, tell.data(name));
      starting.add(worker);
      worker.once('message', () => {
        // The first message is `ready`. A thread that is no longer listed was closed meanwhile.
        if (!starting.delete(worker)) return;
        running.set(name, worker);
        worker.on('message', (message) => (name === 'servo-worker' ? tell.servo(message) : tell.render(message)));
        tell.started(name);
        resolve();
      });
      worker.once('error', (error) => {
        reject(error);
        failed(name, worker, new Error(`the ${name} thread failed: ${error.message}`));
      });
      worker.once('exit', (code) => {
        starting.delete(worker);
        const error = new Error(`the ${name} thread ended with code ${code}`);
        reject(error);
        failed(name, worker, error);
      });
    });
  /** The start that is under way. A reset that comes while the cell opens waits for the same threads. */
  let starts: Promise<unknown> | undefined;
  const startMissing = () => Promise.all(THREADS.filter((name) => !running.has(name)).map(start));
  const opened = (name: ThreadName): Worker => {
    const worker = running.get(name);
    if (!worker) throw new Error(`the simulated cell is not open: its ${name} thread does not run`);
    return worker;
  };
  return {
    /** Starts the threads that do not run; calls that overlap share one start. Rejects when one cannot be started. */
    start: (): Promise<unknown> => {
      closing = false;
      starts ??= startMissing().finally(() => {
        starts = undefined;
      });
      return starts;
    },
    servo: () => opened('servo-worker'),
    render: () => opened('render-worker'),
    servoRuns: () => running.has('servo-worker'),
    /** Ends a thread that does not answer, and reports it. */
    giveUp: (name: ThreadName, reason: string): void => {
      const worker = running.get(name);
      if (!worker) return;
      failed(name, worker, new Error(`the ${name} thread ${reason}`));
      // The thread is already reported as failed, and nothing waits for its end.
      worker.terminate().catch(() => {});
    },
    close: async (): Promise<void> => {
      closing = true;
      const workers = [...running.values(), ...starting];
      running.clear();
      starting.clear();
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
