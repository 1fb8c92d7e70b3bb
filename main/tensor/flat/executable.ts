/** A loaded schedule: opens the sessions and kernels of one worker, and runs them stage by stage. */
import { mapValues, type TensorData, type TensorValue } from '../backend.ts';
import { sizeOf } from '../ir.ts';
import { instantiateKernel, type Kernel } from './kernel.ts';
import type { ArraySlice, KernelCall, Model, StageCalls, WorkerSchedule } from './schedule.ts';
import { LANE_BYTES } from './wasm.ts';

/** A graph in a runtime. It writes results to the arrays given in `into`, and makes new arrays for the others. */
export interface Session {
  run(
    inputs: Readonly<Record<string, TensorValue>>,
    into: Readonly<Record<string, TensorValue | undefined>>,
  ): Promise<Record<string, TensorValue>>;
  dispose(): Promise<void>;
}

export type OpenSession = (model: Model) => Promise<Session>;

export interface Executable {
  /** Runs once on the numbered arrays of the schedule; adds the arrays that are missing. */
  run(arrays: (TensorData | undefined)[]): Promise<void>;
  dispose(): Promise<void>;
}

/** `awaitOthers` returns when every worker has called it. */
export async function loadExecutable(
  { models, modules, stages }: WorkerSchedule,
  memory: WebAssembly.Memory,
  open: OpenSession,
  awaitOthers: () => void = () => {},
): Promise<Executable> {
  const kernels = modules.map((module) => instantiateKernel(module, memory));
  const sessions: Session[] = [];
  const dispose = async () => {
    await Promise.all(sessions.map((session) => session.dispose()));
  };
  try {
    for (const model of models) sessions.push(await open(model));
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    run: async (arrays) => {
      // A worker that fails still comes to every barrier, because the others would wait for it.
      let failure: { readonly error: unknown } | undefined;
      const attempt = async (work: () => void | Promise<void>) => {
        if (failure) return;
        try {
          await work();
        } catch (error) {
          failure = { error };
        }
      };
      for (const stage of stages) {
        await attempt(() => runSegment(stage, sessions, arrays));
        awaitOthers();
        await attempt(() => runKernels(stage.kernels, kernels, arrays));
        awaitOthers();
      }
      if (failure) throw failure.error;
    },
    dispose,
  };
}

async function runSegment(
  { segment }: StageCalls,
  sessions: readonly Session[],
  arrays: (TensorData | undefined)[],
): Promise<void> {
  if (!segment) return;
  const tensor = ({ array, offset, shape, dtype }: ArraySlice): TensorValue | undefined => {
    const data = arrays[array]?.subarray(offset, offset + sizeOf(shape));
    return data && { shape, dtype, data };
  };
  const sources = mapValues(segment.sources, (slice) => tensor(slice)!);
  const results = await sessions[segment.model]!.run(sources, mapValues(segment.destinations, tensor));
  for (const [name, { array }] of Object.entries(segment.destinations)) arrays[array] ??= results[name]!.data;
}

function runKernels(
  calls: readonly KernelCall[],
  kernels: readonly Kernel[],
  arrays: readonly (TensorData | undefined)[],
): void {
  const address = ({ array, offset }: ArraySlice) => arrays[array]!.byteOffset + offset * LANE_BYTES;
  for (const { module, slices, bytes } of calls) kernels[module]!(...slices.map(address), bytes);
}
