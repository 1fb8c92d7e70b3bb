/** Other programs that use the processor: endless loops in processes of their own, ended with the measurement. */
import { type ChildProcess, spawn } from 'node:child_process';

/** Runs `work` while `count` loops keep the cores busy. */
export async function besideBusyLoops<T>(count: number, work: () => Promise<T>): Promise<T> {
  const loops: ChildProcess[] = [];
  const end = () => {
    for (const loop of loops) loop.kill('SIGKILL');
  };
  process.once('exit', end);
  try {
    for (let index = 0; index < count; index++)
      loops.push(spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
    return await work();
  } finally {
    end();
    process.off('exit', end);
  }
}
