/** The thread of one worker: loads its schedule, and runs it when it is told to, until it is told to end. */
import { parentPort, workerData } from 'node:worker_threads';
import { openSession } from '../backends/ort-session.ts';
import { type Executable, loadExecutable } from '../flat/executable.ts';
import { arrayAt } from '../flat/memory.ts';
import { createBarrier } from './barrier.ts';
import { flushesTinyNumbers, type WorkerAnswer, type WorkerAssignment, type WorkerOrder } from './worker-thread.ts';

const assignment = workerData as WorkerAssignment; // `worker-thread.ts` sends nothing else.
const { schedule, arrays, memory, workers } = assignment;
const port = parentPort!;
const barrier = createBarrier(assignment.barrier, workers);
// The calling thread may sleep at the barrier, where it would not hear of the end of this thread.
process.on('exit', barrier.break);
const loading = loadExecutable(schedule, memory, openSession, barrier.wait);

/** Does `work` and reports how it went. */
async function report(work: (executable: Executable) => void | Promise<void>): Promise<void> {
  const answer: WorkerAnswer = await loading.then(work).then(
    () => ({ kind: 'done', flushesTinyNumbers: flushesTinyNumbers() }),
    (error: unknown) => ({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
  port.postMessage(answer);
}

const arrayOf = (address: number, index: number) =>
  address < 0 ? undefined : arrayAt(memory.buffer, address, arrays[index]!);

port.on('message', async (order: WorkerOrder) => {
  switch (order.kind) {
    case 'run':
      return await report((executable) => executable.run(order.addresses.map(arrayOf)));
    case 'end':
      await loading.then((executable) => executable.dispose()).catch(() => {}); // No caller is left to hear of an error.
      return port.close();
    default:
      throw new Error(`unknown order ${JSON.stringify(order satisfies never)}`);
  }
});

await report(() => {});
