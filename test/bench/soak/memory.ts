/** Memory, threads and descriptors of the engine and its children over the life of each process. */
import { type Clock, every } from '../../../main/api/clock.ts';
import { percentile } from '../../../main/engine/loop/tick-stats.ts';
import { descendantsOf, type ProcessSeen, processSeen, type Role, type Usage, usageOf } from './processes.ts';

const SAMPLE_MS = 2000;
/** Shortest life that shows a trend; a shorter one shows only the start-up. */
const LEAST_LIFE_MS = 60_000;

interface Life {
  readonly who: ProcessSeen;
  readonly first: Usage;
  last: Usage;
  readonly points: { readonly timeMs: number; readonly residentMb: number }[];
}

export interface MemoryWatch {
  /** Every process that has been seen under an engine so far. */
  seen(): readonly ProcessSeen[];
  report(): Readonly<Record<string, RoleMemory>>;
  end(): void;
}

export interface RoleMemory {
  readonly lives: number;
  /** Number of lives longer than a minute; the numbers below are about them. */
  readonly longLives: number;
  readonly longestSec: number;
  readonly slopeOfLongestMbPerHour: number;
  readonly slopeMedianMbPerHour: number;
  readonly slopeMaxMbPerHour: number;
  readonly residentAtEndMb: number;
  readonly threadsAtStart: number;
  readonly threadsAtEnd: number;
  readonly descriptorsAtStart: number;
  readonly descriptorsAtEnd: number;
}

export function watchMemory(clock: Clock, enginePid: () => number | undefined): MemoryWatch {
  const lives = new Map<string, Life>();
  const sample = () => {
    const pid = enginePid();
    const engine = pid === undefined ? undefined : processSeen(pid, 'engine');
    if (!engine) return;
    const timeMs = clock.nowMs();
    for (const who of [engine, ...descendantsOf(engine.pid)]) {
      const usage = usageOf(who);
      if (!usage || !Number.isFinite(usage.residentMb)) continue;
      const key = `${who.pid}/${who.startTicks}`;
      const life = lives.get(key) ?? { who, first: usage, last: usage, points: [] };
      lives.set(key, life);
      life.last = usage;
      life.points.push({ timeMs, residentMb: usage.residentMb });
    }
  };
  const end = every(clock, SAMPLE_MS, sample, () => {}); // A process may end while it is read.
  return {
    seen: () => [...lives.values()].map(({ who }) => who),
    report: () => {
      const byRole = new Map<Role, Life[]>();
      for (const life of lives.values()) byRole.set(life.who.role, [...(byRole.get(life.who.role) ?? []), life]);
      return Object.fromEntries([...byRole].map(([role, each]) => [role, memoryOf(each)]));
    },
    end,
  };
}

const lengthMs = ({ points }: Life) => (points.at(-1)?.timeMs ?? 0) - (points[0]?.timeMs ?? 0);

function memoryOf(all: readonly Life[]): RoleMemory {
  const long = all.filter((life) => lengthMs(life) > LEAST_LIFE_MS).toSorted((a, b) => lengthMs(b) - lengthMs(a));
  const longest = long[0];
  const slopes = long.map(({ points }) => slopePerHour(points)).toSorted((a, b) => a - b);
  return {
    lives: all.length,
    longLives: long.length,
    longestSec: longest ? lengthMs(longest) / 1000 : 0,
    slopeOfLongestMbPerHour: longest ? slopePerHour(longest.points) : 0,
    slopeMedianMbPerHour: percentile(slopes, 0.5),
    slopeMaxMbPerHour: slopes.at(-1) ?? 0,
    residentAtEndMb: longest?.last.residentMb ?? 0,
    threadsAtStart: longest?.first.threads ?? 0,
    threadsAtEnd: longest?.last.threads ?? 0,
    descriptorsAtStart: longest?.first.descriptors ?? 0,
    descriptorsAtEnd: longest?.last.descriptors ?? 0,
  };
}

/** Returns the slope of the least-squares line. */
export function slopePerHour(points: readonly { readonly timeMs: number; readonly residentMb: number }[]): number {
  const count = Math.max(1, points.length);
  const meanMs = points.reduce((sum, { timeMs }) => sum + timeMs, 0) / count;
  const meanMb = points.reduce((sum, { residentMb }) => sum + residentMb, 0) / count;
  let covariance = 0;
  let variance = 0;
  for (const { timeMs, residentMb } of points) {
    covariance += (timeMs - meanMs) * (residentMb - meanMb);
    variance += (timeMs - meanMs) ** 2;
  }
  return variance > 0 ? (covariance / variance) * 3_600_000 : 0;
}
