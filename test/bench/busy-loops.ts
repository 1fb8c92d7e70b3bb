/** Endless loops in processes of their own, which keep the processor busy during a measurement. */
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
