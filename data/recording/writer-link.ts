/** The link to the writer's thread: its queue of steps, questions and their answers, problems, and how it ends. */
import { Worker } from 'node:worker_threads';
import type { Problem, Undone } from '../records.ts';
import { StoreError } from '../store-error.ts';
import { threadUrl } from '../threads.ts';
import type { Command, Report } from './commands.ts';
import type { WriterThreadSettings } from './writer-thread.ts';

type Ready = Extract<Report, { kind: 'ready' }>;
type Listener = (problem: Problem) => void;

/** Rejects with a `StoreError` when the project cannot be recorded into. */
export async function startWriterThread(workerData: WriterThreadSettings) {
  const worker = new Worker(threadUrl(import.meta.url, 'writer-thread'), { workerData });
  const ready = await new Promise<Ready>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (report: Report) => {
      worker.off('error', reject);
      if (report.kind === 'ready') resolve(report);
      else if (report.kind === 'refused') reject(new StoreError(report.errorKind, report.message, report.remedy));
      else reject(new StoreError('io', `The writer thread began with '${report.kind}'.`, 'Report this as a bug.'));
    });
  });
  return { worker, ready };
}

/** Problems found at opening go to every listener. Those reported while there is no listener go to the first one. */
function createProblems(found: readonly Problem[]) {
  const listeners = new Set<Listener>();
  const unheard: Problem[] = [];
  return {
    tell(problem: Problem): void {
      if (listeners.size === 0) unheard.push(problem);
      for (const listener of listeners) listener(problem);
    },
    onProblem(listener: Listener) {
      listeners.add(listener);
      for (const problem of [...found, ...unheard.splice(0)]) listener(problem);
      return () => listeners.delete(listener);
    },
  };
}

export function createWriterLink(worker: Worker, ready: Ready, capacitySteps: number) {
  const { tell, onProblem } = createProblems(ready.problems);
  const closed = Promise.withResolvers<void>();
  const requests = new Map<number, (undone: Undone | undefined) => void>();
  const waitingForRoom: (() => void)[] = [];
  let state = ready.state;
  let queuedSteps = 0;
  let nextRequest = 1;
  let ended = false;

  const makeRoom = () => {
    if (queuedSteps <= capacitySteps / 2) for (const resolve of waitingForRoom.splice(0)) resolve();
  };
  const stop = (why: string) => {
    if (ended) return;
    ended = true;
    const lost = queuedSteps > 0 ? `; ${queuedSteps} queued steps were not confirmed` : '';
    const remedy = 'Restart the engine; everything confirmed is kept.';
    tell({ message: `The store's writer stopped: ${why}${lost}.`, remedy, fatal: true });
    queuedSteps = 0;
    for (const resolve of requests.values()) resolve(undefined);
    requests.clear();
    makeRoom();
    closed.resolve();
  };
  worker.on('error', (error) => stop(error.message));
  worker.on('exit', (code) => stop(`its thread ended with code ${code}`));
  worker.on('message', (report: Report) => {
    if (report.kind === 'done') {
      queuedSteps -= report.steps;
      state = report.state;
      for (const problem of report.problems) tell(problem);
      for (const { request, undone } of report.answers) {
        requests.get(request)?.(undone);
        requests.delete(request);
      }
      makeRoom();
    } else if (report.kind === 'closed') {
      for (const problem of report.problems) tell(problem);
      ended = true;
      closed.resolve();
    }
  });

  const send = (command: Command, moved: readonly ArrayBuffer[] = []): void => {
    if (ended) {
      const remedy = 'Restart the engine.';
      tell({ message: `Not stored: ${command.kind}: the store is closed.`, remedy, fatal: true });
      return;
    }
    if (command.kind === 'step') queuedSteps++;
    worker.postMessage(command, moved);
  };

  return {
    tell,
    onProblem,
    send,
    state: () => state,
    queuedSteps: () => queuedSteps,
    ended: () => ended,
    ask: (kind: 'drain' | 'undo') =>
      new Promise<Undone | undefined>((resolve) => {
        if (ended) return resolve(undefined);
        const request = nextRequest++;
        requests.set(request, resolve);
        send({ kind, request });
      }),
    room: () =>
      new Promise<void>((resolve) => {
        waitingForRoom.push(resolve);
        makeRoom();
      }),
    async close() {
      if (!ended) send({ kind: 'close' });
      await closed.promise;
      await worker.terminate();
    },
  };
}
