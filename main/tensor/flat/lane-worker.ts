/** The thread of a lane: runs what it is told to, until it is told to end. */
import { parentPort, workerData } from 'node:worker_threads';
import { openSession } from '../backends/ort.ts';
import { arrayAt } from './arrays.ts';
import { flushesTinyNumbers, type LaneAnswer, type LaneAssignment, type LaneOrder } from './lane-thread.ts';
import { createMeeting } from './meeting.ts';
import { type LoadedLane, loadLane } from './run-lane.ts';

const { program, arrays, memory, meeting, lanes } = workerData as LaneAssignment; // by construction
const port = parentPort!;
const { meet, breakUp } = createMeeting(meeting, lanes);
process.on('exit', breakUp); // the first lane's thread sleeps while it waits, and would not hear of it otherwise
const loading = loadLane(program, memory, openSession, meet);

/** Does `work`, and says how it went. */
async function report(work: (lane: LoadedLane) => void | Promise<void>): Promise<void> {
  const said: LaneAnswer = await loading.then(work).then(
    () => ({ kind: 'done', flushesTinyNumbers: flushesTinyNumbers() }),
    (error: unknown) => ({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
  port.postMessage(said);
}

const arrayOf = (address: number, index: number) => {
  const { dtype, elements } = arrays[index]!;
  return address < 0 ? undefined : arrayAt(memory.buffer, address, dtype, elements);
};

port.on('message', async (order: LaneOrder) => {
  switch (order.kind) {
    case 'run':
      return await report((lane) => lane.run(order.addresses.map(arrayOf)));
    case 'end':
      await loading.then((lane) => lane.dispose()).catch(() => {}); // there is nobody left to tell
      return port.close();
    default:
      throw new Error(`unknown order ${JSON.stringify(order satisfies never)}`);
  }
});

await report(() => {});
