/**
 * Times of a training step of ours beside the same step in PyTorch eager. Wall-clock time is what a person waits for; processor
 * time says the same on a machine that others use at the time.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { systemClock } from '../../main/api/clock.ts';

export interface Times {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Median processor time of all threads. */
  readonly cpuP50Ms: number;
}

const PYTHONS = [process.env['TAKEOVER_PYTHON'], 'python3', 'python'];
/** A run makes thousands of updates; the first ones fill caches and wait for memory. As many in `torch_bench.py`. */
const WARM_UP = 30;

export function summary(times: readonly number[], cpuTimes: readonly number[]): Times {
  const at = (values: readonly number[], share: number) => {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  };
  return { p50Ms: at(times, 0.5), p99Ms: at(times, 0.99), cpuP50Ms: at(cpuTimes, 0.5) };
}

export async function timeUpdates(
  update: () => Promise<unknown>,
  repeats: number,
  warmUp = Math.min(WARM_UP, repeats),
): Promise<Times> {
  const [times, cpuTimes]: [number[], number[]] = [[], []];
  for (let index = 0; index < repeats + warmUp; index++) {
    const [startedMs, cpu] = [systemClock.nowMs(), process.cpuUsage()];
    await update();
    if (index < warmUp) continue;
    times.push(systemClock.nowMs() - startedMs);
    const { user, system } = process.cpuUsage(cpu);
    cpuTimes.push((user + system) / 1000);
  }
  return summary(times, cpuTimes);
}

/** Runs `script` of this folder as `python script THREADS REPEATS`; undefined where no Python with PyTorch is found. */
function timeTorch(
  script: string,
  threads: number,
  repeats: number,
): (Times & { readonly version: string }) | undefined {
  for (const python of PYTHONS) {
    if (!python) continue;
    const args = [join(import.meta.dirname, script), String(threads), String(repeats)];
    const { status, stdout, stderr } = spawnSync(python, args, { encoding: 'utf8' });
    if (status === 0) return JSON.parse(stdout);
    if (stderr && !/No module named 'torch'/.test(stderr)) throw new Error(`${script}: ${stderr.slice(-500)}`);
  }
  return undefined;
}

/** Ours with one thread and with two, each followed at once by PyTorch with as many: what disturbs one disturbs the other. */
export async function besideTorch(ours: (threads: number) => Promise<Times>, script: string, repeats: number) {
  const oneThread = await ours(1);
  const torchOne = timeTorch(script, 1, repeats);
  const twoThreads = await ours(2);
  const torchTwo = timeTorch(script, 2, repeats);
  return {
    ...twoThreads,
    oneThread,
    torch: { oneThread: torchOne, twoThreads: torchTwo },
    /** How many times faster than PyTorch; undefined where there is none. */
    ratioToTorch: torchOne &&
      torchTwo && {
        oneThread: torchOne.p50Ms / oneThread.p50Ms,
        twoThreads: torchTwo.p50Ms / twoThreads.p50Ms,
        oneThreadProcessorTime: torchOne.cpuP50Ms / oneThread.cpuP50Ms,
      },
  };
}
