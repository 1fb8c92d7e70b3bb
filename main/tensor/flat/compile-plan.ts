/** Makes an executable of a plan, with the memory that it needs. Several threads run it when `parallel` is given. */
import type { Compiled } from '../backend.ts';
import { sizeOf } from '../ir.ts';
import { type Executable, loadExecutable, type OpenSession } from './executable.ts';
import { type Arena, createArena } from './memory.ts';
import type { Plan } from './plan.ts';
import { runExecutable } from './run-executable.ts';
import { type Division, type Schedule, type ScheduleOptions, scheduleOf } from './schedule.ts';

/** Runs a step on several threads; `parallel/` implements it. */
export interface Parallel extends Division {
  /** Loads every worker, the first on the calling thread. Returns undefined when other threads would compute other results. */
  load(schedule: Schedule, arena: Arena, open: OpenSession): Promise<Executable | undefined>;
}

export interface CompilePlanOptions extends ScheduleOptions {
  /** Absent when the calling thread is the only worker. */
  readonly parallel?: Parallel | undefined;
}

/** Returns undefined when the vectors of the step need more memory than kernels can have. */
export async function compilePlan(
  plan: Plan,
  open: OpenSession,
  options: CompilePlanOptions,
): Promise<Compiled | undefined> {
  const { parallel } = options;
  const schedule = scheduleOf(plan, options, parallel);
  const arena = arenaFor(schedule, parallel !== undefined);
  const own = schedule.arrays.map(({ elements, dtype, isShared }) =>
    isShared ? arena?.allocate(elements, dtype) : undefined,
  );
  const executable =
    arena &&
    (await (parallel?.load(schedule, arena, open) ?? loadExecutable(schedule.workers[0]!, arena.memory, open)));
  if (!executable) return parallel && (await compilePlan(plan, open, { ...options, parallel: undefined }));
  // The rest of the schedule is loaded: its graphs need not be kept.
  const { slots, inputs, outputs } = schedule;
  const loaded = { slots, inputs, outputs, arena, own, executable };
  let last: Promise<unknown> = Promise.resolve();
  let isDisposed = false;
  return {
    // All runs use the same memory, so they follow one another.
    run: async (given, into = {}) => {
      if (isDisposed) throw new Error(`${options.name} has been disposed of: nothing runs afterwards`);
      const result = last.then(() => runExecutable(loaded, given, into));
      last = result.catch(() => undefined);
      return await result;
    },
    allocate: (elements) => arena.allocate(elements) ?? new Float32Array(elements),
    dispose: async () => {
      isDisposed = true;
      await last;
      await executable.dispose();
    },
  };
}

/** Makes a memory for the shared arrays, and for the vectors that a caller may allocate to pass in and out of every run. */
function arenaFor({ arrays, inputs, outputs }: Schedule, isShared: boolean): Arena | undefined {
  const exchanged = [...Object.values(inputs), ...Object.values(outputs).map(({ slice }) => slice)];
  const vectors = exchanged.filter(({ dtype, shape }) => dtype === 'float32' && shape.length === 1);
  return createArena(
    [
      ...arrays.filter((array) => array.isShared),
      ...vectors.map(({ shape, dtype }) => ({ elements: sizeOf(shape), dtype })),
    ],
    isShared,
  );
}
