/**
 * Reports how busy the machine was during a measurement. On a virtual machine the host may take processor time away
 * ("steal"). Threads then wake late whatever the program does, so times are reported together with the stolen share.
 */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';

export interface MachineReport {
  readonly cores: number;
  /** Load average over the minute before the measurement. */
  readonly loadBefore: number;
  /** Share of the processor time of all cores; `undefined` when the system does not report it. */
  readonly stolenShare: number | undefined;
  readonly busyShare: number | undefined;
}

interface Ticks {
  readonly busy: number;
  readonly stolen: number;
  readonly all: number;
}

/** Columns of the first line: user nice system idle iowait irq softirq steal. */
function ticks(): Ticks | undefined {
  if (!existsSync('/proc/stat')) return undefined;
  const line = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '';
  const numbers = line.split(/\s+/).slice(1, 9).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, stolen = 0] = numbers;
  return { busy: user + nice + system + irq + softirq, stolen, all: numbers.reduce((sum, value) => sum + value, 0) };
}

export async function observingMachine<T>(
  body: () => Promise<T>,
): Promise<{ readonly result: T; readonly machine: MachineReport }> {
  const loadBefore = loadavg()[0] ?? 0;
  const before = ticks();
  const result = await body();
  const after = ticks();
  const share = (of: 'busy' | 'stolen') =>
    before && after ? (after[of] - before[of]) / Math.max(1, after.all - before.all) : undefined;
  return {
    result,
    machine: {
      cores: availableParallelism(),
      loadBefore,
      stolenShare: share('stolen'),
      busyShare: share('busy'),
    },
  };
}
